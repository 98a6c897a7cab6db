"""The attribution report for people: one Markdown text and one self-contained HTML file, made from stored tables.

`contents` says what goes in and what is missing, `sections` turns tables into titled grids, `render`
fills the templates.
"""

from etf_platform.reports.attribution.contents import AttributionReport, Missing
from etf_platform.reports.attribution.render import render_attribution

__all__ = ["AttributionReport", "Missing", "render_attribution"]
