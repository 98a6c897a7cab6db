"""Bars -> factor panel. Pure functions over tables; no storage, no network, no Dagster.

`kernels/` holds the factors, one file per family; `aliases` maps the 314 published ids onto them; `panel` computes a
pool; `export` writes the original's layout; `summary`, `correlation`, `quality` and `selection` judge the columns.
"""
