"""The output tree of the original system: the same files, names and columns, from our tables.

Here: rendering of one pool's folder and of the summary beside them, each file whole or not at all. Not here: building
the contents of the JSON files (`factors`, `backtest`), reading the lake, snapshots (`governance`). A file of an earlier
export that this one does not write again is removed, so that nobody reads a stale one.
"""

import functools
import json
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from etf_platform.core.errors import BadInputError

SUMMARY_NAME = "pool_metrics_summary.csv"
SUMMARY_COLUMNS = {
    "pool": "pool",
    "exec_mode": "exec_mode",
    "annual_return": "年化收益",
    "max_drawdown": "最大回撤",
    "sharpe": "夏普比率",
    "monthly_win_rate": "月胜率",
    "annual_turnover": "年化换手",
    "total_return": "总收益",
    "years": "回测年数",
    "status": "status",
    "cost_drag": "cost_drag",
    "n_sessions": "n_sessions",
    "method": "method",
}
FACTOR_COLUMNS = [
    "factor_id",
    "coverage",
    "zero_variance",
    "min_history",
    "required_fields",
    "reason",
    "identical_group_id",
]
REBALANCE_COLUMNS = [
    "date",
    "portfolio_value",
    "cash",
    "transaction_cost",
    "cumulative_cost",
    "num_positions",
    "positions",
    "execution_prices",
]
EQUITY_COLUMNS = ["date", "portfolio_value", "holdings_value", "cash"]
OURS = (
    "panel_FULL_*.parquet",
    "factor_summary_*.csv",
    "panel_meta.json",
    "*_symbols.txt",
    "production_factors.txt",
    "backtest_results.parquet",
    "daily_equity.parquet",
    "backtest_metrics.json",
    "capacity_constraints_report.json",
    "panel_filtered_*.parquet",
    "factors_selected_*.yaml",
    "correlation_matrix.csv",
)


@dataclass(frozen=True)
class PoolExport:
    """What one pool's folder is made from; None leaves the file out.

    Attributes
    ----------
    pool : str
    panel : DataFrame or None
        date, symbol, source and one column per factor that is to be exported. None leaves out the panel and the
        filtered panels; the panel's description must then have a `data_range`.
    summary, rebalances, equity, correlation : DataFrame
        Tables `factors/summary`, `backtest/rebalances`, `backtest/equity`, `factors/correlation`.
    panel_meta, metrics, capacity : mapping
        Contents of the JSON files; NaN becomes null.
    symbols, production_factors : sequence of str
        Members of the pool; published ids in production.
    selected : mapping of str to sequence of str
        Filter mode (`production`, `research`) -> panel columns that it keeps.
    """

    pool: str
    panel: pd.DataFrame | None
    summary: pd.DataFrame
    panel_meta: Mapping[str, Any]
    symbols: Sequence[str]
    production_factors: Sequence[str]
    rebalances: pd.DataFrame | None = None
    equity: pd.DataFrame | None = None
    metrics: Mapping[str, Any] | None = None
    capacity: Mapping[str, Any] | None = None
    correlation: pd.DataFrame | None = None
    selected: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_pool(root: Path, export: PoolExport) -> list[Path]:
    """Write `panel_<POOL>/` below the output root.

    The dates in file names are `data_range` of the panel's description when it has one, else first and last panel date.

    Raises
    ------
    BadInputError
        Neither gives the two dates.

    Returns
    -------
    list of Path
        Files written, in order. Files of earlier exports that are not among them are gone.
    """
    folder = root / f"panel_{export.pool}"
    folder.mkdir(parents=True, exist_ok=True)
    written = [*_write_panel(folder, export), *_write_backtest(folder, export), *_write_filters(folder, export)]
    for pattern in OURS:
        for path in set(folder.glob(pattern)) - set(written):
            path.unlink()
    return written


def write_pool_metrics_summary(root: Path, summary: pd.DataFrame, order: Sequence[str]) -> Path:
    """Write `pool_metrics_summary.csv`: pools in the given order, then PORTFOLIO; fractions, undefined figures empty.

    Parameters
    ----------
    summary : DataFrame
        Table `kpi/summary`.
    order : sequence of str
        Pool names; rows of other pools follow by name, PORTFOLIO comes last.
    """
    place = {pool: position for position, pool in enumerate(order)} | {"PORTFOLIO": len(order) + 1}
    ranked = summary.assign(_place=summary["pool"].map(place).fillna(len(order)))
    rows = ranked.sort_values(["_place", "pool"])[list(SUMMARY_COLUMNS)].rename(columns=SUMMARY_COLUMNS)
    return _write(root / SUMMARY_NAME, _csv(rows))


