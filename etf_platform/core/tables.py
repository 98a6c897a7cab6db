"""The tables through which layers talk. One declaration each; everything else is derived from it."""

from etf_platform.core.schema import Column, Table

_DATE = Column(
    "date", "date", "session", "trading session the row belongs to; it knows the close of this day and nothing later"
)
_SYMBOL = Column("symbol", "string", "code", "instrument with exchange suffix, e.g. 510300.SH")
_SOURCE = Column("source", "string", "name", "where the data came from; simulated data carry the word `simulated`")


def _price(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, "float64", "CNY per share (USD for US)", meaning, nullable)


def _money(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, "float64", "CNY", meaning, nullable)


def _fraction(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, "float64", "fraction", meaning, nullable)


def _count(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, "int64", "count", meaning, nullable)


def _text(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, "string", "text", meaning, nullable)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, "bool", "flag", meaning)


BARS = Table(
    "market",
    "bars",
    "daily bars, prices as traded",
    (
        _DATE,
        _SYMBOL,
        _price("open", "first trade"),
        _price("high", "highest trade"),
        _price("low", "lowest trade"),
        _price("close", "last trade"),
        _price(
            "prev_close",
            "the exchange's reference price of the day: previous close, ex-rights where applicable; null on the first row",
            True,
        ),
        Column("volume", "float64", "shares", "shares traded"),
        _money("amount", "turnover"),
        Column(
            "adj_factor",
            "float64",
            "factor",
            "cumulative adjustment: price * adj_factor is the total-return price up to a constant",
        ),
        _flag("amount_estimated", "amount was missing at the source and is close * volume"),
        _SOURCE,
        Column(
            "fetched_at",
            "timestamp",
            "UTC",
            "time stamp of the source data (file time, or the end of the simulated session)",
        ),
        _count("revision", "0 for the first version of a row, +1 for every restatement by the provider"),
    ),
    key=("date", "symbol"),
)

QUARANTINE = Table(
    "market",
    "quarantine",
    "rows that failed validation, kept with the reason, never used",
    (
        _DATE,
        _SYMBOL,
        _count("position", "running number among the rows of this date and symbol"),
        _text("rule", "name of the rule that refused the row"),
        _text("reason", "what was seen and what was expected"),
        _text("row", "the refused row as JSON"),
        _SOURCE,
    ),
    key=("date", "symbol", "position"),
)

ADJUSTMENT_EVENTS = Table(
    "market",
    "adjustment_events",
    "corporate actions detected in unadjusted series, for review; never applied silently",
    (
        _DATE,
        _SYMBOL,
        Column("price_ratio", "float64", "ratio", "open of the day / close of the session before"),
        Column(
            "volume_ratio",
            "float64",
            "ratio",
            "median volume after / median volume before, about 1 / price_ratio for a split",
            True,
        ),
        Column(
            "suggested_factor",
            "float64",
            "factor",
            "multiplier of adj_factor from this date on that would undo the jump",
        ),
        _text("kind", "split, reverse_split or unexplained"),
        _text("status", "review, accepted or rejected"),
        _SOURCE,
    ),
    key=("date", "symbol"),
)

MEMBERS = Table(
    "market",
    "members",
    "what is known of every member of the pool: data range, rows, reasons for absence",
    (
        _SYMBOL,
        _text("name", "name of the fund"),
        _text("status", "ok, quarantined or no_data"),
        _text("reason", "why it is not ok; empty otherwise"),
        Column("first_date", "date", "session", "first stored bar", True),
        Column("last_date", "date", "session", "last stored bar", True),
        _count("rows", "stored bars"),
        _count("quarantined_rows", "refused rows"),
        _fraction("missing_rate", "sessions without a bar since the first bar, as a share", True),
        _money("mean_amount_20", "mean turnover of the last 20 bars", True),
        _SOURCE,
    ),
    key=("symbol",),
    range_column=None,
)

PANEL = Table(
    "factors",
    "panel",
    "one column per distinct factor computation; null until its window is full",
    (
        _DATE,
        _SYMBOL,
        _SOURCE,
    ),
    key=("date", "symbol"),
    open_columns=Column(
        "factor", "float32", "see `etf-platform factors list`", "value of the factor of this name", True
    ),
)

PANEL_META = Table(
    "factors",
    "meta",
    "description of the panel (panel_meta.json): engine, price field, parameters, factors, hashes, failed factors",
    (
        _text("entry", "key of panel_meta.json"),
        _text("value", "its value as JSON"),
        _SOURCE,
    ),
    key=("entry",),
    range_column=None,
)

