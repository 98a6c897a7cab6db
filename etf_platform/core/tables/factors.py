"""Tables of the layer `factors`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, text

PANEL = Table(
    "factors",
    "panel",
    "one column per distinct factor computation; null until its window is full",
    (
        DATE,
        SYMBOL,
        SOURCE,
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
        text("entry", "key of panel_meta.json"),
        text("value", "its value as JSON"),
        SOURCE,
    ),
    key=("entry",),
    range_column=None,
)

FACTOR_SUMMARY = Table(
    "factors",
    "summary",
    "coverage and diagnostics of every published factor id",
    (
        text("factor_id", "published id, one of 314"),
        text("column", "panel column that holds the computation"),
        fraction("coverage", "non-null share of all rows"),
        flag("zero_variance", "the column is constant"),
        Column("min_history", "int64", "bars", "mask of the original's export"),
        Column("warmup_bars", "int64", "bars", "bars before the first value of our column"),
        text("required_fields", "bar columns used, separated by |"),
        text("reason", "why coverage is low or the factor failed; empty otherwise"),
        text("identical_group_id", "group_N of columns with |Pearson| > 0.999; empty when alone"),
        flag("is_production", "in the configured production set"),
        SOURCE,
    ),
    key=("factor_id",),
    range_column=None,
)

FACTOR_QUALITY = Table(
    "factors",
    "quality",
    "predictive quality of the scored columns",
    (
        text("column", "panel column"),
        Column("horizon", "int64", "sessions", "forward return horizon, from the next open"),
        Column("mean_rank_ic", "float64", "correlation", "mean of daily rank IC", True),
        Column("icir", "float64", "ratio", "mean / standard deviation of daily rank IC, not annualised", True),
        Column("t_stat", "float64", "ratio", "Newey-West t statistic of the mean, lags = horizon - 1", True),
        fraction("hit_rate", "share of days with positive IC", True),
        fraction("quantile_spread", "mean forward return of the top minus the bottom tercile", True),
        count("n_days", "days with an IC"),
        SOURCE,
    ),
    key=("column", "horizon"),
    range_column=None,
)

FACTOR_CORRELATION = Table(
    "factors",
    "correlation",
    "Pearson correlation of the production columns over all rows of the pool",
    (
        text("column_a", "panel column"),
        text("column_b", "panel column"),
        Column("correlation", "float64", "correlation", "Pearson over all rows of the pool", True),
        SOURCE,
    ),
    key=("column_a", "column_b"),
    range_column=None,
)
