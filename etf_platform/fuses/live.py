"""Fuses on what network providers say: whether two of them agree. Not here: which of them is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd


@fuse(guards="market/reconciliation", on_fail="hold", limit=0.2, scope="market")
def sources_agree(reconciliation: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """A second provider gives the same closes. Observed is the share of the compared sample that differs.

    Some differing WARN with names, more than the limit FAIL; no comparison on the day WARN.
    """
    as_of = context.need("as_of")
    today = reconciliation[reconciliation["date"] == as_of]
    compared = today[today["verdict"] != "absent"]
    if compared.empty:
        return Reading(None, state=State.WARN, reason=f"no second provider was compared on {as_of:%Y-%m-%d}")
    differing = compared[compared["verdict"] == "differs"]
    share = len(differing) / len(compared)
    named = [
        f"{row.symbol} {row.close:g} at {row.source}, {row.close_other:g} at {row.other_source}"
        for row in differing.itertuples()
    ]
    state = State.FAIL if share > limit else State.WARN if named else State.PASS
    return Reading(share, state=state, reason="; ".join(named), details={"compared": len(compared), "differ": named})
