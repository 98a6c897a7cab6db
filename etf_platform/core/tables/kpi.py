"""Tables of the layer `kpi`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, count, fraction, text

KPI = Table(
    "kpi",
    "snapshot",
    "key figures as they stood on the day, with thresholds",
    (
        DATE,
        text("kpi", "name of the figure"),
        Column("value", "float64", "see unit", "value", True),
        text("unit", "unit of the value"),
        Column("threshold", "float64", "see unit", "limit it is judged against; null when only observed", True),
        text("direction", "min, max or none: which side of the threshold is good"),
        text("status", "PASS, WARN, FAIL or BLOCKED"),
        text("reason", "why it is not PASS; empty otherwise"),
        SOURCE,
    ),
    key=("date", "kpi"),
)

POOL_SUMMARY = Table(
    "kpi",
    "summary",
    "metrics of every pool and of the combined portfolio",
    (
        text("pool", "pool or PORTFOLIO"),
        text("exec_mode", "fill convention; `weighted` for the portfolio"),
        fraction("annual_return", "年化收益", True),
        fraction("max_drawdown", "最大回撤, <= 0", True),
        Column("sharpe", "float64", "ratio", "夏普比率, annual", True),
        fraction("monthly_win_rate", "月胜率", True),
        Column("annual_turnover", "float64", "1 per year", "年化换手, one way", True),
        fraction("total_return", "总收益", True),
        Column("years", "float64", "years", "回测年数", True),
        text("status", "PASS, WARN, FAIL or BLOCKED"),
        fraction("cost_drag", "cost / mean value / years", True),
        count("n_sessions", "sessions"),
        text("method", "how the row was made"),
        SOURCE,
    ),
    key=("pool",),
    range_column=None,
)
