"""Tables of the limit-up tracker: stocks and their limit states, what boards earn, signals, the event back-test."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, money, price, text

STOCK_LIST = Table(
    "market",
    "stock_list",
    "every listed stock",
    (
        SYMBOL,
        text("name", "name at the source, of the day of the list"),
        text("board", "main, chinext, star or bse"),
        text("industry", "industry at the source; empty where unknown"),
        Column("list_date", "date", "date", "first day of trading; null where unknown", True),
        SOURCE,
    ),
    key=("symbol",),
    range_column=None,
)


def unsure(name: str, meaning: str) -> Column:
    """Yes, no, or null for unknown."""
    return Column(name, "bool", "flag", meaning + "; null is unknown", True)


LIMIT_STATES = Table(
    "arbitrage",
    "limit_states",
    "every stock and day against its upper price limit",
    (
        DATE,
        SYMBOL,
        text("board", "main, chinext, star or bse"),
        unsure("is_st", "under special treatment on the day"),
        text("basis", "where the limit is from: feed, computed, no_limit (first days), unknown"),
        fraction("rate", "price limit; null without one", True),
        price("limit_up", "highest price allowed; null without one, or where it is not known", True),
        price("close", "last trade"),
        unsure("at_limit", "the last price is the limit; false where there is none"),
        unsure("sealed", "at the limit with nobody selling; daily bars alone cannot tell"),
        unsure("touched", "the highest price is the limit"),
        unsure("opened", "touched, and not at the limit at the end"),
        unsure("one_word", "open, high and low are all the limit"),
        count("boards_in_row", "consecutive traded days that closed at the limit, this one included; 0 if not at it"),
        money("seal_amount", "orders waiting at the limit, at the limit's price", True),
        Column("first_seal", "timestamp", "UTC", "time of the first seal, where the feed says", True),
        Column("last_seal", "timestamp", "UTC", "time of the last seal, where the feed says", True),
        count("times_opened", "how often the seal was broken, where the feed says", True),
        money("float_cap", "value of the tradable shares, where the feed says", True),
        money("amount", "turnover"),
        SOURCE,
    ),
    key=("date", "symbol"),
)

BOARD_COUNTS = Table(
    "arbitrage",
    "board_counts",
    "limit-ups of each day, by board",
    (
        DATE,
        text("board", "main, chinext, star, bse or all"),
        count("stocks", "stocks with a bar"),
        count("at_limit", "closed at the limit"),
        count("opened", "touched the limit and closed below"),
        count("one_word", "never traded off the limit"),
        fraction("seal_rate", "at_limit / (at_limit + opened); null on days without either", True),
        count("longest_row", "most consecutive boards of a stock"),
        count("unknown", "stocks whose limit is not known"),
        count("no_limit", "stocks that have no limit on the day"),
        SOURCE,
    ),
    key=("date", "board"),
)

BOARD_RETURNS = Table(
    "arbitrage",
    "board_returns",
    "every close at the limit, and what the stock did next; the outcome is known on `known_on`, not on `date`",
    (
        DATE,
        SYMBOL,
        text("board", "main, chinext, star or bse"),
        count("boards_in_row", "consecutive closes at the limit, this one included"),
        fraction("seal_ratio", "seal amount / value of the tradable shares", True),
        text("first_seal_bucket", "before_10, to_14, later, or unknown"),
        Column("known_on", "date", "session", "first session on which the next open is known; null before it", True),
        fraction("next_open", "next traded open / reference price of that day - 1", True),
        fraction("next_close", "next traded close / reference price of that day - 1", True),
        fraction("market_next_open", "mean of next_open of all stocks that did not touch a limit on `date`", True),
        fraction("extra_next_open", "next_open - market_next_open", True),
        SOURCE,
    ),
    key=("date", "symbol"),
)

EXPECTATIONS = Table(
    "arbitrage",
    "expectations",
    "expected extra return to the next open after a board, from events whose outcome was known before the session",
    (
        DATE,
        text("board", "main, chinext, star, bse or all"),
        text("row_bucket", "boards in a row: 1, 2, 3+ or all"),
        text("seal_bucket", "tercile of the seal ratio: low, middle, high, unknown or all"),
        text("time_bucket", "first seal: before_10, to_14, later, unknown or all"),
        count("events", "events in the bucket"),
        fraction("mean", "plain mean of extra_next_open", True),
        fraction("expected", "shrunk to the mean of all events", True),
        fraction("error", "standard error of the plain mean, clustered by the day of the outcome", True),
        fraction("seal_low", "upper edge of the seal ratio's low tercile, from boards before the session", True),
        fraction("seal_high", "lower edge of its high tercile", True),
        SOURCE,
    ),
    key=("date", "board", "row_bucket", "seal_bucket", "time_bucket"),
)

EVENT_SIGNALS = Table(
    "arbitrage",
    "event_signals",
    "funds whose published holdings were at the limit at the close, day by day: the signals of the event back-test",
    (
        DATE,
        Column("etf", "string", "code", "fund with exchange suffix"),
        Column("stock", "string", "code", "the sealed holding with the largest weight"),
        fraction("weight", "weight of that stock"),
        fraction("sum_weight", "sum of the weights of all holdings at the limit"),
        count("stocks_at_limit", "holdings at the limit"),
        count("boards_in_row", "of the stock with the largest weight"),
        fraction("premium", "price / estimated value - 1; null where it cannot be estimated", True),
        Column("edge_bps", "float64", "bps", "expected edge net of costs, known at the close", True),
        text("confidence", "高, 中 or 低"),
        text("risk", "高, 中 or 低"),
        Column("as_of", "date", "date", "end of the period of the holdings"),
        Column("published_at", "date", "date", "first date on which the holdings may be used"),
        SOURCE,
    ),
    key=("date", "etf"),
)

SIGNAL_OUTCOMES = Table(
    "arbitrage",
    "outcomes",
    "what the fund of every live signal did in the next session",
    (
        DATE,
        text("signal_id", "as in the ops database"),
        Column("stock", "string", "code", "stock with exchange suffix"),
        Column("etf", "string", "code", "fund with exchange suffix"),
        text("confidence", "高, 中 or 低"),
        flag("actionable", "whether it said to buy"),
        price("entry", "price of the fund at the signal"),
        Column("evaluated_on", "date", "session", "session of the outcome"),
        fraction("next_open", "next open / entry - 1"),
        fraction("next_close", "next close / entry - 1"),
        fraction("best", "highest of the next session / entry - 1"),
        fraction("worst", "lowest of the next session / entry - 1"),
        SOURCE,
    ),
    key=("date", "signal_id"),
)

EVENT_TRADES = Table(
    "backtest",
    "event_trades",
    "trades of the event back-test",
    (
        DATE,
        Column("etf", "string", "code", "fund with exchange suffix"),
        text("variant", "entry and exit, e.g. next_open/next_close"),
        Column("entry_date", "date", "session", "session of the purchase"),
        price("entry", "price paid, before costs"),
        Column("exit_date", "date", "session", "session of the sale"),
        price("exit", "price received, before costs"),
        text("exit_reason", "next_open, next_close, take_profit, stop_loss, max_hold or data_end"),
        fraction("gross", "exit / entry - 1"),
        fraction("costs", "fees, half spreads and impact of both sides"),
        fraction("net", "gross - costs"),
        fraction("benchmark", "mean net return of the same fund on random days, same entry and exit", True),
        fraction("sum_weight", "of the signal"),
        count("boards_in_row", "of the signal"),
        fraction("premium", "of the signal", True),
        SOURCE,
    ),
    key=("date", "etf", "variant"),
)

EVENT_FIGURES = Table(
    "backtest",
    "event_figures",
    "figures of the event back-test, in all and by bucket",
    (
        text("variant", "entry and exit"),
        text("bucket", "all, or what the trades are grouped by: sum_weight, premium, boards_in_row"),
        text("value", "the group; empty for all"),
        count("trades", "trades"),
        count("days", "different days with a signal"),
        fraction("mean_net", "mean net return", True),
        fraction("mean_extra", "mean of net - benchmark", True),
        fraction("low", "lower end of the 95 % interval of mean_extra, bootstrap over days", True),
        fraction("high", "upper end", True),
        fraction("win_rate", "share of trades with net > 0", True),
        fraction("mean_gross", "mean gross return", True),
        fraction("mean_costs", "mean costs", True),
        SOURCE,
    ),
    key=("variant", "bucket", "value"),
    range_column=None,
)
