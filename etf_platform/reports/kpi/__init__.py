"""The KPI board: every metric of every strategy on one page, and as Markdown.

From rows of `kpi/<strategy>/values`, the registry as a table, and what is in force. Not here: values, states, reading.
"""

from etf_platform.reports.kpi.contents import Board, Standing
from etf_platform.reports.kpi.render import render_board

__all__ = ["Board", "Standing", "render_board"]
