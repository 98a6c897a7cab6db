"""Runs the jobs of the code location in this process, on the instance that the UI shows.

The command line is a thin layer over this: there is no second pipeline beside the asset graph.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg

from etf_platform.core.errors import BadInputError, NotASessionError
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.checks import fuses_on
from etf_platform.orchestration.collector import freeze_once
from etf_platform.orchestration.graph_arbitrage import JOB as ARBITRAGE
from etf_platform.orchestration.graph_scoring import JOB as SCORING
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.jobs import job_of, universe_job
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.progress import QUIET, StepEnded, listening
from etf_platform.orchestration.windows import PARTITION, RANGE_END, RANGE_START


@dataclass(frozen=True)
class JobResult:
    """How one in-process run ended.

    Attributes
    ----------
    problems : tuple of (step, sentence)
        Failed steps; skipped ones follow from them and are not listed.
    """

    job: str
    run_id: str
    succeeded: bool
    problems: tuple[tuple[str, str], ...]
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What has to run so that `start..end` of these pools is there."""

    pools: tuple[str, ...]
    start: date
    end: date
    history_for: tuple[str, ...]
    history_until: date


def latest_session(platform: Platform, pool: str = PORTFOLIO, now: datetime | None = None) -> date:
    """The last session whose close has passed on the exchange of a pool or universe."""
    from etf_platform.market.freshness import last_closed_session

    return last_closed_session(platform.sessions(pool), now or datetime.now(UTC)).date()


def plan_run(platform: Platform, pools: Sequence[str], start: date, end: date) -> Plan:
    """Decide what a request needs: the history of an empty home, and the sessions that were missed before `start`.

    Raises
    ------
    NotASessionError, BadInputError
        The dates are no sessions, in the wrong order, in the future, or before the first partition.
    """
    sessions = platform.sessions(pools[0])
    _check_dates(platform, pools[0], start, end)
    previous = sessions.previous(start).date()
    stored = {pool: last_stored(platform, pool) for pool in pools}
    empty = tuple(pool for pool, last in stored.items() if last is None)
    first = date.fromisoformat(platform.config.platform.first_partition)
    lasts = [*stored.values(), *(last_figures(platform, universe) for universe in (*pools, PORTFOLIO))]
    gaps = [sessions.next(last).date() for last in lasts if last is not None and last < previous]
    return Plan(tuple(pools), max(first, min([start, *gaps])), end, empty, previous)


def last_stored(platform: Platform, pool: str) -> date | None:
    """Last session up to which bars, panel and targets are all there; None when one was never written."""
    from etf_platform.core.tables import BARS, PANEL, TARGETS

    tables = (BARS, PANEL, TARGETS)
    if not all(platform.lake.exists(table, pool) for table in tables):
        return None
    lasts = [platform.lake.read(table, pool, columns=["date"])["date"].max() for table in tables]
    return min((last.date() for last in lasts if last == last), default=None)


def last_figures(platform: Platform, universe: str) -> date | None:
    """Last session with key figures, the last thing that a run writes; None when there are none."""
    from etf_platform.core.tables import KPI

    if not platform.lake.exists(KPI, universe):
        return None
    last = platform.lake.read(KPI, universe, columns=["date"])["date"].max()
    return last.date() if last == last else None


def steps_in(platform: Platform, job: str, pools: Sequence[str]) -> list[dg.AssetKey]:
    """Asset keys of one job for these pools."""
    wanted = {*pools, PORTFOLIO}
    return [asset_key(s.address, u) for u, s in steps_of(platform) if s.job == job and u in wanted]


def step_count(platform: Platform, plan: Plan) -> int:
    """Steps that a plan runs at most, checks included; for progress."""
    jobs = [("history", plan.history_for)] if plan.history_for else []
    jobs += [(job, plan.pools) for job in jobs_of(plan)]
    checked = sum(
        1
        for u, s in steps_of(platform)
        if s.job != "history" and u in {*plan.pools, PORTFOLIO} and fuses_on(platform, s, u)
    )
    return sum(len(steps_in(platform, job, pools)) for job, pools in jobs) + checked


def jobs_of(plan: Plan) -> tuple[str, ...]:
    """The jobs after `history`; a first run and a backfill also make what otherwise is made weekly."""
    is_one_more_day = plan.start == plan.end and not plan.history_for
    return ("daily", "portfolio") if is_one_more_day else ("daily", "portfolio", "weekly")


def execute(
    platform: Platform,
    plan: Plan,
    listener: StepEnded | None = None,
    jobs: Sequence[str] | None = None,
    skip: Sequence[str] = (),
) -> list[JobResult]:
    """Run history (where needed), then the given jobs (default: `jobs_of`), without the layers in `skip`."""
    definitions = definitions_of(platform)
    freeze_once()
    results = []
    with open_instance(platform.workspace) as instance, listening(listener):
        if plan.history_for:
            results.append(_history(definitions, instance, platform, plan))
            if not results[-1].succeeded:
                return results
        for job in jobs_of(plan) if jobs is None else jobs:
            keys = [key for key in steps_in(platform, job, plan.pools) if key.path[0] not in skip]
            tags = {} if job == "weekly" else window_tags(plan.start, plan.end)
            results.append(_run(definitions, instance, job, keys, tags))
    return results


