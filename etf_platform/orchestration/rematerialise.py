"""Makes again what restated history has put out of date: the partitions from the first changed day on, once.

The sensor starts one run per universe and closes the record when that run has succeeded. A run that fails is not
started again by itself: the record stays open, and the failure is told like any other.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from etf_platform.core.errors import PlatformError
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.jobs import LIMITS, AssetJob, universe_job
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.windows import RANGE_END, RANGE_START

if TYPE_CHECKING:
    from etf_platform.orchestration.runner import JobResult

TAG, PHASE = "etf_platform/restatements", "etf_platform/phase"
JOB = "rematerialise"
EVERY_SECONDS = 300


def build_rematerialise(platform: Platform, jobs: dict[str, AssetJob]) -> tuple[AssetJob, dg.SensorDefinition]:
    """The job over everything that reads bars of pools, and the sensor that starts it (a universe has its own job)."""
    keys = [asset_key(s.address, u) for u, s in steps_of(platform) if s.job in ("daily", "portfolio")]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(*keys),
        description="A range of sessions of some pools and of the portfolio, after a provider restated history.",
        executor_def=dg.in_process_executor,
        tags=LIMITS,
    )
    universes = [jobs[universe_job(name)] for name in platform.config.universes.universes]
    return job, _sensor([job, jobs["history"], *universes])


def rematerialise(platform: Platform) -> "list[JobResult]":
    """Work through every open restatement in this process; a record is closed when its run succeeded.

    Raises
    ------
    StorageError
        The record cannot be read or written.
    """
    from etf_platform.orchestration.runner import Plan, execute, run_universe
    from etf_platform.storage.source_states import settle_restatements

    results: list[JobResult] = []
    for universe, rows in _open(platform).items():
        start, end, first = _range(platform, universe, rows)
        if universe in platform.config.universes.universes:
            done = run_universe(platform, universe, start, end)
        else:
            before = platform.sessions(universe).previous(first).date()
            history = (universe,) if rows[0]["start"] < first else ()
            done = execute(platform, Plan((universe,), start, end, history, before))
        results += done
        if all(result.succeeded for result in done):
            settle_restatements(platform.ops, [row["id"] for row in rows], done[0].run_id)
    return results


def _sensor(jobs: Sequence[AssetJob]) -> dg.SensorDefinition:
    @dg.sensor(
        name="rematerialise_restated",
        jobs=jobs,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes partitions again that restated history has put out of date, once per restatement.",
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        held: Platform = context.resources.platform
        try:
            yield from requests(held, context.instance)
        except PlatformError as error:
            yield dg.SkipReason(str(error))

    return sensor


def requests(platform: Platform, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The runs that are due now; records whose run has succeeded are closed on the way."""
    from etf_platform.storage.source_states import settle_restatements

    due: list[dg.RunRequest | dg.SkipReason] = []
    for universe, rows in _open(platform).items():
        ids = ",".join(str(row["id"]) for row in rows)
        if run := _succeeded(instance, ids, "partitions"):
            settle_restatements(platform.ops, [row["id"] for row in rows], run)
        else:
            due.append(_request(platform, instance, universe, rows, ids))
    yield from due or [dg.SkipReason("no history was restated")]


def _request(
    platform: Platform, instance: dg.DagsterInstance, universe: str, rows: Sequence[dict[str, Any]], ids: str
) -> dg.RunRequest:
    start, end, first = _range(platform, universe, rows)
    is_pool = universe not in platform.config.universes.universes
    if is_pool and rows[0]["start"] < first and not _succeeded(instance, ids, "history"):
        keys = [asset_key(s.address, u) for u, s in steps_of(platform) if u == universe and s.job == "history"]
        return _run(f"restated-{ids}-history", "history", keys, {TAG: ids, PHASE: "history"})
    jobs = ("daily", "portfolio") if is_pool else ("trend",)
    wanted = {universe, PORTFOLIO} if is_pool else {universe}
    keys = [asset_key(s.address, u) for u, s in steps_of(platform) if u in wanted and s.job in jobs]
    tags = {TAG: ids, PHASE: "partitions", RANGE_START: start.isoformat(), RANGE_END: end.isoformat()}
    return _run(f"restated-{ids}", JOB if is_pool else universe_job(universe), keys, tags)


def _run(key: str, job: str, keys: Sequence[dg.AssetKey], tags: dict[str, str]) -> dg.RunRequest:
    return dg.RunRequest(run_key=key, job_name=job, asset_selection=list(keys), tags=tags)


def _succeeded(instance: dg.DagsterInstance, ids: str, phase: str) -> str | None:
    wanted = dg.RunsFilter(tags={TAG: ids, PHASE: phase}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return next((run.run_id for run in instance.get_runs(wanted, limit=1)), None)


def _open(platform: Platform) -> dict[str, list[dict[str, Any]]]:
    from etf_platform.storage.source_states import restatements

    found: dict[str, list[dict[str, Any]]] = {}
    for row in restatements(platform.ops, state="found"):
        found.setdefault(row["universe"], []).append(row)
    return {universe: sorted(rows, key=lambda r: r["start"]) for universe, rows in found.items()}


def _range(platform: Platform, universe: str, rows: Sequence[dict[str, Any]]) -> tuple[date, date, date]:
    """First changed session and last stored one, both inside the partitions; and the first partition."""
    from etf_platform.core.tables import BARS

    first = date.fromisoformat(platform.config.platform.first_partition)
    last = platform.lake.read(BARS, universe, columns=["date"])["date"].max().date()
    return max(first, min(row["start"] for row in rows)), max(first, last), first