def indexed_panel(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel as the original stores it: index (symbol, date), sorted; factor columns only."""
    return panel.drop(columns="source", errors="ignore").set_index(["symbol", "date"]).sort_index()


def _write_panel(folder: Path, export: PoolExport) -> list[Path]:
    start, end = _span(export)
    written = []
    if export.panel is not None:
        path = folder / f"panel_FULL_{start}_{end}.parquet"
        written.append(_write_parquet(path, indexed_panel(export.panel), export.panel))
    return [
        *written,
        _write(folder / f"factor_summary_{start}_{end}.csv", _csv(export.summary[FACTOR_COLUMNS])),
        _write(folder / "panel_meta.json", to_json(export.panel_meta)),
        _write(folder / f"{export.pool}_symbols.txt", _lines(export.symbols)),
        _write(folder / "production_factors.txt", _lines(export.production_factors)),
    ]


def _write_backtest(folder: Path, export: PoolExport) -> list[Path]:
    written = []
    if export.rebalances is not None:
        rows = export.rebalances[REBALANCE_COLUMNS]
        unpacked = rows.assign(**{name: rows[name].map(_mapping) for name in ("positions", "execution_prices")})
        written.append(_write_parquet(folder / "backtest_results.parquet", unpacked, export.rebalances))
    if export.equity is not None:
        rows = export.equity[EQUITY_COLUMNS]
        written.append(_write_parquet(folder / "daily_equity.parquet", rows, export.equity))
    if export.metrics is not None:
        written.append(_write(folder / "backtest_metrics.json", to_json(export.metrics)))
    if export.capacity is not None:
        written.append(_write(folder / "capacity_constraints_report.json", to_json(export.capacity)))
    return written


def _mapping(text: str) -> dict[str, float] | None:
    """A JSON object; an empty one is None, because Parquet has no struct without fields."""
    return json.loads(text) or None


def _write_filters(folder: Path, export: PoolExport) -> list[Path]:
    written = []
    for mode, columns in export.selected.items():
        if export.panel is not None:
            kept = indexed_panel(export.panel)[list(columns)]
            written.append(_write_parquet(folder / f"panel_filtered_{mode}.parquet", kept, export.panel))
        chosen = {"mode": mode, "pool": export.pool, "n_factors": len(columns), "factors": list(columns)}
        text = yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True)
        written.append(_write(folder / f"factors_selected_{mode}.yaml", text.encode()))
    if export.correlation is not None:
        matrix = export.correlation.pivot(index="column_a", columns="column_b", values="correlation")
        written.append(_write(folder / "correlation_matrix.csv", _csv(matrix.rename_axis(index="factor"), index=True)))
    return written


def to_json(content: Mapping[str, Any]) -> bytes:
    """Strict JSON (UTF-8, NaN and infinities as null) in the order given, ending with a line break."""
    return (_indented(_plain(content), 0) + "\n").encode()


def _indented(value: Any, depth: int) -> str:
    """As `json.dumps(value, indent=2)`, whose indents are written in Python, value by value: here what holds no further
    mapping or list is left to the compiled encoder, several times faster.
    """
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    items = value.values() if isinstance(value, dict) else value
    if not any(isinstance(item, (dict, list)) for item in items):
        flat = _encoder(depth + 1).encode(value)
        return flat[0] + inner + flat[1:-1] + outer + flat[-1]
    if isinstance(value, dict):
        lines = [f"{json.dumps(key, ensure_ascii=False)}: {_indented(item, depth + 1)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(lines) + outer + "}"
    return "[" + inner + f",{inner}".join(_indented(item, depth + 1) for item in value) + outer + "]"


@functools.cache
def _encoder(depth: int) -> json.JSONEncoder:
    separators = (",\n" + "  " * depth, ": ")
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=separators)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _span(export: PoolExport) -> tuple[str, str]:
    told = export.panel_meta.get("data_range") or {}
    days = pd.Series([told.get("start_date"), told.get("end_date")], dtype="datetime64[ns]")
    if days.isna().any() and export.panel is not None:
        days = export.panel["date"].agg(["min", "max"])
    if days.isna().any():
        raise BadInputError(f"exporting pool {export.pool}", "no first and last date are known", "pass data_range")
    start, end = days.dt.strftime("%Y%m%d")
    return start, end


def _csv(frame: pd.DataFrame, index: bool = False) -> bytes:
    return frame.to_csv(index=index, lineterminator="\n").encode()


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _write_parquet(path: Path, rows: pd.DataFrame, labelled: pd.DataFrame) -> Path:
    """Write a frame; the sources of `labelled` stand in the file's metadata under `source`."""
    table = pa.Table.from_pandas(rows)
    sources = ", ".join(sorted(labelled["source"].unique())) if "source" in labelled.columns else ""
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"source": sources.encode()})
    return _replace(path, lambda partial: pq.write_table(table, partial, compression="zstd"))


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return _replace(path, lambda partial: partial.write_bytes(content))


def _replace(path: Path, write: Callable[[Path], object]) -> Path:
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
