"""The circuit breaker of one strategy: NORMAL, WARNING, RESTRICTED, HALTED, one step per session.

It trips at once and recovers one level at a time, each after a cool-down of calm sessions. Not here: computing the
measures, and what the size multiplier is applied to.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields

from etf_platform.core.config.governance import BreakerLimits
from etf_platform.core.units.event import BREAKER_MOVED, Event

LEVELS = ("NORMAL", "WARNING", "RESTRICTED", "HALTED")


@dataclass(frozen=True)
class Measures:
    """Losses as positive fractions: of the day, from the peak, VaR at 95 and 99 %, and the largest weight.

    None or NaN = not known: it trips nothing, and nothing recovers while it lasts.
    """

    daily_loss: float | None
    drawdown: float | None
    var95: float | None
    var99: float | None
    concentration: float | None


@dataclass(frozen=True)
class BreakerState:
    """Level after a session; `calm` counts the sessions since that would have allowed a lower one."""

    level: str = "NORMAL"
    session: dt.date | None = None
    calm: int = 0
    reasons: tuple[str, ...] = ()

    def size(self, limits: BreakerLimits) -> float:
        """Multiplier of the exposure at this level."""
        return limits.sizes[LEVELS.index(self.level)]


def step(state: BreakerState, measures: Measures, limits: BreakerLimits, session: dt.date) -> BreakerState:
    """The breaker after one more session; a session that it has seen already changes nothing.

    One warning gives WARNING; one critical or two warnings RESTRICTED; two criticals, or one while RESTRICTED (or
    already HALTED), HALTED. A critical measure is no warning besides.
    """
    if state.session is not None and session <= state.session:
        return state
    critical, warned, unknown = _judge(measures, limits)
    now, wanted = LEVELS.index(state.level), _wanted(state.level, len(critical), len(warned))
    reasons = (*critical, *warned, *(f"{name} missing" for name in unknown))
    if wanted >= now:
        return BreakerState(LEVELS[wanted], session, 0, reasons)
    calm = 0 if unknown else state.calm + 1
    if calm < limits.cool_down_sessions:
        return BreakerState(state.level, session, calm, reasons)
    return BreakerState(LEVELS[now - 1], session, 0, reasons)


def moved(before: BreakerState, after: BreakerState, strategy: str) -> list[Event]:
    """The event of a change of level, or of the count of calm sessions; none when both stayed."""
    if (before.level, before.calm) == (after.level, after.calm) or after.session is None:
        return []
    payload = {"from": before.level, "to": after.level, "calm": after.calm, "reasons": list(after.reasons)}
    key = f"{BREAKER_MOVED}/{strategy}/{after.session}"
    return [Event(key, BREAKER_MOVED, strategy, "system:breaker", payload, after.session)]


def fold(events: Iterable[Event], strategy: str) -> BreakerState:
    """Level of a strategy, and calm sessions counted, after all recorded moves."""
    state = BreakerState()
    for event in events:
        if event.kind == BREAKER_MOVED and event.subject == strategy and event.is_system:
            reasons = tuple(str(reason) for reason in event.payload["reasons"])
            state = BreakerState(str(event.payload["to"]), event.as_of, int(event.payload["calm"]), reasons)
    return state


def _wanted(level: str, critical: int, warned: int) -> int:
    if critical >= 2 or (critical and level in ("RESTRICTED", "HALTED")):
        return 3
    if critical or warned >= 2:
        return 2
    return 1 if warned else 0


def _judge(measures: Measures, limits: BreakerLimits) -> tuple[list[str], list[str], list[str]]:
    bounds: dict[str, tuple[float | None, float | None]] = {
        "daily_loss": limits.daily_loss,
        "drawdown": limits.drawdown,
        "var95": (limits.var95, None),
        "var99": (None, limits.var99),
        "concentration": limits.concentration,
    }
    critical, warned, unknown = [], [], []
    for name in (field.name for field in fields(measures)):
        value, (warn, limit) = getattr(measures, name), bounds[name]
        if value is None or value != value:
            unknown.append(name)
        elif limit is not None and value >= limit:
            critical.append(f"{name} {value:.4f} >= {limit:g}")
        elif warn is not None and value >= warn:
            warned.append(f"{name} {value:.4f} >= {warn:g}")
    return critical, warned, unknown
