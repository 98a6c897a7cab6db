"""Jobs, the daily schedule, and the sensor that lets the portfolio follow the pools.

The portfolio is a job of its own, started after the pools' job whether that succeeded or not: a pool that stopped
itself must appear as BLOCKED in the report, and Dagster skips everything downstream of a failure in the same run.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from etf_platform.core.config.strict import ScheduleConfig
from etf_platform.orchestration.alerting.keys import HEARTBEAT
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.graph_arbitrage import JOB as ARBITRAGE
from etf_platform.orchestration.graph_operations import ACCOUNT, GATES, PORTFOLIO_JOB, SIGN_OFF, WEEKLY
from etf_platform.orchestration.graph_operations import JOB as OPERATIONS
from etf_platform.orchestration.graph_scoring import JOB as SCORING
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Step
from etf_platform.orchestration.windows import PARTITION

AssetJob: TypeAlias = UnresolvedAssetJobDefinition  # what dg.define_asset_job returns; dagster does not export it

LIMITS = {"dagster/max_retries": "1", "dagster/max_runtime": "3600"}  # seconds

JOBS = {
    "history": "Loads everything before the first partition (or up to `until`) into the same tables, once.",
    "daily": "One session of every pool: bars, panel, targets, back-test, capacity, KPI, risk, with their fuses.",
    "weekly": "The quality of the scored factors: rank IC, spread, decay.",
    "portfolio": "The combined account, its KPI and risk, the daily report and the production snapshot.",
}
ARBITRAGE_JOB = (
    "One session of all stocks and their funds: bars, limit states, expectations, event back-test, outcomes."
)
SCORING_JOB = "One session of the scored assets: bars and series, scores, how they did, the daily market report."
OPERATIONS_JOBS = {
    ACCOUNT: "One session of the running account of every pool.",
    OPERATIONS: "One session of every pool judged: account against back-test, drift, metrics, gates.",
    PORTFOLIO_JOB: "The metrics of all accounts together, the KPI board, the daily regression, what is in force.",
    WEEKLY: "The documents of one ISO week, evidence first, in the order of the chain.",
}
QUOTES_JOB = (
    "The latest quotes, names and listings of every pool, from the first network provider that passes the gates."
)
UNIVERSE_JOB = "One session of {universe}: bars, indicators, signals, back-tests, signal reports, risk."


def build_jobs(platform: Platform) -> dict[str, AssetJob]:
    """One asset job per `Step.job`; the steps of a universe have one of their own, for they follow its exchange."""
    universes = platform.config.universes.universes
    live = {"quotes": QUOTES_JOB} if platform.source.kind == "live" else {}
    described = (
        JOBS
        | OPERATIONS_JOBS
        | {ARBITRAGE: ARBITRAGE_JOB, SCORING: SCORING_JOB}
        | live
        | {universe_job(name): UNIVERSE_JOB.format(universe=name) for name in universes}
    )
    jobs = {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(
                *[asset_key(step.address, u) for u, step in steps_of(platform) if job_of(step, u) == name]
            ),
            description=description,
            executor_def=dg.in_process_executor,
            tags=LIMITS,
        )
        for name, description in described.items()
    }
    gated = [asset_key(step.address, u) for u, step in steps_of(platform) if step.address in (GATES, SIGN_OFF)]
    checks = dg.define_asset_job(
        "checks",
        selection=dg.AssetSelection.all_asset_checks() - dg.AssetSelection.checks_for_assets(HEARTBEAT, *gated),
        description="Judges every fuse of every pool on what is stored; computes nothing.",
        executor_def=dg.in_process_executor,
        tags=LIMITS,
    )
    return jobs | {"checks": checks}


def universe_job(universe: str) -> str:
    """Name of the job that runs one session of a universe."""
    return f"trend_{universe}"


def job_of(step: Step, universe: str) -> str:
    """Name of the job that runs a step."""
    return universe_job(universe) if step.job == "trend" else step.job


def build_schedule(platform: Platform, daily: AssetJob, partitions: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    """`daily` at the configured hour, on exchange sessions only."""
    return _on_sessions("daily", daily, platform.config.platform.schedule, partitions)


def build_arbitrage_schedule(
    platform: Platform, jobs: dict[str, AssetJob], partitions: dict[str, dg.PartitionsDefinition]
) -> dg.ScheduleDefinition:
    """`arbitrage` at the hour of `daily`, after the close, on sessions of the stocks' exchange."""
    at, stocks = platform.config.platform.schedule, platform.config.arbitrage.stocks
    return _on_sessions(ARBITRAGE, jobs[ARBITRAGE], at, partitions[stocks])


