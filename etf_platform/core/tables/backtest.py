"""Tables of the layer `backtest`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, money, price, text

EQUITY = Table(
    "backtest",
    "equity",
    "daily account value of the back-test",
    (
        DATE,
        money("portfolio_value", "cash + holdings at the close"),
        money("holdings_value", "shares at the close; a fund without a bar at its last close"),
        money("cash", "cash after all trades of the day"),
        money("cost", "commission and slippage paid on the day"),
        fraction("turnover", "half the traded value over the value before trading (one way)"),
        count("n_positions", "funds held at the close"),
        count("n_stale", "funds valued at an older close"),
        SOURCE,
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
        money("portfolio_value", "value at the close of the fill session"),
        money("cash", "cash at the close of the fill session"),
        money("transaction_cost", "cost of these fills"),
        money("cumulative_cost", "cost since the start"),
        count("num_positions", "funds held after the fills"),
        text("positions", "JSON: symbol -> shares after the fills"),
        text("execution_prices", "JSON: symbol -> price of the fill"),
        flag("selection_void", "no more eligible funds than places"),
        SOURCE,
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
        DATE,
        SYMBOL,
        text("side", "buy or sell"),
        Column("shares", "float64", "shares", "shares filled; 0 when not filled"),
        price("price", "fill price before costs; null when not filled", True),
        money("value", "shares * price"),
        money("cost", "commission and slippage"),
        text("status", "filled, limit_up, limit_down, no_trade, no_cash or below_lot"),
        SOURCE,
    ),
    key=("decision_date", "date", "symbol", "side"),
    range_column=None,
)

POSITIONS = Table(
    "backtest",
    "positions",
    "holdings of the back-test at every close",
    (
        DATE,
        SYMBOL,
        Column("shares", "float64", "shares", "shares held, multiplied by the ratio of adj_factor when it changes"),
        price("price", "close used for valuation"),
        money("value", "shares * price"),
        fraction("weight", "value / portfolio value"),
        flag("is_stale", "valued at an older close because there is no bar"),
        SOURCE,
    ),
    key=("date", "symbol"),
    range_column=None,
)

MONTHS = Table(
    "backtest",
    "months",
    "monthly returns and their parts; the parts of a month sum to its return",
    (
        text("month", "YYYY-MM"),
        text(
            "part",
            "`total`, a symbol, `cash`, `cost`, or `selection` (total minus the equal-weight pool, not part of the sum)",
        ),
        fraction("contribution", "share of the month-start equity"),
        flag("is_complete", "the calendar month is complete"),
        SOURCE,
    ),
    key=("month", "part"),
    range_column=None,
)

METRICS = Table(
    "backtest",
    "metrics",
    "figures of the back-test",
    (
        text("metric", "name, e.g. annual_return, max_drawdown, sharpe"),
        Column("value", "float64", "see unit", "value of the metric", True),
        text("unit", "unit of the value"),
        SOURCE,
    ),
    key=("metric",),
    range_column=None,
)

CAPACITY = Table(
    "backtest",
    "capacity",
    "weights against ADV, single-fund, sector and broad-base limits",
    (
        text("type", "single_position, sector_concentration, broad_base_count or adv_constraint"),
        text("item", "symbol or sector"),
        Column("value", "float64", "see type", "observed", True),
        Column("limit", "float64", "see type", "allowed"),
        text("status", "PASS, FAIL or BLOCKED"),
        text("message", "one sentence"),
        Column("as_of", "date", "session", "close at which weights and ADV are taken", True),
        SOURCE,
    ),
    key=("type", "item"),
    range_column=None,
)

TREND_EQUITY = Table(
    "backtest",
    "trend",
    "daily account of a single-asset strategy and of its benchmarks, each from 1",
    (
        DATE,
        SYMBOL,
        text("strategy", "name of the strategy"),
        text("variant", "rule variant, e.g. condition_1 or all_conditions; `default` where there is one only"),
        Column("equity", "float64", "multiple of the start", "account at the close, net of costs"),
        fraction("position", "weight at the close; negative is short"),
        fraction("cost", "commission and slippage of the session / equity before it"),
        Column("buy_and_hold", "float64", "multiple of the start", "the symbol held at weight 1"),
        Column(
            "exposure_matched",
            "float64",
            "multiple of the start",
            "the symbol held at the strategy's mean absolute weight",
        ),
        SOURCE,
    ),
    key=("date", "symbol", "strategy", "variant"),
    range_column=None,
)

TREND_TRADES = Table(
    "backtest",
    "trend_trades",
    "round trips of single-asset strategies, from flat to flat",
    (
        SYMBOL,
        text("strategy", "name of the strategy"),
        text("variant", "rule variant"),
        Column("entry_date", "date", "session", "session of the first fill"),
        Column("exit_date", "date", "session", "session of the last fill; null while open", True),
        text("side", "long or short"),
        price("entry_price", "adjusted price of the first fill"),
        price("exit_price", "adjusted price of the last fill; the last close while open"),
        fraction("max_weight", "largest absolute weight"),
        fraction("net_return", "gain of the account over the trade, net of costs"),
        count("sessions", "sessions held"),
        text("entry_reason", "reason code that opened it"),
        text("exit_reason", "reason code, stop_loss, take_profit, ma50_exit or circuit_breaker; empty while open"),
        SOURCE,
    ),
    key=("symbol", "strategy", "variant", "entry_date"),
    range_column=None,
)

TREND_METRICS = Table(
    "backtest",
    "trend_metrics",
    "figures of single-asset strategies and their benchmarks",
    (
        SYMBOL,
        text("strategy", "name of the strategy"),
        text("variant", "rule variant"),
        text("sample", "full, in_sample or holdout"),
        text("account", "strategy, buy_and_hold or exposure_matched"),
        text("metric", "name, e.g. annual_return, max_drawdown, sharpe"),
        Column("value", "float64", "see unit", "value; null when not defined", True),
        text("unit", "unit of the value"),
        SOURCE,
    ),
    key=("symbol", "strategy", "variant", "sample", "account", "metric"),
    range_column=None,
)
