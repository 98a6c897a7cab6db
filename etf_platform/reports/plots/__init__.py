"""Static plots: a DataFrame in, the bytes of one PNG out.

Here: what a portfolio manager looks at, small enough (below 60 kB) to stand inline in Dagster's Markdown metadata and
in one HTML file. Not here: reading tables and interactive charts. matplotlib is imported when a plot is drawn, never
before (`docs/adr/0003-static-plots.md`). Labels are English and symbols: no Chinese font can be assumed.
"""

from etf_platform.reports.plots.account import equity_and_drawdown, monthly_heat_map, weights_over_time
from etf_platform.reports.plots.canvas import as_data_uri, as_markdown
from etf_platform.reports.plots.factors import coverage_by_factor, factor_correlation, ic_by_horizon
from etf_platform.reports.plots.grids import fuse_board, sweep_heat_map
from etf_platform.reports.plots.risk import exceptions_plot, lights_board

__all__ = [
    "as_data_uri",
    "as_markdown",
    "coverage_by_factor",
    "equity_and_drawdown",
    "exceptions_plot",
    "factor_correlation",
    "fuse_board",
    "ic_by_horizon",
    "lights_board",
    "monthly_heat_map",
    "sweep_heat_map",
    "weights_over_time",
]
