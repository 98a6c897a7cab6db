"""Fuses on risk forecasts: made before the day they are for, and broken as often as they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.states import State, worst
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

STATE_OF = {"green": State.PASS, "yellow": State.WARN, "red": State.FAIL}
SHOWN = 5  # rows listed in a reason


@fuse(guards="risk/coverage", on_fail="hold", limit=0, scope="account")
def forecast_coverage(coverage: pd.DataFrame, limit: float) -> Reading:
    """The governing VaR forecasts of the last 250 sessions are broken as often as they should be.

    Green is PASS, yellow WARN, red FAIL; too few forecasts, or none of the governing method, BLOCKED. Observed is the
    number of series that are not green. Methods beside the governing one are named in the details and hold nothing.
    """
    governing = coverage[coverage["is_governing"].astype(bool)]
    beside = coverage[~coverage["is_governing"].astype(bool)]
    red = [f"{r.series} {r.method} {r.level:g}" for r in beside[beside["light"] == "red"].itertuples()]
    if governing.empty:
        return Reading(reason="no forecast of the governing method is judged", details={"red beside": red})
    rows = list(governing.itertuples())
    states = [STATE_OF.get(str(row.light), State.BLOCKED) for row in rows]
    told = [_told(row) for row, state in zip(rows, states, strict=True) if state is not State.PASS]
    reason = "; ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")
    return Reading(float(len(told)), state=worst(states), reason=reason, details={"red beside": red})


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


def _told(row: object) -> str:
    series, light = getattr(row, "series", ""), str(getattr(row, "light", ""))
    if light not in STATE_OF:
        return f"{series}: {getattr(row, 'reason', '')}"
    counted = f"{getattr(row, 'n_breaches', 0)} of {getattr(row, 'n_forecasts', 0)} sessions below -VaR"
    return f"{series} is {light}: {counted}, {getattr(row, 'expected', float('nan')):.1f} expected"