def window_tags(start: date, end: date) -> dict[str, str]:
    """Run tags of one session or of a range."""
    if start == end:
        return {PARTITION: end.isoformat()}
    return {RANGE_START: start.isoformat(), RANGE_END: end.isoformat()}


def materialize(platform: Platform, job: str, addresses: Sequence[str], listener: StepEnded | None = None) -> JobResult:
    """Run some unpartitioned assets of one job, with their checks, on everything stored."""
    keys = [dg.AssetKey(address.split("/")) for address in addresses]
    with open_instance(platform.workspace) as instance, listening(listener):
        return _run(definitions_of(platform), instance, job, keys, {})


def run_universe(
    platform: Platform,
    universe: str,
    start: date,
    end: date,
    listener: StepEnded | None = None,
    layers: Sequence[str] | None = None,
) -> list[JobResult]:
    """Run the sessions `start..end` of one universe, of all layers or of some.

    Raises
    ------
    NotASessionError, BadInputError
        As `plan_run`.
    """
    _check_dates(platform, universe, start, end)
    job = universe_job(universe)
    keys = [
        asset_key(step.address, u)
        for u, step in steps_of(platform)
        if job_of(step, u) == job and (layers is None or step.layer in layers)
    ]
    with open_instance(platform.workspace) as instance, listening(listener):
        return [_run(definitions_of(platform), instance, job, keys, window_tags(start, end))]


def load_universe(platform: Platform, universe: str) -> list[JobResult]:
    """Load the bars of a universe up to the last closed session, unless some are stored."""
    from etf_platform.core.tables import BARS

    if platform.lake.exists(BARS, universe):
        return []
    day = latest_session(platform, universe)
    return run_universe(platform, universe, day, day, layers=("market",))


def run_tracker(platform: Platform, day: date, listener: StepEnded | None = None) -> JobResult:
    """Run the job `arbitrage` for one session; the first run loads the whole history.

    Raises
    ------
    NotASessionError, BadInputError
        As `plan_run`.
    """
    _check_dates(platform, platform.config.arbitrage.stocks, day, day)
    with open_instance(platform.workspace) as instance, listening(listener):
        return _run(definitions_of(platform), instance, ARBITRAGE, None, window_tags(day, day))


def run_scoring(platform: Platform, start: date, end: date, listener: StepEnded | None = None) -> JobResult:
    """Run the job `scoring` for the sessions `start..end`, and for those that were missed before.

    Raises
    ------
    NotASessionError, BadInputError
        As `plan_run`.
    """
    _check_dates(platform, platform.config.scoring.universe, start, end)
    with open_instance(platform.workspace) as instance, listening(listener):
        return _run(definitions_of(platform), instance, SCORING, None, window_tags(start, end))


def run_checks(platform: Platform, listener: StepEnded | None = None) -> JobResult:
    """Judge every fuse of every universe on what is stored."""
    with open_instance(platform.workspace) as instance, listening(listener):
        return _run(definitions_of(platform), instance, "checks", None, {})


def _history(definitions: dg.Definitions, instance: dg.DagsterInstance, platform: Platform, plan: Plan) -> JobResult:
    keys = steps_in(platform, "history", plan.history_for)
    until = {"config": {"until": plan.history_until.isoformat()}}
    ops = {"__".join(key.path): until for key in keys}
    return _run(definitions, instance, "history", keys, {}, {"ops": ops})


def _run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    keys: Sequence[dg.AssetKey] | None,
    tags: dict[str, str],
    config: dict[str, object] | None = None,
) -> JobResult:
    started = time.perf_counter()
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        asset_selection=None if keys is None else list(keys),
        partition_key=tags.get(PARTITION),
        tags={k: v for k, v in tags.items() if k != PARTITION},
        run_config={**QUIET, **(config or {})},
        raise_on_error=False,
    )
    failures = [e for e in result.all_events if e.is_step_failure]
    return JobResult(
        job,
        result.run_id,
        result.success,
        tuple((e.step_key or "", _sentence(e)) for e in failures),
        time.perf_counter() - started,
    )


def _sentence(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return "stopped by " + ", ".join(line.strip() for line in error.message.strip().splitlines()[1:])
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "failed without a message"


def _check_dates(platform: Platform, pool: str, start: date, end: date) -> None:
    sessions = platform.sessions(pool)
    doing = f"planning {start}..{end}" if start != end else f"planning {end}"
    if start > end:
        raise BadInputError(doing, "the first day lies after the last", "swap --from and --to")
    for day in (start, end):
        if not sessions.is_session(day):
            near = sessions.previous(day).date()
            raise NotASessionError(doing, f"{day} is no session of the exchange", f"use a session, for example {near}")
    latest = latest_session(platform, pool)
    if end > latest:
        raise BadInputError(doing, f"{end} lies in the future", f"the last closed session is {latest}")
    first = platform.config.platform.first_partition
    if start.isoformat() < first:
        raise BadInputError(
            doing, f"{start} lies before the first partition {first}", "set first_partition in platform.yaml"
        )
