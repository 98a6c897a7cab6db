"""What is remembered of a source between requests and processes, and how good a choice it is. Values only."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from etf_platform.market.wire.breaker import FIRST_PAUSE, Breaker, failed, probed, succeeded

REMEMBERED = 20
FORGOTTEN_AFTER = 3600.0
SMOOTHING = 0.3


class SourceState(StrEnum):
    """HEALTHY, DEGRADED (it failed lately), FAILED (left alone for a while), DISABLED (by configuration)."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    FAILED = "FAILED"
    DISABLED = "DISABLED"


@dataclass(frozen=True)
class Health:
    """One source's recent past.

    Attributes
    ----------
    breaker : Breaker
    recent : str
        Outcomes of the last 20 pulls, newest last, `1` for a success and `0` for a failure; outcomes before an hour
        of silence are forgotten.
    seconds : float
        Smoothed duration of its requests; 0 when none is known.
    last_error : str
        Reason of the last failure; kept after a recovery.
    last_success, last_failure : float or None
        Seconds on the same clock.
    """

    breaker: Breaker = field(default_factory=Breaker)
    recent: str = ""
    seconds: float = 0.0
    last_error: str = ""
    last_success: float | None = None
    last_failure: float | None = None

    @property
    def success_rate(self) -> float:
        """Share of the remembered pulls that succeeded; 1 when none is remembered."""
        return self.recent.count("1") / len(self.recent) if self.recent else 1.0

    def is_due(self, now: float) -> bool:
        """Whether it failed last time and has been left alone long enough to be tried again."""
        if not self.breaker.failures or self.breaker.phase(now) == "open":
            return False
        return now >= (self.last_failure or 0.0) + FIRST_PAUSE * 0.8

    def state(self, now: float, enabled: bool = True) -> SourceState:
        """The state that people see."""
        if not enabled:
            return SourceState.DISABLED
        if self.breaker.phase(now) != "closed":
            return SourceState.FAILED
        return SourceState.DEGRADED if self.breaker.failures else SourceState.HEALTHY


def score(health: Health, priority: float, is_high_frequency: bool, now: float) -> float:
    """How good a choice a source is now; larger is better, between 0 and 1.2.

    .5 success rate + .3 max(0, 1 - (seconds - 1) / 4), at most .3, + .2 max(0, 1 - priority / 100) + .2 for a free
    source that may be asked often. The success rate of a source that is due for another try counts as 1, else one that
    failed would never be seen to work again.
    """
    speed = min(1.0, max(0.0, 1.0 - (health.seconds - 1.0) / 4.0))
    success = 1.0 if health.is_due(now) else _current(health, now).success_rate
    return 0.5 * success + 0.3 * speed + 0.2 * max(0.0, 1.0 - priority / 100.0) + 0.2 * is_high_frequency


def after_success(health: Health, now: float, seconds: float) -> Health:
    """A pull that passed every gate; `seconds` is how long one of its requests took.

    What stood before an outage is forgotten when the source comes back: old failures say nothing of it now.
    """
    recent = "1" if health.breaker.phase(now) != "closed" else _remember(_current(health, now).recent, "1")
    smoothed = seconds if health.seconds == 0.0 else (1 - SMOOTHING) * health.seconds + SMOOTHING * seconds
    return replace(health, breaker=succeeded(), recent=recent, seconds=smoothed, last_success=now)


def after_failure(health: Health, now: float, draw: float, reason: str) -> Health:
    """A request that failed for good, or a pull that a gate refused."""
    breaker = failed(health.breaker, now, draw)
    recent = _remember(_current(health, now).recent, "0")
    return replace(health, breaker=breaker, recent=recent, last_error=reason, last_failure=now)


def on_probe(health: Health, now: float) -> Health:
    """A half-open source that is being tried."""
    return replace(health, breaker=probed(health.breaker, now))


def _current(health: Health, now: float) -> Health:
    last = max(health.last_success or 0.0, health.last_failure or 0.0)
    return replace(health, recent="") if now - last > FORGOTTEN_AFTER else health


def _remember(recent: str, outcome: str) -> str:
    return (recent + outcome)[-REMEMBERED:]
