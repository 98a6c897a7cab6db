"""One module per kind of source: settings of `sources.yaml` in, raw rows out.

Raw rows carry the columns `ROW_COLUMNS` in our units, but are not judged yet (`market.validate` does that).
"""

ROW_COLUMNS = (
    "date",
    "symbol",
    "open",
    "high",
    "low",
    "close",
    "prev_close",
    "volume",
    "amount",
    "adj_factor",
    "source",
    "fetched_at",
)
