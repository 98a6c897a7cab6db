"""The daily schedule keeps to exchange sessions; the portfolio follows the pools' job however that ended."""

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from etf_platform.orchestration.build import definitions_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENDINGS = {
    "portfolio_after_daily_success": (dg.DagsterRunStatus.SUCCESS, dg.DagsterEventType.RUN_SUCCESS),
    "portfolio_after_daily_failure": (dg.DagsterRunStatus.FAILURE, dg.DagsterEventType.RUN_FAILURE),
}


@pytest.fixture(scope="module")
def definitions(small, tmp_path_factory):
    return definitions_of(small.open(tmp_path_factory.mktemp("schedule")))


def tick(definitions, when):
    """What the schedule says at a moment of Shanghai time."""
    schedule = definitions.resolve_schedule_def("daily")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=when.replace(tzinfo=SHANGHAI),
            repository_def=definitions.get_repository_def(),
        )
        return schedule.evaluate_tick(context)


def test_the_schedule_runs_at_18_in_shanghai_on_weekdays(definitions):
    schedule = definitions.resolve_schedule_def("daily")

    assert schedule.cron_schedule == "0 18 * * 1-5"
    assert schedule.execution_timezone == "Asia/Shanghai"
    assert schedule.job_name == "daily"


def test_a_session_is_requested_once_for_its_own_partition(definitions):
    """The first session after Spring Festival 2024."""
    (request,) = tick(definitions, datetime(2024, 2, 19, 18)).run_requests

    assert request.partition_key == "2024-02-19"
    assert request.run_key == "2024-02-19"


@pytest.mark.parametrize("holiday", [datetime(2024, 2, 12, 18), datetime(2024, 10, 1, 18), datetime(2024, 2, 9, 18)])
def test_a_holiday_is_skipped_with_the_reason(definitions, holiday):
    said = tick(definitions, holiday)

    assert not said.run_requests
    assert said.skip_message == f"{holiday:%Y-%m-%d} is no session of the exchange"


def test_the_last_session_of_the_calendar_is_requested(definitions):
    (request,) = tick(definitions, datetime(2026, 12, 31, 18)).run_requests

    assert request.partition_key == "2026-12-31"


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_the_portfolio_follows_the_pools_job_after_success_and_after_failure(definitions, name):
    """A pool that stopped itself makes `daily` fail; the report must still be written."""
    (request,) = follow(definitions, name, {"dagster/partition": "2024-03-01"})

    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2024-03-01"
    assert request.run_key


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_the_following_sensor_is_on_watches_daily_and_starts_portfolio(definitions, name):
    sensor = definitions.resolve_sensor_def(name)

    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert [target.job_name for target in sensor.targets] == ["portfolio"]


def test_a_range_is_left_to_a_person_with_a_reason(definitions):
    (said,) = follow(definitions, "portfolio_after_daily_success", {})

    assert isinstance(said, dg.SkipReason)
    assert "range" in said.skip_message


def follow(definitions, name, tags):
    """What a sensor answers to an ended run of `daily` with these tags."""
    status, ended = ENDINGS[name]
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.DagsterRun(job_name="daily", tags=tags, status=status)
        event = dg.DagsterEvent(event_type_value=ended.value, job_name="daily")
        context = dg.build_run_status_sensor_context(
            sensor_name=name, dagster_instance=instance, dagster_run=run, dagster_event=event
        )
        return list(definitions.resolve_sensor_def(name)(context))
