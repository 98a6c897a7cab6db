"""Tables of the layer `indicators`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, price, text

INDICATORS = Table(
    "indicators",
    "daily",
    "named indicator columns on adjusted bars; the names follow the configured parameters",
    (
        DATE,
        SYMBOL,
        price("close", "adjusted close"),
        text("market_env", "bull, bear, oscillate or transition; null before it is defined", True),
        text("trend_dir", "up, down or side; null before it is defined", True),
        text("volume_class", "huge, up, normal, down or ground; null before it is defined", True),
        Column("vix", "float64", "points", "volatility index at its last close strictly before the row's date", True),
        Column("vix_date", "date", "session", "session of that close", True),
        SOURCE,
    ),
    key=("date", "symbol"),
    open_columns=Column("*", "float64", "see indicator", "an indicator column; null before its warm-up", True),
)
