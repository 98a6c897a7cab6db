"""When a source that fails is left alone: a circuit breaker as a value. No clock, no storage, no random numbers.

closed: asked as usual. open: not asked until `retry_at`. half-open: one probe is let through; its outcome closes the
breaker, or opens it for twice as long.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

FAILURES_TO_OPEN = 3
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 900.0
JITTER = 0.2
PROBE_SECONDS = 120.0

Phase: TypeAlias = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class Breaker:
    """Failures in a row, the pause that the next opening takes, until when nobody asks (seconds on any clock), and
    whether a probe is under way.
    """

    failures: int = 0
    pause: float = FIRST_PAUSE
    retry_at: float = 0.0
    is_probing: bool = False

    def phase(self, now: float) -> Phase:
        """Closed, open or half-open at a moment."""
        if self.failures < FAILURES_TO_OPEN:
            return "closed"
        return "open" if now < self.retry_at else "half_open"


def failed(breaker: Breaker, now: float, draw: float) -> Breaker:
    """After a failure at `now`.

    Parameters
    ----------
    draw : float
        Random number in [0, 1): the pause is shortened by up to `JITTER` of itself, so that several processes do not
        come back at the same moment.
    """
    failures = breaker.failures + 1
    if failures < FAILURES_TO_OPEN:
        return replace(breaker, failures=failures)
    if breaker.phase(now) == "open" and not breaker.is_probing:
        return replace(breaker, failures=failures)
    retry_at = now + breaker.pause * (1.0 - JITTER * draw)
    return Breaker(failures, min(2.0 * breaker.pause, LONGEST_PAUSE), retry_at)


def succeeded() -> Breaker:
    """After a success: closed, and the next opening is short again."""
    return Breaker()


def probed(breaker: Breaker, now: float) -> Breaker:
    """A half-open breaker whose one probe is under way: open for everybody else while the probe may take."""
    return replace(breaker, retry_at=now + PROBE_SECONDS, is_probing=True)
