"""Fuses on the factor panel and its summary: checks 2, 3, 6, 7, 8 and failed factors. Look-ahead is in `look_ahead`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from etf_platform.core.states import State
from etf_platform.core.tables import PANEL
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

META_KEYS = (
    "engine_version",
    "price_field",
    "price_field_priority",
    "generated_at",
    "data_range",
    "run_params",
    "factors",
    "panel_columns_hash",
)
SHOWN = 10  # names listed in details

OF_PANEL = ("panel",)


@fuse(guards="factors/panel", on_fail="halt", limit="thresholds.min_coverage", declared_only=OF_PANEL)
def coverage(panel: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Enough of the panel is filled to rank funds on it, and not suddenly less than before.

    Observed is the mean non-null share over factor columns. From the limit on PASS, down to `warn_coverage_floor`
    WARN, below FAIL; `max_coverage_drop` or more below the last accepted run FAIL; without such a run at best WARN.
    """
    facts = _facts(panel, context)
    filled = facts["known"] / facts["rows"]
    observed = float(filled.mean())
    accepted = context.accepted.get("coverage")
    state, reason = _coverage_state(observed, accepted, limit, context)
    lowest = {str(name): round(float(share), 4) for name, share in filled.nsmallest(SHOWN).items()}
    return Reading(observed, state=state, reason=reason, details={"accepted": accepted, "lowest": lowest})


def _coverage_state(observed: float, accepted: float | None, limit: float, context: FuseContext) -> tuple[State, str]:
    floor, allowed = context.thresholds.warn_coverage_floor, context.thresholds.max_coverage_drop
    if observed < floor:
        return State.FAIL, f"coverage {observed:.4f} is below {floor:g}"
    if accepted is not None and round(accepted - observed, 12) >= allowed:
        return State.FAIL, f"coverage fell from {accepted:.4f} to {observed:.4f}, by {allowed:g} or more"
    if observed < limit:
        return State.WARN, f"coverage {observed:.4f} is below {limit:g}"
    if accepted is None:
        return State.WARN, f"coverage {observed:.4f}; there is no accepted run to compare with"
    return State.PASS, ""


@fuse(guards="factors/summary", on_fail="hold", limit="thresholds.min_factors")
def effective_factors(factor_summary: pd.DataFrame, limit: float) -> Reading:
    """Enough factors are in production to form a score."""
    count = int(factor_summary.loc[factor_summary["is_production"].astype(bool), "factor_id"].nunique())
    return Reading(
        float(count),
        passed=count >= limit,
        reason="" if count >= limit else f"{count} factors, at least {limit:g} needed",
    )


@fuse(guards="factors/panel", on_fail="halt", limit=0, declared_only=OF_PANEL)
def index_spec(panel: pd.DataFrame, context: FuseContext) -> Reading:
    """Rows are keyed by symbol and date, unique, sorted, and dated on exchange sessions."""
    problems = index_problems(panel, context.need("sessions"))
    return Reading(float(len(problems)), passed=not problems, reason="; ".join(problems))


def index_problems(panel: pd.DataFrame, sessions: pd.DatetimeIndex) -> list[str]:
    """What is wrong with the key of a panel: stored (columns date, symbol) or exported (index symbol, date)."""
    import pandas as pd

    if isinstance(panel.index, pd.MultiIndex):
        if list(panel.index.names) != ["symbol", "date"]:
            return [f"the index is named {tuple(panel.index.names)}, expected ('symbol', 'date')"]
        keys = panel.index
    else:
        if missing := [name for name in PANEL.key if name not in panel.columns]:
            return [f"no column {', '.join(missing)}"]
        keys = pd.MultiIndex.from_frame(panel[list(PANEL.key)])
    dates = pd.DatetimeIndex(keys.get_level_values("date").unique())
    strangers = dates.difference(sessions)
    found = {
        "a (symbol, date) pair stands twice": not keys.is_unique,
        "the rows are not sorted": not keys.is_monotonic_increasing,
        f"no session: {', '.join(f'{day:%Y-%m-%d}' for day in strangers[:SHOWN])}": len(strangers) > 0,
    }
    return [problem for problem, is_found in found.items() if is_found]


@fuse(guards="factors/panel", on_fail="halt", limit="thresholds.max_zero_variance", declared_only=OF_PANEL)
def zero_variance(panel: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """No factor is constant. One or more WARN, the limit or more FAIL; a column without values is coverage's matter."""
    facts = _facts(panel, context)
    names = list(facts.index[facts["lowest"] == facts["highest"]])
    state = State.FAIL if len(names) >= limit else State.WARN if names else State.PASS
    reason = f"constant: {', '.join(names[:SHOWN])}" if names else ""
    return Reading(float(len(names)), state=state, reason=reason, details={"constant": names})


@fuse(guards="factors/summary", on_fail="hold", limit=0, declared_only=OF_PANEL)
def metadata(panel: pd.DataFrame, factor_summary: pd.DataFrame, context: FuseContext) -> Reading:
    """The panel's description is complete, its hash recomputes, and every described factor is in the panel.

    Observed is the number of problems. A factor is described by its published id or by its column.
    """
    meta = context.need("panel_meta")
    problems = [f"{key} is missing or empty" for key in META_KEYS if not meta.get(key)]
    described = set(meta.get("factors") or ())
    recomputed = columns_hash(described)
    if described and meta.get("panel_columns_hash") not in (None, "", recomputed):
        problems.append(f"panel_columns_hash is {meta['panel_columns_hash']}, recomputed {recomputed}")
    columns = set(_facts(panel, context).index)
    stored = factor_summary.loc[factor_summary["column"].isin(columns), "factor_id"]
    if absent := sorted(described - columns - set(stored)):
        problems.append(f"described and not in the panel: {', '.join(absent[:SHOWN])}")
    return Reading(float(len(problems)), passed=not problems, reason="; ".join(problems))


def columns_hash(names: Iterable[str]) -> str:
    """First 16 hex digits of md5 over the sorted column names joined by `|`."""
    return hashlib.md5("|".join(sorted(names)).encode(), usedforsecurity=False).hexdigest()[:16]


@fuse(guards="factors/panel", on_fail="halt", limit="max_failed_share", declared_only=OF_PANEL)
def failed_factors(panel: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Hardly any designed factor failed to compute.

    Observed is the share of failed columns, of which `failed_factors` of the panel's description gives the names; up to
    the limit WARN, above FAIL.
    """
    told = context.need("panel_meta")["failed_factors"]
    failed = sorted({str(entry["factor"]) if isinstance(entry, Mapping) else str(entry) for entry in told})
    designed = len(set(_facts(panel, context).index) | set(failed))
    share = len(failed) / designed
    state = State.FAIL if share > limit else State.WARN if failed else State.PASS
    reason = f"{len(failed)} of {designed} failed: {', '.join(failed[:SHOWN])}" if failed else ""
    return Reading(share, state=state, reason=reason, details={"failed": failed})


def factor_columns(panel: pd.DataFrame) -> list[str]:
    """Columns of a panel that hold factors, in stored order."""
    described = {column.name for column in PANEL.columns}
    return [name for name in panel.columns if name not in described]


def _facts(panel: pd.DataFrame, context: FuseContext) -> pd.DataFrame:
    """Facts of the factor columns: those that the context brings, else of the panel itself."""
    from etf_platform.measures.columns import column_facts

    return column_facts(panel[factor_columns(panel)]) if context.panel_columns is None else context.panel_columns
