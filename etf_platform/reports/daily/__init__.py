"""The daily report for people: one Markdown text and one self-contained HTML file, made from stored tables.

`contents` says what goes in, `judgement` finds the overall state, `sections` turns tables into titled grids, `render`
fills the templates.
"""

from etf_platform.reports.daily.contents import DailyReport
from etf_platform.reports.daily.judgement import Finding, overall
from etf_platform.reports.daily.render import render_daily

__all__ = ["DailyReport", "Finding", "overall", "render_daily"]
