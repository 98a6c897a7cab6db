"""Operations over past sessions, day by day as if live: what is run on a day sees nothing later than its close.

Data, factors, targets, back-test and VaR of a session that are not stored are made first. A session that is left out is
a missed day: the account goes on with the next one, and what should have been decided stays undecided. Steps are run as
they are, without a Dagster run. Not here: the steps, and runs that Dagster keeps (`runner`).
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from etf_platform.core.errors import BadInputError, PlatformError
from etf_platform.orchestration.assets import steps_of
from etf_platform.orchestration.closing import close_session
from etf_platform.orchestration.graph_operations import ACCOUNT as ACCOUNT_JOB
from etf_platform.orchestration.graph_operations import JOB, PORTFOLIO_JOB, WEEKLY
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Outcome, Step, Window

BEFORE = (
    "market/{pool}/bars",
    "factors/{pool}/panel",
    "strategies/{pool}/targets",
    "backtest/{pool}/rotation",
    "risk/{pool}/forecasts",
    "risk/{pool}/coverage",
    "risk/{pool}/attribution",
)
ACCOUNT = "paper/{pool}/account"
ACTS = "acts/{pool}/close"  # stands for the acts of a session where a step's address stands


@dataclass(frozen=True)
class Replayed:
    """One step of one session: what it told, and how long it took; a step that could not run has the fact `error`."""

    session: dt.date
    universe: str
    address: str
    facts: dict[str, object]
    seconds: float


def replay(
    platform: Platform,
    start: dt.date,
    end: dt.date,
    pools: Sequence[str] = (),
    missing: Collection[dt.date] = (),
    told: Callable[[Replayed], None] | None = None,
) -> list[Replayed]:
    """Run the operations of every session of `start..end`, one after the other.

    Parameters
    ----------
    pools : sequence of str
        Only these; default all, and then the portfolio's steps too.
    missing : collection of date
        Sessions on which nothing runs.
    told : callable, optional
        Called after every step.

    Raises
    ------
    BadInputError
        No session lies in the range.
    """
    chosen = tuple(pools) or tuple(platform.config.pools)
    sessions = [day.date() for day in platform.sessions(chosen[0]).between(start, end)]
    if not sessions:
        raise BadInputError(f"replaying {start}..{end}", "no session lies in it", "give a range with sessions")
    done: list[Replayed] = []
    for day in sessions:
        for replayed in _day(platform, chosen, day, bool(pools)) if day not in missing else ():
            done.append(replayed)
            if told is not None:
                told(replayed)
    return done


def _day(platform: Platform, pools: Sequence[str], day: dt.date, only: bool) -> Iterator[Replayed]:
    """Everything of one session; what cannot run stops its universe for the day."""
    stopped: set[str] = set()
    for universe, step in _due(platform, pools, day, only):
        if step is None:
            yield _closed(platform, universe, day)
        elif universe not in stopped:
            done = _replayed(platform, universe, step, day)
            if "error" in done.facts:
                stopped.add(universe)
            yield done


def _due(platform: Platform, pools: Sequence[str], day: dt.date, only: bool) -> Iterator[tuple[str, Step | None]]:
    """Steps of a session in the order of the data flow: data of every pool, operations, acts (None), the week's steps.

    The acts are due even where operations could not run, as they are live.
    """
    steps = [(u, s) for u, s in steps_of(platform) if u in pools or (not only and u not in platform.config.pools)]
    for universe, step in steps:
        is_asked = universe in pools or (universe == PORTFOLIO and not only)
        if is_asked and step.address in BEFORE and _lacking(platform, universe, step, day):
            yield universe, step
    yield from ((u, s) for u, s in steps if s.job in (ACCOUNT_JOB, JOB, PORTFOLIO_JOB))
    yield from ((pool, None) for pool in pools)
    if _ends_week(platform, pools[0], day):
        yield from ((u, s) for u, s in steps if s.job == WEEKLY)


def _closed(platform: Platform, pool: str, day: dt.date) -> Replayed:
    """What the sensor does after operations of a session."""
    began = time.perf_counter()
    kinds = Counter(event.kind for event in close_session(platform, day, (pool,)))
    facts: dict[str, object] = {"events": ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "none"}
    return Replayed(day, pool, ACTS, facts, time.perf_counter() - began)


def _replayed(platform: Platform, universe: str, step: Step, day: dt.date) -> Replayed:
    """A step that cannot run stops its universe for the day, as it does live."""
    began = time.perf_counter()
    try:
        facts = _run(platform, universe, step, day).facts
    except PlatformError as error:
        facts = {"state": "BLOCKED", "first diverging stage": "", "error": str(error)}
    return Replayed(day, universe, step.address, facts, time.perf_counter() - began)


def _run(platform: Platform, universe: str, step: Step, day: dt.date) -> Outcome:
    start = (_lacking(platform, universe, step, day) or day) if step.address in BEFORE else day
    window = Window(start, day, f"replay-{day}")
    if step.address != ACCOUNT:
        return platform.perform(step, universe, window)
    from etf_platform.orchestration.gates import refuse_behind_open_fuse
    from etf_platform.orchestration.steps.paper import carry, scheduled

    def as_if_live(held: Platform, pool: str, session: dt.date) -> dt.datetime | None:
        return scheduled(held, session) if session == day else None

    refuse_behind_open_fuse(platform, universe, step)
    return carry(platform, universe, window, as_if_live)


def _lacking(platform: Platform, universe: str, step: Step, day: dt.date) -> dt.date | None:
    """First session up to `day` that the step's table does not hold, after its last one; None when it holds the day.

    Data of a session on which nothing ran come with the next run, as they do live; its decision does not.
    """
    table = next(table for table in step.tables if any(column.name == "date" for column in table.columns))
    if not platform.lake.exists(table, universe):
        return day
    last = platform.lake.read(table, universe, end=day, columns=["date"])["date"].max()
    if last != last:
        return day
    return platform.sessions(universe).next(last).date() if last.date() < day else None


def _ends_week(platform: Platform, pool: str, day: dt.date) -> bool:
    following = platform.sessions(pool).next(day).date()
    return following.isocalendar()[:2] != day.isocalendar()[:2]
