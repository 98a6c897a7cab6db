"""The monthly snapshot of the factor selection: universe, factors, correlations, the funnel from 314 to production."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from etf_platform.governance.folders import appearing, manifest, remove_at_once

META = "snapshot_metadata.json"


@dataclass(frozen=True)
class MonthlyContent:
    """What goes into a monthly snapshot.

    Attributes
    ----------
    universe, production_factors : sequence of str
        Symbols, and published factor ids.
    correlation : DataFrame
        Square matrix from `correlation_3m`.
    heat_map : bytes
        The same matrix as a PNG.
    summary : DataFrame
        Table `factors/summary`.
    metadata : dict
        Pool, table versions, configuration digest and the like; JSON values.
    """

    universe: Sequence[str]
    production_factors: Sequence[str]
    correlation: pd.DataFrame
    heat_map: bytes
    summary: pd.DataFrame
    metadata: dict[str, Any] = field(default_factory=dict)


def write_monthly_snapshot(root: Path, month: str, content: MonthlyContent) -> Path:
    """Write `snapshot_<YYYYMM>` below `root`, whole or not at all; the one of the same month is replaced.

    `month` is `YYYY-MM`.
    """
    final = root / f"snapshot_{month.replace('-', '')}"
    with appearing(final) as partial:
        (partial / "universe.txt").write_text(_lines(content.universe), encoding="utf-8")
        (partial / "production_factors.txt").write_text(_lines(content.production_factors), encoding="utf-8")
        content.correlation.to_csv(partial / "correlation_matrix_3m.csv")
        (partial / "correlation_heatmap_3m.png").write_bytes(content.heat_map)
        funnel(content.summary).to_csv(partial / "funnel_report.csv", index=False)
        content.summary.to_csv(partial / "factor_summary.csv", index=False)
        meta = {"schema_version": 1, "month": month, **content.metadata, "files": manifest(partial, META)}
        (partial / META).write_text(json.dumps(meta, ensure_ascii=False, indent=2), encoding="utf-8")
        remove_at_once(final)
    return final


def correlation_3m(panel: pd.DataFrame, columns: Sequence[str], as_of: pd.Timestamp) -> pd.DataFrame:
    """Pearson correlation of panel columns over the rows of the three months that end with `as_of`.

    NaN where a column is constant or two columns share fewer than two rows.
    """
    recent = panel[(panel["date"] > as_of - pd.DateOffset(months=3)) & (panel["date"] <= as_of)]
    return recent[list(columns)].astype("float64").corr(min_periods=2)


def funnel(summary: pd.DataFrame, min_coverage: float = 0.80) -> pd.DataFrame:
    """How many factors pass each stage, each stage on top of the one before: columns stage, factors."""
    computed = summary["coverage"] > 0
    covered = computed & (summary["coverage"] >= min_coverage)
    varied = covered & ~summary["zero_variance"].astype(bool)
    distinct = summary.loc[varied, "identical_group_id"].mask(lambda group: group == "").fillna(summary["factor_id"])
    stages = {
        "designed": len(summary),
        "computed": int(computed.sum()),
        f"coverage >= {min_coverage:g}": int(covered.sum()),
        "not constant": int(varied.sum()),
        "distinct": int(distinct.nunique()),
        "production": int(summary["is_production"].sum()),
    }
    return pd.DataFrame({"stage": list(stages), "factors": list(stages.values())})


def _lines(names: Sequence[str]) -> str:
    return "".join(f"{name}\n" for name in names)
