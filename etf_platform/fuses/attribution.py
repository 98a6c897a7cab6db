"""Fuses on attribution: enough of a result is explained, and the parts sum to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from etf_platform.core.units.fuse import Reading, fuse
from etf_platform.measures.attribution import FILL_PARTS, residual_share
from etf_platform.measures.attribution import attribution_coverage as coverage_of

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5  # rows listed in a reason


@fuse(guards="risk/fill_attribution", on_fail="hold", limit="risk.min_attribution_coverage")
def attribution_coverage(fill_attribution: pd.DataFrame, limit: float) -> Reading:
    """Named parts explain most of the result of the last session.

    Observed is the lowest coverage of a strategy and horizon: 1 - sum |residual| / (sum |parts| + sum |residual|) over
    its rows of that session.
    """
    last = fill_attribution[fill_attribution["date"] == fill_attribution["date"].max()]
    groups = last.groupby([last["strategy"] + " to " + last["horizon"]])
    seen = {str(name): _coverage(rows) for (name,), rows in groups}
    undefined = [name for name, value in seen.items() if math.isnan(value)]
    if undefined:
        return Reading(reason=f"a part is not defined: {', '.join(undefined)}", details=seen)
    low = {name: value for name, value in seen.items() if value < limit}
    unmatched = int(last["n_unmatched"].sum())
    reason = "; ".join(f"{name}: {value:.4f} on {last['date'].iloc[0]:%Y-%m-%d}" for name, value in low.items())
    reason += f" ({unmatched} fills without a mid)" if low and unmatched else ""
    return Reading(min(seen.values()), passed=not low, reason=reason, details=seen)


@fuse(guards="risk/fill_attribution", on_fail="hold", limit="risk.max_identity_gap")
def attribution_identity_closes(fill_attribution: pd.DataFrame, limit: float) -> Reading:
    """Parts and residual sum to the net result, and nothing but fills without a mid leaves a residual.

    Observed is the larger of two gaps, each as a share of the gross (the sum of the absolute parts): |net - parts -
    residual| over all rows, and |residual| over the rows whose fills all have mids.
    """
    table = fill_attribution
    parts = table[list(FILL_PARTS)].to_numpy(dtype=float)
    sums = (table["net_pnl"] - table["residual"]).to_numpy(dtype=float) - parts.sum(axis=1)
    matched = (table["n_unmatched"] == 0).to_numpy()
    gaps = (
        residual_share(parts, sums),
        residual_share(parts, table["residual"].where(matched, 0.0).to_numpy(dtype=float)),
    )
    if any(math.isnan(gap) for gap in gaps):
        return Reading(reason="a part or the net result is not defined")
    observed = max(gaps)
    if observed <= limit:
        return Reading(observed, passed=True)
    off = table.assign(gap=table["residual"].abs().where(matched, 0.0) + abs(sums)).nlargest(SHOWN, "gap")
    named = [f"{r['symbol']} on {r['date']:%Y-%m-%d} ({r['gap']:.2f})" for r in off.to_dict("records") if r["gap"]]
    return Reading(observed, passed=False, reason=f"{observed:.3g} of the gross is off: {', '.join(named)}")


def _coverage(rows: pd.DataFrame) -> float:
    left = rows[["residual"]].abs().sum(skipna=False).to_numpy(dtype=float)
    parts = rows[list(FILL_PARTS)].abs().sum(skipna=False).to_numpy(dtype=float)
    return float(coverage_of(parts[None, :], left)[0])
