"""The circuit breaker of one strategy: NORMAL, WARNING, RESTRICTED, HALTED, one step per session.

It trips at once and recovers one level at a time, each after a cool-down of calm sessions. Some levels cannot end by
themselves: in cash a drawdown stays, and a measure that is not known lets nothing recover. Then a person of risk lowers
the level by one, by a signed record; the drawdown is measured from that session on. Not here: computing the measures,
and what the size multiplier is applied to.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from etf_platform.core.config.governance import BreakerLimits, GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.units.event import BREAKER_LOWERED, BREAKER_MOVED, Event
from etf_platform.governance.ledger import counted

LEVELS = ("NORMAL", "WARNING", "RESTRICTED", "HALTED")
ROLE = "risk"


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
    """Level after a session.

    Attributes
    ----------
    calm : int
        Sessions since that would have allowed a lower level.
    lowered : date or None
        Session as of which a person last lowered it: its losses are accepted, the drawdown begins anew.
    """

    level: str = "NORMAL"
    session: dt.date | None = None
    calm: int = 0
    reasons: tuple[str, ...] = ()
    lowered: dt.date | None = None

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
    after = replace(state, session=session, reasons=(*critical, *warned, *unknown))
    if wanted >= now:
        return replace(after, level=LEVELS[wanted], calm=0)
    calm = 0 if unknown else state.calm + 1
    if calm < limits.cool_down_sessions:
        return replace(after, calm=calm)
    return replace(after, level=LEVELS[now - 1], calm=0)


def findings(measures: Measures, limits: BreakerLimits) -> list[str]:
    """What keeps the breaker from recovering: limits and warnings that are reached, and measures that are missing."""
    return [text for part in _judge(measures, limits) for text in part]


def moved(before: BreakerState, after: BreakerState, strategy: str) -> list[Event]:
    """The event of a change of level, or of the count of calm sessions; none when both stayed."""
    if (before.level, before.calm) == (after.level, after.calm) or after.session is None:
        return []
    payload = {"from": before.level, "to": after.level, "calm": after.calm, "reasons": list(after.reasons)}
    key = f"{BREAKER_MOVED}/{strategy}/{after.session}"
    return [Event(key, BREAKER_MOVED, strategy, "system:breaker", payload, after.session)]


def lowering(state: BreakerState, strategy: str, by: str, reason: str, session: dt.date) -> Event:
    """The event by which a person of risk lowers the level by one, to be sealed by its author (`people.sealed`).

    Raises
    ------
    BadInputError
        There is nothing to lower, no reason, or it was lowered for that session or a later one already.
    """
    event = Event(
        f"{BREAKER_LOWERED}/{strategy}/{session}",
        BREAKER_LOWERED,
        strategy,
        by,
        {"from": state.level, "reason": reason},
        session,
        ROLE,
    )
    saw = _fault(state, event)
    if saw:
        raise BadInputError(f"lowering the breaker of {strategy}", saw, "`etf-platform gov status` shows its level")
    return event


def fold(events: Iterable[Event], config: GovernanceConfig, strategy: str) -> BreakerState:
    """Level of a strategy, and calm sessions counted, after all recorded moves and what people lowered."""
    state = BreakerState()
    about = (e for e in events if e.kind in (BREAKER_MOVED, BREAKER_LOWERED) and e.subject == strategy)
    for event in counted(config, about):
        payload = event.payload
        if event.kind == BREAKER_MOVED and event.is_system:
            reasons = tuple(str(reason) for reason in payload["reasons"])
            state = BreakerState(str(payload["to"]), event.as_of, int(payload["calm"]), reasons, state.lowered)
        elif event.kind == BREAKER_LOWERED and not _fault(state, event):
            lower = LEVELS[LEVELS.index(state.level) - 1]
            state = replace(state, level=lower, calm=0, reasons=(f"lowered by {event.by}",), lowered=event.as_of)
    return state


def _fault(state: BreakerState, event: Event) -> str:
    """Why a lowering changes nothing; empty when it counts."""
    checks = (
        (state.level == "NORMAL", "it is NORMAL"),
        (event.payload.get("from") != state.level, f"it is {state.level}, not {event.payload.get('from')}"),
        (not str(event.payload.get("reason", "")).strip(), "there is no reason"),
        (event.role != ROLE, f"{event.by} signs as {event.role}, not as {ROLE}"),
        (event.as_of is None, "it names no session"),
        (
            None not in (state.lowered, event.as_of) and event.as_of <= state.lowered,  # type: ignore[operator]
            f"it was lowered as of {state.lowered} already",
        ),
    )
    return next((saw for is_wrong, saw in checks if is_wrong), "")


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
            unknown.append(f"{name} missing")
        elif limit is not None and value >= limit:
            critical.append(f"{name} {value:.4f} >= {limit:g}")
        elif warn is not None and value >= warn:
            warned.append(f"{name} {value:.4f} >= {warn:g}")
    return critical, warned, unknown
