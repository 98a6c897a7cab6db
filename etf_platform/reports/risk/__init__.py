"""The weekly exception report: one Markdown text and one self-contained HTML file, made from stored tables.

`contents` says what goes in, `sections` turns tables into titled grids, `render` fills the templates.
"""

from etf_platform.reports.risk.contents import WeeklyRisk
from etf_platform.reports.risk.render import render_weekly

__all__ = ["WeeklyRisk", "render_weekly"]
