"""Fuses on what network providers say: whether two of them agree, and they with us. Not here: which is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etf_platform.core.names import same_name
from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    from collections.abc import Hashable

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


@fuse(guards="market/listings", on_fail="warn", limit=0)
def names_agree(listings: pd.DataFrame, limit: float) -> Reading:
    """Members are called at the provider as in instruments.yaml, and are listed and not suspended.

    Observed is the number of members in the last session for which that does not hold; they are named. A member that
    has no name on one of the two sides is not compared.
    """
    last = listings[listings["date"] == listings["date"].max()]
    named = [told for row in last.to_dict("records") if (told := _other_listing(row))]
    return Reading(float(len(named)), passed=len(named) <= limit, reason="; ".join(named), details={"members": named})


def _other_listing(row: dict[Hashable, Any]) -> str:
    """What is other than configured about a member; empty when nothing is."""
    ours, theirs = row["configured_name"], row["name"]
    is_other = bool(ours and theirs) and not same_name(ours, theirs)
    said = [f"is called {theirs} at {row['source']}, {ours} in instruments.yaml"] if is_other else []
    if not row["is_listed"] or row["status"] == "suspended":
        said.append(f"is {row['status']} since {row['changed_on']:%Y-%m-%d} at {row['source']}")
    return f"{row['symbol']} {' and '.join(said)}" if said else ""
