"""The original's layout: `panel_FULL` with its own shift, `panel_meta.json`, the hashes in it.

Only for comparison with the original; scoring never reads this export. Writing files is the caller's business.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.places import ordered_places
from etf_platform.factors.aliases import Published, lookup, published
from etf_platform.factors.compute import Failure
from etf_platform.factors.panel import known_factors

PRICE_FIELD = "adj_close"
PRICE_FIELD_PRIORITY = ("adj_close", "close")


def shift_original(values: np.ndarray, min_history: int) -> np.ndarray:
    """The original's shift of one series: out[i] = NaN for i < min_history, else values[i - 1]."""
    out = np.full(len(values), np.nan)
    out[min_history:] = np.asarray(values, dtype=np.float64)[min_history - 1 : -1]
    return out


def export_panel(panel: pd.DataFrame, bars: pd.DataFrame, ids: Sequence[str] | None = None) -> pd.DataFrame:
    """The `original_compatible` panel.

    Price levels are anchored at the end of the window, as the original's adjusted prices were: times the row's
    adj_factor over the symbol's last adj_factor.

    Parameters
    ----------
    panel : DataFrame
        Native panel: `date`, `symbol`, factor columns.
    bars : DataFrame
        `date`, `symbol`, `adj_factor` of the same rows.
    ids : sequence of str, optional
        Published ids; default all 314.

    Returns
    -------
    DataFrame
        float64, indexed (symbol, date), sorted, one column per id; one row later than the native panel.

    Raises
    ------
    BadInputError
        A row of the panel has no bar.
    """
    entries = published() if ids is None else tuple(lookup(id_) for id_ in ids)
    rows = panel.merge(bars[["date", "symbol", "adj_factor"]], on=["date", "symbol"], how="left")
    if rows["adj_factor"].isna().any():
        raise BadInputError(
            "exporting the panel", "some rows have no adj_factor", "pass the bars the panel was made from"
        )
    rows = rows.sort_values(["symbol", "date"], kind="stable", ignore_index=True)
    by_symbol = rows.groupby("symbol", sort=False)
    anchor = (rows["adj_factor"] / by_symbol["adj_factor"].transform("last")).to_numpy()
    position = by_symbol.cumcount().to_numpy()
    columns = {entry.factor_id: _exported(entry, rows, anchor, position) for entry in entries}
    index = pd.MultiIndex.from_frame(rows[["symbol", "date"]])
    return pd.DataFrame(columns, index=index)


def _exported(entry: Published, rows: pd.DataFrame, anchor: np.ndarray, position: np.ndarray) -> np.ndarray:
    values = rows[entry.column].to_numpy(np.float64)
    if known_factors()[entry.column].scale == "price":
        values = values * anchor
    before = np.concatenate(([np.nan], values[:-1]))
    return np.where(position >= entry.min_history, before, np.nan)


def columns_hash(columns: Iterable[str]) -> str:
    """First 16 hex digits of the md5 over the sorted names joined by `|`."""
    return _md5("|".join(sorted(columns)))


def cache_key(entry: Published, engine_version: str, price_field: str = PRICE_FIELD) -> str:
    """First 16 hex digits of the md5 over `factor_id|min_history|price_field|engine_version|sorted params`."""
    params = ",".join(f"{name}={value}" for name, value in sorted(entry.params))
    return _md5(f"{entry.factor_id}|{entry.min_history}|{price_field}|{engine_version}|{params}")


def panel_meta(
    ids: Sequence[str],
    *,
    engine_version: str,
    pool: str,
    start_date: str,
    end_date: str,
    run_params: Mapping[str, Any],
    input_hash: str,
    failures: Sequence[Failure] = (),
    convention: str = "close_t",
    generated_at: datetime | None = None,
) -> dict[str, Any]:
    """Content of `panel_meta.json`.

    Parameters
    ----------
    ids : sequence of str
        Published ids, in column order of the exported panel.
    start_date, end_date : str
        First and last date of the panel's rows.
    run_params : mapping
        `start_date, end_date, data_dir, output_dir` as asked for.
    input_hash : str
        Digest of the bars that were read.
    convention : str
        `close_t` (native) or `original_compatible`.
    """
    moment = (generated_at or datetime.now(UTC)).astimezone(UTC)
    return {
        "engine_version": engine_version,
        "price_field": PRICE_FIELD,
        "price_field_priority": list(PRICE_FIELD_PRIORITY),
        "generated_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data_range": {"start_date": start_date, "end_date": end_date},
        "run_params": dict(run_params),
        "factors": {id_: _factor_meta(lookup(id_), engine_version) for id_ in ids},
        "panel_columns_hash": columns_hash(ids),
        "pools_used": pool,
        "cache_key_salt": "panel",
        "convention": convention,
        "failed_factors": [{"factor": failure.column, "error": failure.error} for failure in failures],
        "input_hash": input_hash,
    }


def hash_bars(bars: pd.DataFrame) -> str:
    """First 16 hex digits of a digest over the rows of the bars, whatever their order; `input_hash` of the metadata."""
    rows = pd.util.hash_pandas_object(
        bars[["date", "symbol", "open", "high", "low", "close", "volume", "amount", "adj_factor"]], index=False
    )
    order, _ = ordered_places(bars["symbol"], bars["date"])
    return hashlib.md5(rows.to_numpy()[order].tobytes(), usedforsecurity=False).hexdigest()[:16]


def _factor_meta(entry: Published, engine_version: str) -> dict[str, Any]:
    return {
        "min_history": entry.min_history,
        "family": entry.family,
        "bucket": entry.bucket,
        "params": dict(entry.params),
        "required_fields": list(entry.required_fields),
        "cache_key": cache_key(entry, engine_version),
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16]
