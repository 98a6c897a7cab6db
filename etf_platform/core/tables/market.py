"""Tables of the layer `market`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, money, price, text

BARS = Table(
    "market",
    "bars",
    "daily bars, prices as traded",
    (
        DATE,
        SYMBOL,
        price("open", "first trade"),
        price("high", "highest trade"),
        price("low", "lowest trade"),
        price("close", "last trade"),
        price(
            "prev_close",
            "the exchange's reference price of the day: previous close, ex-rights where applicable; null on the first row",
            True,
        ),
        Column("volume", "float64", "shares", "shares traded"),
        money("amount", "turnover"),
        Column(
            "adj_factor",
            "float64",
            "factor",
            "cumulative adjustment: price * adj_factor is the total-return price up to a constant",
        ),
        flag("amount_estimated", "amount was missing at the source and is close * volume"),
        SOURCE,
        Column(
            "fetched_at",
            "timestamp",
            "UTC",
            "time stamp of the source data (file time, or the end of the simulated session)",
        ),
        count("revision", "0 for the first version of a row, +1 for every restatement by the provider"),
    ),
    key=("date", "symbol"),
)

QUARANTINE = Table(
    "market",
    "quarantine",
    "rows that failed validation, kept with the reason, never used",
    (
        DATE,
        SYMBOL,
        count("position", "running number among the rows of this date and symbol"),
        text("rule", "name of the rule that refused the row"),
        text("reason", "what was seen and what was expected"),
        text("row", "the refused row as JSON"),
        SOURCE,
    ),
    key=("date", "symbol", "position"),
)

ADJUSTMENT_EVENTS = Table(
    "market",
    "adjustment_events",
    "corporate actions detected in unadjusted series, for review; never applied silently",
    (
        DATE,
        SYMBOL,
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
        text("kind", "split, reverse_split or unexplained"),
        text("status", "review, accepted or rejected"),
        SOURCE,
    ),
    key=("date", "symbol"),
)

MEMBERS = Table(
    "market",
    "members",
    "what is known of every member of the pool: data range, rows, reasons for absence",
    (
        SYMBOL,
        text("name", "name of the fund"),
        text("status", "ok, quarantined or no_data"),
        text("reason", "why it is not ok; empty otherwise"),
        Column("first_date", "date", "session", "first stored bar", True),
        Column("last_date", "date", "session", "last stored bar", True),
        count("rows", "stored bars"),
        count("quarantined_rows", "refused rows"),
        fraction("missing_rate", "sessions without a bar since the first bar, as a share", True),
        money("mean_amount_20", "mean turnover of the last 20 bars", True),
        SOURCE,
    ),
    key=("symbol",),
    range_column=None,
)

FEED_TIME = Column("feed_time", "timestamp", "UTC", "time that the provider gives for the row", True)
FETCHED_AT = Column("fetched_at", "timestamp", "UTC", "time at which the reply had arrived")
PAYLOAD_HASH = text("payload_hash", "SHA-256 of the reply's bytes")


def shares(name: str, meaning: str, nullable: bool = True) -> Column:
    """A number of shares."""
    return Column(name, "float64", "shares", meaning, nullable)


BOOK = tuple(
    column
    for side, word in (("bid", "buyers"), ("ask", "sellers"))
    for level in range(1, 6)
    for column in (
        price(f"{side}{level}", f"price of level {level} of the {word}; null where nobody stands", True),
        shares(f"{side}{level}_volume", "shares at that level; 0 where nobody stands, null without a book"),
    )
)

QUOTES = Table(
    "market",
    "quotes",
    "what a provider said about an instrument at one moment; null is unknown, never 0",
    (
        DATE,
        SYMBOL,
        text("name", "name at the provider; empty where it gives none"),
        text("kind", "stock, fund, lof or index"),
        price("last", "last trade; the previous close where nothing has traded yet", True),
        price("prev_close", "reference price of the day", True),
        price("open", "first trade", True),
        price("high", "highest trade", True),
        price("low", "lowest trade", True),
        shares("volume", "shares traded so far"),
        money("amount", "turnover so far", True),
        fraction("turnover", "volume / float shares", True),
        price("limit_up", "highest price allowed as the feed says; null where it says none", True),
        price("limit_down", "lowest price allowed as the feed says", True),
        price("iopv", "indicative value of a fund's share", True),
        fraction("premium", "last / iopv - 1", True),
        price("nav", "last published value of a fund's share", True),
        money("float_cap", "value of the tradable shares", True),
        money("total_cap", "value of all shares", True),
        *BOOK,
        text("status", "normal, suspended, delisted or unknown"),
        flag("is_traded", "something has traded today"),
        flag("book_estimated", "the unit of the book's volumes is not verified (STAR lines)"),
        FEED_TIME,
        SOURCE,
        FETCHED_AT,
        PAYLOAD_HASH,
    ),
    key=("date", "symbol", "fetched_at"),
)

LISTINGS = Table(
    "market",
    "listings",
    "how every member is called and whether it is listed, session by session; a change is a new row, no row is lost",
    (
        DATE,
        SYMBOL,
        text("name", "name at the provider; the last known one where it gave none, empty where none ever did"),
        text("configured_name", "name in instruments.yaml; empty where it is not there"),
        flag("is_listed", "not delisted"),
        text("status", "normal, suspended, delisted or unknown; the last known one where the provider said unknown"),
        Column("first_seen", "date", "session", "first session with a quote of the member"),
        Column("changed_on", "date", "session", "session of the last change of name or status; first_seen before any"),
        SOURCE,
        FETCHED_AT,
    ),
    key=("date", "symbol"),
)

MINUTES = Table(
    "market",
    "minutes",
    "one session minute by minute",
    (
        DATE,
        SYMBOL,
        Column("time", "timestamp", "UTC", "minute as the provider labels it"),
        price("price", "last trade of the minute"),
        shares("volume", "shares traded since the minute before", False),
        money("amount", "turnover since the minute before"),
        SOURCE,
        FETCHED_AT,
        PAYLOAD_HASH,
    ),
    key=("date", "symbol", "time"),
)

LIMIT_POOL = Table(
    "market",
    "limit_pool",
    "stocks that a provider lists as at, opened from, or near their price limits",
    (
        DATE,
        text("pool", "limit_up, opened, limit_down, yesterday, strong or sub_new"),
        SYMBOL,
        text("name", "name at the provider"),
        price("last", "last trade"),
        fraction("change", "last / prev_close - 1"),
        price("limit_price", "the day's limit where the pool gives it; null where there is none", True),
        money("amount", "turnover"),
        fraction("turnover", "volume / float shares", True),
        money("float_cap", "value of the tradable shares", True),
        money("total_cap", "value of all shares", True),
        count(
            "boards_in_row",
            "consecutive sessions at the limit, this one included (pool yesterday: up to yesterday)",
            True,
        ),
        Column("first_seal", "timestamp", "UTC", "time of the first seal (pool yesterday: of yesterday)", True),
        Column("last_seal", "timestamp", "UTC", "time of the last seal", True),
        money("seal_amount", "orders waiting at the limit, at the limit's price", True),
        count("times_opened", "how often the seal was broken", True),
        count("window_days", "days of the window in which boards are counted", True),
        count("window_boards", "boards in that window", True),
        text("industry", "industry at the provider, shortened by it"),
        SOURCE,
        FETCHED_AT,
        PAYLOAD_HASH,
    ),
    key=("date", "pool", "symbol"),
)

FUND_HOLDINGS = Table(
    "market",
    "fund_holdings",
    "stocks in the published reports of funds",
    (
        Column("as_of", "date", "date", "end of the period that the report describes"),
        Column("published_at", "date", "date", "first date on which the row may be used"),
        flag("published_estimated", "published_at is the latest date the rules allow, or that of the reply if earlier"),
        SYMBOL,
        text("stock", "stock with exchange suffix"),
        text("stock_name", "name at the provider"),
        count("rank", "position in the report, 1 is the largest"),
        fraction("weight", "share of the fund's net value"),
        shares("shares", "shares held"),
        money("value", "value held", True),
        flag(
            "from_issuer", "taken from the issuer's list of shareholders, not from the fund's report: not for signals"
        ),
        text("completeness", "top10 or full"),
        fraction("weight_sum", "sum of the weights of all accepted rows of this report that come from the fund"),
        SOURCE,
        FETCHED_AT,
        PAYLOAD_HASH,
    ),
    key=("as_of", "symbol", "stock"),
    range_column="as_of",
)

LIMIT_PRICES = Table(
    "market",
    "limit_prices",
    "the day's price limits as a provider publishes them",
    (
        DATE,
        SYMBOL,
        price("prev_close", "reference price of the day", True),
        price("limit_up", "highest price allowed; null where there is none", True),
        price("limit_down", "lowest price allowed; null where there is none", True),
        SOURCE,
        FETCHED_AT,
        PAYLOAD_HASH,
    ),
    key=("date", "symbol"),
)

RECONCILIATION = Table(
    "market",
    "reconciliation",
    "a sample of the session's closes at a second provider; different symbols every day",
    (
        DATE,
        SYMBOL,
        text("verdict", "agrees, differs, or absent where one of the two has no close"),
        price("close", "stored close", True),
        price("close_other", "close at the second provider", True),
        fraction("difference", "close_other / close - 1", True),
        shares("volume", "stored volume"),
        shares("volume_other", "volume at the second provider"),
        SOURCE,
        text("other_source", "the second provider; empty where none could be asked"),
    ),
    key=("date", "symbol"),
)
