"""Dagster's side of operations: what follows `portfolio`, the schedules, and the sensors that act on a judged session.

The sensor `operations_close` looks for ended runs itself and remembers in the ops database: a run-status sensor of
Dagster's moves on after an error, and an act of safety must not get lost. Not here: the acts (`closing`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from etf_platform.core.config.strict import ScheduleConfig
from etf_platform.core.errors import PlatformError
from etf_platform.orchestration import metadata
from etf_platform.orchestration.alerting.sensors import least_seconds, scene_of
from etf_platform.orchestration.alerting.watch import Scene, noting
from etf_platform.orchestration.assets import asset_key
from etf_platform.orchestration.failures import translated
from etf_platform.orchestration.graph_operations import ACCOUNT, GATES, JOB, PORTFOLIO_JOB, STATUS, WEEKLY
from etf_platform.orchestration.jobs import LIMITS, AssetJob, follow
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.windows import PARTITION, RANGE_END, RANGE_START

CLOSING, SEEN = "closing", "closing-runs"
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
RETRAIN, REFIT = "retrain", "refit"
MOST_RUNS = 500


@dataclass(frozen=True)
class Operating:
    """What operations add to the code location."""

    retrain: dg.JobDefinition
    schedules: list[dg.ScheduleDefinition]
    sensors: list[dg.SensorDefinition]


def build_operating(
    platform: Platform, jobs: dict[str, AssetJob], partitions: dict[str, dg.PartitionsDefinition]
) -> Operating:
    """Schedules, sensors and the retrain job."""
    retrain = _retrain_job()
    settings = platform.config.governance
    return Operating(
        retrain,
        [
            _daily(jobs[JOB], settings.daily, partitions[PORTFOLIO]),
            _weekly(jobs[WEEKLY], settings.weekly_chain, partitions[WEEKLY]),
        ],
        [
            *(follow(status, jobs["portfolio"], jobs[ACCOUNT]) for status in ENDED),
            *(follow(status, jobs[JOB], jobs[PORTFOLIO_JOB]) for status in ENDED),
            _closing(platform.config.alerts.sensors.seconds.closing),
            _retraining(retrain, platform.config.alerts.sensors.seconds.closing),
        ],
    )


def _daily(job: AssetJob, at: ScheduleConfig, partitions: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=JOB,
        job=job,
        cron_schedule=f"{at.minute} {at.hour} * * 1-5",
        execution_timezone=at.timezone,
        description=f"Every session at {at.hour:02d}:{at.minute:02d} {at.timezone}, for the session before.",
    )
    def schedule(context: dg.ScheduleEvaluationContext):  # type: ignore[no-untyped-def]
        day = context.scheduled_execution_time.date().isoformat()
        known = partitions.get_partition_keys(current_time=context.scheduled_execution_time)
        if day not in known:
            return dg.SkipReason(f"{day} is no session of the exchange")
        before = [key for key in known if key < day]
        if not before:
            return dg.SkipReason(f"no session before {day} has a partition")
        return dg.RunRequest(run_key=before[-1], partition_key=before[-1])

    return schedule


def _weekly(job: AssetJob, at: ScheduleConfig, weeks: dg.PartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=WEEKLY,
        job=job,
        cron_schedule=f"{at.minute} {at.hour} * * 1",
        execution_timezone=at.timezone,
        description=f"Mondays at {at.hour:02d}:{at.minute:02d} {at.timezone}, for the ISO week before.",
    )
    def schedule(context: dg.ScheduleEvaluationContext):  # type: ignore[no-untyped-def]
        week = (context.scheduled_execution_time.date() - dt.timedelta(days=7)).isoformat()
        if week not in weeks.get_partition_keys(current_time=context.scheduled_execution_time):
            return dg.SkipReason(f"the week of {week} has no session")
        return dg.RunRequest(run_key=week, partition_key=week)

    return schedule


def _closing(seconds: int) -> dg.SensorDefinition:
    @dg.sensor(
        name="operations_close",
        description="After operations of a session: breaker, fail-safe rules, retrain, rollback, promotion; once each.",
        minimum_interval_seconds=least_seconds(seconds),
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(close_once(scene_of(context)))

    return sensor


def close_once(scene: Scene) -> str:
    """Close every session that operations ended since the last look, oldest first; one sentence on what was done.

    A strategy whose acts fail does not hold up the others; the look is repeated until all succeed.

    Raises
    ------
    PlatformError
        The first that a strategy's acts raised.
    """
    with noting(CLOSING, scene):
        since, until, ended = _ended(scene)
        errors, done = [], []
        for session, strategies in ended:
            for strategy in strategies:
                try:
                    done += _close(scene.platform, session, strategy)
                except PlatformError as error:
                    errors.append(error)
        if ended:
            _show(scene)
        if errors:
            raise errors[0]
        if until != since:
            _remember(scene, until)
    return f"{len(ended)} session(s) to close, {len(done)} event(s)"


def _close(platform: Platform, session: dt.date, strategy: str) -> list[object]:
    from etf_platform.orchestration.closing import close_session

    return list(close_session(platform, session, (strategy,)))


def _ended(scene: Scene) -> tuple[dt.datetime, dt.datetime, list[tuple[dt.date, list[str]]]]:
    """From when was looked, up to when runs were seen, what is to be closed: sessions with strategies, ascending."""
    from etf_platform.orchestration.closing import last_closed

    since = _seen(scene)
    wanted = dg.RunsFilter(statuses=list(ENDED), updated_after=since)
    records = scene.instance.get_run_records(wanted, limit=MOST_RUNS, order_by="update_timestamp", ascending=True)
    due: dict[dt.date, list[str]] = {}
    for record in records:
        for strategy in _judged(scene.platform, record.dagster_run):
            last = last_closed(scene.platform, strategy)
            for session in _sessions(scene.platform, strategy, record.dagster_run.tags):
                if (last is None or session > last) and strategy not in due.setdefault(session, []):
                    due[session].append(strategy)
    until = max([since, *(_aware(record.update_timestamp) for record in records)])
    return since, until, sorted((session, names) for session, names in due.items() if names)


def _judged(platform: Platform, run: dg.DagsterRun) -> list[str]:
    """Strategies whose gates a run was to judge; none for a run that will be tried again."""
    if run.tags.get("dagster/will_retry") == "true" and run.status is dg.DagsterRunStatus.FAILURE:
        return []
    chosen = run.asset_selection
    if not chosen:
        return list(platform.config.pools) if run.job_name == JOB else []
    return [pool for pool in platform.config.pools if asset_key(GATES, pool) in chosen]


def _sessions(platform: Platform, strategy: str, tags: Mapping[str, str]) -> Sequence[dt.date]:
    start, end = tags.get(PARTITION, tags.get(RANGE_START)), tags.get(PARTITION, tags.get(RANGE_END))
    if start is None or end is None:
        return []
    return [day.date() for day in platform.sessions(strategy).between(start, end)]


def _seen(scene: Scene) -> dt.datetime:
    from etf_platform.storage import outbox

    with scene.platform.ops.connect() as connection:
        held = outbox.read_cursor(connection, SEEN)
    return scene.looks_back_to if held is None else dt.datetime.fromisoformat(held)


def _remember(scene: Scene, until: dt.datetime) -> None:
    from etf_platform.storage import outbox

    with outbox.transaction(scene.platform.ops) as connection:
        outbox.write_cursor(connection, SEEN, until.isoformat(), scene.now)


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _show(scene: Scene) -> None:
    """Report the status asset without a run: what is in force after the acts."""
    from etf_platform.orchestration.steps.status import status_of

    shown = metadata.of_run(status_of(scene.platform))
    key = asset_key(STATUS, PORTFOLIO)
    said = "after the acts of the sensor operations_close"
    scene.instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=shown, description=said))


def _retrain_job() -> dg.JobDefinition:
    @dg.op(
        name=REFIT,
        description="Fits the model of a strategy anew, audits it, puts both on record, and closes the retrain.",
        config_schema={"strategy": str, "session": str},
        required_resource_keys={"platform"},
    )
    def refit(context) -> None:  # type: ignore[no-untyped-def]
        from etf_platform.orchestration.retraining import retrain

        asked = context.op_config
        with translated(context):
            done = retrain(context.resources.platform, asked["strategy"], dt.date.fromisoformat(asked["session"]))
        context.log.info("no retrain is open" if done is None else f"{done.experiment_id}: audit {done.audit.level}")

    @dg.job(name=RETRAIN, description="The retrain of one strategy that is open.", tags=LIMITS)
    def job() -> None:
        refit()

    return job


def _retraining(job: dg.JobDefinition, seconds: int) -> dg.SensorDefinition:
    @dg.sensor(
        name="retrain_where_open",
        job=job,
        description="Starts `retrain` once for every retrain that was opened and is not closed.",
        minimum_interval_seconds=least_seconds(seconds),
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        requests = retrain_requests(context.resources.platform)
        yield from requests
        if not requests:
            yield dg.SkipReason("no retrain is open")

    return sensor


def retrain_requests(platform: Platform) -> list[dg.RunRequest]:
    """One run per open retrain; its opening is the key, so that it is started once however it ends."""
    from etf_platform.governance.ledger import counted
    from etf_platform.orchestration.retraining import open_retrain
    from etf_platform.storage.events import events

    known = counted(platform.config.governance, events(platform.ops))
    opened = (open_retrain(known, strategy) for strategy in platform.config.pools)
    return [
        dg.RunRequest(
            run_key=event.key,
            run_config={"ops": {REFIT: {"config": {"strategy": event.subject, "session": str(event.as_of)}}}},
            tags={"etf_platform/strategy": event.subject},
        )
        for event in opened
        if event is not None
    ]
