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
