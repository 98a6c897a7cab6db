"""Fuses on risk forecasts: made before the day they are for, and broken as often as they should be."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from etf_platform.core.states import State, worst
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5  # rows listed in a reason


@fuse(guards="risk/coverage", on_fail="hold", limit=0, scope="account")
def forecast_coverage(coverage: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """The governing VaR forecasts of the last 250 sessions are broken as often as they should be.

    Green is PASS, yellow WARN, red or two majors FAIL; too few forecasts, none of the governing method, or none for
    the last two sessions, BLOCKED. Observed is the number of series that are not PASS. Methods beside the governing
    one are named in the details and hold nothing.
    """
    governing = coverage[coverage["is_governing"].astype(bool)]
    beside = coverage[~coverage["is_governing"].astype(bool)]
    red = [f"{r.series} {r.method} {r.level:g}" for r in beside[beside["light"] == "red"].itertuples()]
    if governing.empty:
        return Reading(reason="no forecast of the governing method is judged", details={"red beside": red})
    told = [_told(row, context) for row in governing.to_dict("records")]
    wrong = [reason for state, reason in told if state is not State.PASS]
    reason = "; ".join(wrong[:SHOWN]) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
    return Reading(
        float(len(wrong)), state=worst(state for state, _ in told), reason=reason, details={"red beside": red}
    )


@fuse(guards="risk/forecasts", on_fail="hold", limit=0, scope="account")
def forecasts_precede_their_day(forecasts: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Every forecast is for the session right after the last close it knows. Observed is the number that are not."""
    sessions = context.need("sessions")
    days = forecasts[["date", "for_date"]].drop_duplicates()
    place = sessions.searchsorted(days["date"], side="right")
    known = place < len(sessions)
    right = known & (sessions[place.clip(max=len(sessions) - 1)] == days["for_date"])
    wrong = days[~right]
    named = [f"{row.date:%Y-%m-%d} for {row.for_date:%Y-%m-%d}" for row in wrong.head(SHOWN).itertuples()]
    reason = f"not for the next session: {', '.join(named)}" if named else ""
    return Reading(float(len(wrong)), passed=len(wrong) <= limit, reason=reason)


def _told(row: Mapping[Hashable, Any], context: FuseContext) -> tuple[State, str]:
    """State of one series and why."""
    state, series = State(row["status"]), row["series"]
    if state is State.BLOCKED:
        return state, f"{series}: {row['reason']}"
    if _sessions_behind(row["last_date"], context) > 1:
        return State.BLOCKED, f"{series}: stale, the last session tested is {row['last_date']:%Y-%m-%d}"
    counted = f"{row['n_breaches']} of {row['n_forecasts']} sessions below -VaR, {row['expected']:.1f} expected"
    return state, "; ".join([f"{series} is {row['light']}: {counted}", *row["reason"].split("; ")[1:]])


def _sessions_behind(last: pd.Timestamp, context: FuseContext) -> int:
    """Sessions after the last one tested, up to the day that is judged."""
    sessions = context.need("sessions")
    behind: int = sessions.searchsorted(context.as_of, side="right") - sessions.searchsorted(last, side="right")
    return int(behind)