FACTOR_SUMMARY = Table(
    "factors",
    "summary",
    "coverage and diagnostics of every published factor id",
    (
        _text("factor_id", "published id, one of 314"),
        _text("column", "panel column that holds the computation"),
        _fraction("coverage", "non-null share of all rows"),
        _flag("zero_variance", "the column is constant"),
        Column("min_history", "int64", "bars", "mask of the original's export"),
        Column("warmup_bars", "int64", "bars", "bars before the first value of our column"),
        _text("required_fields", "bar columns used, separated by |"),
        _text("reason", "why coverage is low or the factor failed; empty otherwise"),
        _text("identical_group_id", "group_N of columns with |Pearson| > 0.999; empty when alone"),
        _flag("is_production", "in the configured production set"),
        _SOURCE,
    ),
    key=("factor_id",),
    range_column=None,
)

FACTOR_QUALITY = Table(
    "factors",
    "quality",
    "predictive quality of the scored columns",
    (
        _text("column", "panel column"),
        Column("horizon", "int64", "sessions", "forward return horizon, from the next open"),
        Column("mean_rank_ic", "float64", "correlation", "mean of daily rank IC", True),
        Column("icir", "float64", "ratio", "mean / standard deviation of daily rank IC, not annualised", True),
        Column("t_stat", "float64", "ratio", "Newey-West t statistic of the mean, lags = horizon - 1", True),
        _fraction("hit_rate", "share of days with positive IC", True),
        _fraction("quantile_spread", "mean forward return of the top minus the bottom tercile", True),
        _count("n_days", "days with an IC"),
        _SOURCE,
    ),
    key=("column", "horizon"),
    range_column=None,
)

FACTOR_CORRELATION = Table(
    "factors",
    "correlation",
    "Pearson correlation of the production columns over all rows of the pool",
    (
        _text("column_a", "panel column"),
        _text("column_b", "panel column"),
        Column("correlation", "float64", "correlation", "Pearson over all rows of the pool", True),
        _SOURCE,
    ),
    key=("column_a", "column_b"),
    range_column=None,
)

TARGETS = Table(
    "strategies",
    "targets",
    "rotation scores, eligibility and the weights that a decision on this day would take",
    (
        _DATE,
        _SYMBOL,
        Column("score", "float64", "score", "signed family rank in [-0.5, 0.5]; null when not eligible", True),
        Column("rank", "int64", "count", "1 is best among the eligible; 0 when not eligible"),
        _flag("is_eligible", "may be bought on a decision of this day"),
        _text("reason", "why it is not eligible; empty otherwise"),
        _fraction("target_weight", "weight of the pool that a decision on this day gives the fund"),
        _flag("is_decision", "the day is a decision date: last session of a complete period"),
        _flag("selection_void", "no more eligible funds than places: nothing was selected"),
        _SOURCE,
    ),
    key=("date", "symbol"),
)

EQUITY = Table(
    "backtest",
    "equity",
    "daily account value of the back-test",
    (
        _DATE,
        _money("portfolio_value", "cash + holdings at the close"),
        _money("holdings_value", "shares at the close; a fund without a bar at its last close"),
        _money("cash", "cash after all trades of the day"),
        _money("cost", "commission and slippage paid on the day"),
        _fraction("turnover", "half the traded value over the value before trading (one way)"),
        _count("n_positions", "funds held at the close"),
        _count("n_stale", "funds valued at an older close"),
        _SOURCE,
    ),
    key=("date",),
    range_column=None,
)

REBALANCES = Table(
    "backtest",
    "rebalances",
    "one row per decision and its fill session",
    (
        Column("decision_date", "date", "session", "session whose close the decision knows"),
        Column("date", "date", "session", "session of the fills"),
        _money("portfolio_value", "value at the close of the fill session"),
        _money("cash", "cash at the close of the fill session"),
        _money("transaction_cost", "cost of these fills"),
        _money("cumulative_cost", "cost since the start"),
        _count("num_positions", "funds held after the fills"),
        _text("positions", "JSON: symbol -> shares after the fills"),
        _text("execution_prices", "JSON: symbol -> price of the fill"),
        _flag("selection_void", "no more eligible funds than places"),
        _SOURCE,
    ),
    key=("decision_date",),
    range_column=None,
)