def build_scoring_schedule(
    platform: Platform, jobs: dict[str, AssetJob], partitions: dict[str, dg.PartitionsDefinition]
) -> dg.ScheduleDefinition:
    """`scoring` at the hour of `scoring.yaml`, after the close, on sessions of Shanghai."""
    settings = platform.config.scoring
    return _on_sessions(SCORING, jobs[SCORING], settings.schedule, partitions[settings.universe])


def build_universe_schedules(
    platform: Platform, jobs: dict[str, AssetJob], partitions: dict[str, dg.PartitionsDefinition]
) -> list[dg.ScheduleDefinition]:
    """One per universe, after the close of its own exchange: New York's Monday ends on Shanghai's Tuesday morning."""
    universes = platform.config.universes.universes
    return [
        _on_sessions(universe_job(name), jobs[universe_job(name)], universe.schedule, partitions[name])
        for name, universe in universes.items()
    ]


def build_quotes_schedules(
    platform: Platform, jobs: dict[str, AssetJob], partitions: dict[str, dg.PartitionsDefinition]
) -> list[dg.ScheduleDefinition]:
    """`quotes` during the sessions of every exchange whose pools have them; none where the source is not live."""
    if platform.source.kind != "live":
        return []
    hour, minute = map(int, platform.source.quotes_at.split(":"))
    asked: dict[str, list[tuple[str, dg.AssetKey]]] = {}
    for universe, step in steps_of(platform):
        if step.job == "quotes":
            asked.setdefault(platform.exchange(universe), []).append((universe, asset_key(step.address, universe)))
    schedules = []
    for exchange, owed in asked.items():
        pool, keys = owed[0][0], [key for _, key in owed]
        at = ScheduleConfig(hour=hour, minute=minute, timezone=platform.config.etf_pools.pools.members[pool].timezone)
        schedules.append(_on_sessions(f"quotes_{exchange}", jobs["quotes"], at, partitions[pool], keys))
    return schedules


def _on_sessions(
    name: str,
    job: AssetJob,
    at: ScheduleConfig,
    partitions: dg.PartitionsDefinition,
    unpartitioned: Sequence[dg.AssetKey] = (),
) -> dg.ScheduleDefinition:
    when = f"{at.hour:02d}:{at.minute:02d} {at.timezone}"

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=f"{at.minute} {at.hour} * * 1-5",
        execution_timezone=at.timezone,
        description=f"Every session at {when}; a day off is skipped with the reason.",
    )
    def schedule(context: dg.ScheduleEvaluationContext):  # type: ignore[no-untyped-def]
        day = context.scheduled_execution_time.date().isoformat()
        if day not in partitions.get_partition_keys(current_time=context.scheduled_execution_time):
            return dg.SkipReason(f"{day} is no session of the exchange")
        if unpartitioned:
            return dg.RunRequest(run_key=day, tags={PARTITION: day}, asset_selection=list(unpartitioned))
        return dg.RunRequest(run_key=day, partition_key=day)

    return schedule


def build_weekly_schedule(platform: Platform, weekly: AssetJob) -> dg.ScheduleDefinition:
    """`weekly` on Saturday mornings, after the week's last session."""
    return dg.ScheduleDefinition(
        name="weekly",
        job=weekly,
        cron_schedule="0 9 * * 6",
        execution_timezone=platform.config.platform.schedule.timezone,
        description="Every Saturday at 09:00.",
    )


def build_checks_schedules(platform: Platform, checks: AssetJob) -> list[dg.ScheduleDefinition]:
    """`checks` by the cron line of `recheck`, switched on from the start; none where there is no `recheck`."""
    when = platform.config.platform.recheck
    if when is None:
        return []
    schedule = dg.ScheduleDefinition(
        name="checks",
        job=checks,
        cron_schedule=when.cron,
        execution_timezone=when.timezone,
        description=f"Every fuse at {when.cron} {when.timezone}; what fails again is told again.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return [schedule]


def build_sensors(daily: AssetJob, portfolio: AssetJob) -> list[dg.SensorDefinition]:
    """The portfolio follows the pools' job after success and after failure."""
    return [follow(status, daily, portfolio) for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)]


def follow(status: dg.DagsterRunStatus, before: AssetJob, then: AssetJob) -> dg.SensorDefinition:
    """The sensor that starts a job for the session of another one that ended in this status."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"{then.name}_after_{before.name}_{status.value.lower()}",
        monitored_jobs=[before],
        request_job=then,
        description=f"Starts `{then.name}` for the same session when `{before.name}` ended in {status.value}.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        day = context.dagster_run.tags.get(PARTITION)
        if day is None:
            yield dg.SkipReason(f"the run was not about one session; start `{then.name}` by hand for a range")
        else:
            yield dg.RunRequest(run_key=context.dagster_run.run_id, partition_key=day)

    return sensor
