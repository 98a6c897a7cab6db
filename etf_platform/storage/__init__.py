"""Where tables and ledgers live: the lake (Delta tables of Parquet files), the ops database, and queries over both.

No arithmetic on data, no knowledge of what a table means, no Dagster. Layers never import this package; only
`orchestration`, `cli` and `governance` do.
"""
