"""Jobs, the daily schedule, and the sensor that lets the portfolio follow the pools.

The portfolio is a job of its own, started after the pools' job whether that succeeded or not: a pool that stopped
itself must appear as BLOCKED in the report, and Dagster skips everything downstream of a failure in the same run.
"""

from collections.abc import Iterator
from typing import TypeAlias

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.windows import PARTITION

AssetJob: TypeAlias = UnresolvedAssetJobDefinition  # what dg.define_asset_job returns; dagster does not export it

LIMITS = {"dagster/max_retries": "1", "dagster/max_runtime": "3600"}  # seconds

JOBS = {
    "history": "Loads everything before the first partition (or up to `until`) into the same tables, once.",
    "daily": "One session of every pool: bars, panel, summary, targets, back-test, capacity, KPI, with their fuses.",
    "weekly": "The quality of the scored factors: rank IC, spread, decay.",
    "portfolio": "The combined account, its KPI, the daily report and the production snapshot.",
}


def build_jobs(platform: Platform) -> dict[str, AssetJob]:
    """One asset job per `Step.job`."""
    jobs = {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(
                *[asset_key(step.address, universe) for universe, step in steps_of(platform) if step.job == name]
            ),
            description=description,
            executor_def=dg.in_process_executor,
            tags=LIMITS,
        )
        for name, description in JOBS.items()
    }
    checks = dg.define_asset_job(
        "checks",
        selection=dg.AssetSelection.all_asset_checks(),
        description="Judges every fuse of every pool on what is stored; computes nothing.",
        executor_def=dg.in_process_executor,
        tags=LIMITS,
    )
    return jobs | {"checks": checks}


def build_schedule(platform: Platform, daily: AssetJob, partitions: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    """`daily` at the configured hour, on exchange sessions only."""
    at = platform.config.platform.schedule
    when = f"{at.hour:02d}:{at.minute:02d} {at.timezone}"

    @dg.schedule(
        name="daily",
        job=daily,
        cron_schedule=f"{at.minute} {at.hour} * * 1-5",
        execution_timezone=at.timezone,
        description=f"Every session at {when}; a day off is skipped with the reason.",
    )
    def daily_schedule(context: dg.ScheduleEvaluationContext):  # type: ignore[no-untyped-def]
        day = context.scheduled_execution_time.date().isoformat()
        if day not in partitions.get_partition_keys(current_time=context.scheduled_execution_time):
            return dg.SkipReason(f"{day} is no session of the exchange")
        return dg.RunRequest(run_key=day, partition_key=day)

    return daily_schedule


def build_weekly_schedule(platform: Platform, weekly: AssetJob) -> dg.ScheduleDefinition:
    """`weekly` on Saturday mornings, after the week's last session."""
    return dg.ScheduleDefinition(
        name="weekly",
        job=weekly,
        cron_schedule="0 9 * * 6",
        execution_timezone=platform.config.platform.schedule.timezone,
        description="Every Saturday at 09:00.",
    )


def build_sensors(daily: AssetJob, portfolio: AssetJob) -> list[dg.SensorDefinition]:
    """The portfolio follows the pools' job after success and after failure."""
    return [_follow(status, daily, portfolio) for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)]


def _follow(status: dg.DagsterRunStatus, daily: AssetJob, portfolio: AssetJob) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=f"portfolio_after_daily_{status.value.lower()}",
        monitored_jobs=[daily],
        request_job=portfolio,
        description=f"Starts `portfolio` for the same session when `daily` ended in {status.value}.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        day = context.dagster_run.tags.get(PARTITION)
        if day is None:
            yield dg.SkipReason("the run was not about one session; start `portfolio` by hand for a range")
        else:
            yield dg.RunRequest(run_key=context.dagster_run.run_id, partition_key=day)

    return sensor