FILLS = Table(
    "backtest",
    "fills",
    "every order of the back-test and what became of it",
    (
        Column("decision_date", "date", "session", "session whose close the order knows"),
        _DATE,
        _SYMBOL,
        _text("side", "buy or sell"),
        Column("shares", "float64", "shares", "shares filled; 0 when not filled"),
        _price("price", "fill price before costs; null when not filled", True),
        _money("value", "shares * price"),
        _money("cost", "commission and slippage"),
        _text("status", "filled, limit_up, limit_down, no_trade, no_cash or below_lot"),
        _SOURCE,
    ),
    key=("decision_date", "date", "symbol", "side"),
    range_column=None,
)

POSITIONS = Table(
    "backtest",
    "positions",
    "holdings of the back-test at every close",
    (
        _DATE,
        _SYMBOL,
        Column("shares", "float64", "shares", "shares held, multiplied by the ratio of adj_factor when it changes"),
        _price("price", "close used for valuation"),
        _money("value", "shares * price"),
        _fraction("weight", "value / portfolio value"),
        _flag("is_stale", "valued at an older close because there is no bar"),
        _SOURCE,
    ),
    key=("date", "symbol"),
    range_column=None,
)

MONTHS = Table(
    "backtest",
    "months",
    "monthly returns and their parts; the parts of a month sum to its return",
    (
        _text("month", "YYYY-MM"),
        _text(
            "part",
            "`total`, a symbol, `cash`, `cost`, or `selection` (total minus the equal-weight pool, not part of the sum)",
        ),
        _fraction("contribution", "share of the month-start equity"),
        _flag("is_complete", "the calendar month is complete"),
        _SOURCE,
    ),
    key=("month", "part"),
    range_column=None,
)

METRICS = Table(
    "backtest",
    "metrics",
    "figures of the back-test",
    (
        _text("metric", "name, e.g. annual_return, max_drawdown, sharpe"),
        Column("value", "float64", "see unit", "value of the metric", True),
        _text("unit", "unit of the value"),
        _SOURCE,
    ),
    key=("metric",),
    range_column=None,
)

CAPACITY = Table(
    "backtest",
    "capacity",
    "weights against ADV, single-fund, sector and broad-base limits",
    (
        _text("type", "single_position, sector_concentration, broad_base_count or adv_constraint"),
        _text("item", "symbol or sector"),
        Column("value", "float64", "see type", "observed", True),
        Column("limit", "float64", "see type", "allowed"),
        _text("status", "PASS, FAIL or BLOCKED"),
        _text("message", "one sentence"),
        Column("as_of", "date", "session", "close at which weights and ADV are taken", True),
        _SOURCE,
    ),
    key=("type", "item"),
    range_column=None,
)

KPI = Table(
    "kpi",
    "snapshot",
    "key figures as they stood on the day, with thresholds",
    (
        _DATE,
        _text("kpi", "name of the figure"),
        Column("value", "float64", "see unit", "value", True),
        _text("unit", "unit of the value"),
        Column("threshold", "float64", "see unit", "limit it is judged against; null when only observed", True),
        _text("direction", "min, max or none: which side of the threshold is good"),
        _text("status", "PASS, WARN, FAIL or BLOCKED"),
        _text("reason", "why it is not PASS; empty otherwise"),
        _SOURCE,
    ),
    key=("date", "kpi"),
)

POOL_SUMMARY = Table(
    "kpi",
    "summary",
    "metrics of every pool and of the combined portfolio",
    (
        _text("pool", "pool or PORTFOLIO"),
        _text("exec_mode", "fill convention; `weighted` for the portfolio"),
        _fraction("annual_return", "年化收益", True),
        _fraction("max_drawdown", "最大回撤, <= 0", True),
        Column("sharpe", "float64", "ratio", "夏普比率, annual", True),
        _fraction("monthly_win_rate", "月胜率", True),
        Column("annual_turnover", "float64", "1 per year", "年化换手, one way", True),
        _fraction("total_return", "总收益", True),
        Column("years", "float64", "years", "回测年数", True),
        _text("status", "PASS, WARN, FAIL or BLOCKED"),
        _fraction("cost_drag", "cost / mean value / years", True),
        _count("n_sessions", "sessions"),
        _text("method", "how the row was made"),
        _SOURCE,
    ),
    key=("pool",),
    range_column=None,
)

TABLES: tuple[Table, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Table))
