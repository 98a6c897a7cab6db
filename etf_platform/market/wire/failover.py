"""Which source's answer is taken: candidates in the order of their score, each behind the same gates.

An answer is one table from one source; rows of two sources are never mixed. Nothing is made up: when no source passes,
the error says of each one why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import random
from typing import Generic, TypeVar

from etf_platform.core.errors import PlatformError, SourceUnavailableError
from etf_platform.market.wire.health import Health, after_failure, after_success, on_probe, score
from etf_platform.market.wire.memory import Memory, SourceEvent

Answer = TypeVar("Answer")


class AllSourcesFailedError(SourceUnavailableError):
    """No source gave an answer that may be stored.

    Every source was tried as often as makes sense, so that starting the step again at once would only ask open
    breakers: the next run may succeed.
    """

    retryable = False


@dataclass(frozen=True)
class Candidate(Generic[Answer]):
    """One source that could answer.

    Attributes
    ----------
    fetch : callable
        Asks and reads; raises SourceError.
    refuse : callable
        Why the answer may not be stored, in words; empty when it may.
    priority : float
        0 first, 100 last.
    """

    name: str
    fetch: "Callable[[], Answer]"
    refuse: "Callable[[Answer], str]"
    priority: float = 50.0
    is_high_frequency: bool = False


@dataclass(frozen=True)
class Attempt:
    """What became of one candidate: why not, or nothing when its answer was taken."""

    source: str
    reason: str = ""


@dataclass(frozen=True)
class Pulled(Generic[Answer]):
    """The answer taken, whose it is, and what was tried before."""

    answer: Answer
    source: str
    attempts: tuple[Attempt, ...]
    event: SourceEvent | None


@dataclass(frozen=True)
class Surroundings:
    """What a pull needs besides candidates: memory, clock (seconds since the epoch) and a random draw."""

    memory: Memory
    clock: Callable[[], float]
    draw: Callable[[], float] = field(default=random)


def in_order(candidates: Sequence[Candidate[Answer]], around: Surroundings) -> list[Candidate[Answer]]:
    """Candidates by falling score, at equal scores by priority."""
    now = around.clock()
    scores = {c.name: score(around.memory.health(c.name), c.priority, c.is_high_frequency, now) for c in candidates}
    return sorted(candidates, key=lambda c: (-round(scores[c.name], 9), c.priority, c.name))


def pull(topic: str, doing: str, candidates: Sequence[Candidate[Answer]], around: Surroundings) -> Pulled[Answer]:
    """Ask the candidates in order until one answers and passes its gates.

    Parameters
    ----------
    topic : str
        What is asked for, by which a change of source is noticed, e.g. `bars/XSHG`.
    doing : str
        For the error, e.g. `fetching bars of 43 symbols`.

    Raises
    ------
    AllSourcesFailedError
        None did; `saw` holds one clause per source.
    """
    attempts: list[Attempt] = []
    for candidate in in_order(candidates, around):
        tried = _try(candidate, around)
        answer, reason = tried
        attempts.append(Attempt(candidate.name, reason))
        if answer is not None:
            event = _note(topic, candidate.name, candidates, attempts, around)
            return Pulled(answer, candidate.name, tuple(attempts), event)
    _note(topic, "", candidates, attempts, around)
    raise AllSourcesFailedError(doing, _clauses(attempts) or "no source is configured", "nothing was stored")


def _try(candidate: Candidate[Answer], around: Surroundings) -> tuple[Answer | None, str]:
    now = around.clock()
    health = around.memory.health(candidate.name)
    phase = health.breaker.phase(now)
    if phase == "open":
        return None, f"left alone for {health.breaker.retry_at - now:.0f} s more after: {health.last_error}"
    if phase == "half_open":
        around.memory.change(candidate.name, lambda h: on_probe(h, now))
    try:
        answer = candidate.fetch()
        reason = candidate.refuse(answer)
    except PlatformError as error:
        return None, _failed(candidate.name, error.saw, around)
    if reason:
        return None, _failed(candidate.name, reason, around)
    seconds = getattr(answer, "seconds", 0.0)
    around.memory.change(candidate.name, lambda h: after_success(h, around.clock(), seconds))
    return answer, ""


def _failed(source: str, reason: str, around: Surroundings) -> str:
    draw = around.draw()

    def step(health: Health) -> Health:
        return after_failure(health, around.clock(), draw, reason)

    around.memory.change(source, step)
    return reason


def _note(
    topic: str,
    used: str,
    candidates: Sequence[Candidate[Answer]],
    attempts: Sequence[Attempt],
    around: Surroundings,
) -> SourceEvent | None:
    first = min(candidates, key=lambda c: c.priority).name if candidates else ""
    why = _clauses([a for a in attempts if a.reason])

    def note(before: str | None) -> SourceEvent | None:
        known = first if before is None else before
        if used == known:
            return None
        kind = "exhausted" if not used else "recovered" if used == first or not known else "switched"
        return SourceEvent(topic, kind, used, known, why, around.clock())  # type: ignore[arg-type]

    return around.memory.used(topic, used, note)


def _clauses(attempts: Sequence[Attempt]) -> str:
    return "; ".join(f"{a.source}: {a.reason}" for a in attempts)
