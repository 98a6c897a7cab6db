"""When operations run and for which session or week, what the sensors start, and what closes a session."""

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from etf_platform.core.states import State
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.orchestration import closing, operating
from etf_platform.orchestration.alerting.lateness import duties
from etf_platform.orchestration.alerting.watch import Scene
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.gate_checks import severity_of
from etf_platform.orchestration.platform import Platform
from etf_platform.storage.events import append
from etf_platform.storage.outbox import transaction

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2024, 3, 5, 3, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def platform(small, tmp_path_factory) -> Platform:
    return small.open(tmp_path_factory.mktemp("operating"))


@pytest.fixture(scope="module")
def definitions(platform):
    return definitions_of(platform)


@pytest.fixture
def scene(small, tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        yield Scene(small.open(tmp_path), instance, dt.datetime.now(dt.UTC))


def tick(definitions, name, when):
    """What a schedule says at a moment of Shanghai time."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=dt.datetime.fromisoformat(when).replace(tzinfo=SHANGHAI),
            repository_def=definitions.get_repository_def(),
        )
        return definitions.resolve_schedule_def(name).evaluate_tick(context)


def ran(scene, tags, status=dg.DagsterRunStatus.SUCCESS, job="operations", **about):
    """A run of the past in the instance."""
    run = dg.DagsterRun(job_name=job, tags=tags, status=status, **about)
    return scene.instance.add_run(run)


@pytest.fixture
def closed(monkeypatch):
    """(session, strategy) of every closing, without its acts."""
    seen = []

    def close(platform, strategy, session):
        seen.append((str(session), strategy))
        return []

    monkeypatch.setattr(closing, "_close", close)
    return seen


def test_operations_run_at_ten_on_sessions_for_the_session_before(definitions):
    """The Monday after Spring Festival 2024 judges the last Thursday before it."""
    schedule = definitions.resolve_schedule_def("operations")
    (request,) = tick(definitions, "operations", "2024-02-19T10:00").run_requests

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 10 * * 1-5", "Asia/Shanghai")
    assert (request.partition_key, request.run_key) == ("2024-02-08", "2024-02-08")


def test_a_holiday_and_the_first_partition_have_nothing_to_judge(definitions):
    holiday, first = (tick(definitions, "operations", f"{day}T10:00") for day in ("2024-02-12", "2024-01-02"))

    assert holiday.skip_message == "2024-02-12 is no session of the exchange"
    assert first.skip_message == "no session before 2024-01-02 has a partition"


def test_the_weekly_chain_runs_on_mondays_at_21_for_the_week_before(definitions):
    schedule = definitions.resolve_schedule_def("operations_weekly")
    (request,) = tick(definitions, "operations_weekly", "2024-03-04T21:00").run_requests

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 21 * * 1", "Asia/Shanghai")
    assert request.partition_key == "2024-02-26"


def test_a_week_without_a_session_is_no_partition_and_is_skipped(definitions):
    """Spring Festival 2024: no session from 9 to 18 February."""
    said = tick(definitions, "operations_weekly", "2024-02-19T21:00")

    assert said.skip_message == "the week of 2024-02-12 has no session"


def test_weeks_begin_with_the_week_of_the_first_partition_and_exist_when_they_are_over(definitions):
    """The first partition is Tuesday, 2 January 2024."""
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["governance", "portfolio", "signoff_pack"]))
    before, after = (
        node.partitions_def.get_partition_keys(current_time=dt.datetime(2024, 1, day, 12, tzinfo=dt.UTC))
        for day in (7, 8)
    )

    assert (before, after) == ([], ["2024-01-01"])


def test_what_runs_in_the_morning_is_due_the_session_after(platform):
    """Both jobs at 10:00 of the next session; otherwise the evening would miss them every day."""
    due = {duty.job: (duty.at.hour, duty.is_next_day) for duty in duties(platform)}

    assert due["operations"] == due["operations_portfolio"] == (10, True)
    assert due["account"][1] is False


@pytest.mark.parametrize(("before", "then"), [("portfolio", "account"), ("operations", "operations_portfolio")])
def test_one_job_follows_another_after_success_and_after_failure(definitions, before, then):
    for ending in ("success", "failure"):
        sensor = definitions.resolve_sensor_def(f"{then}_after_{before}_{ending}")

        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
        assert [target.job_name for target in sensor.targets] == [then]


def test_the_account_and_the_portfolio_are_no_part_of_what_judges_the_pools(definitions):
    """Dagster skips all that lies behind a failed step of the same run: one pool must not take the board with it."""
    selected = {
        name: {tuple(key.path) for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in ("account", "operations", "operations_portfolio")
    }

    assert {path[-1] for path in selected["account"]} == {"account"}
    assert {path[-1] for path in selected["operations"]} == {"consistency", "features", "values", "gates"}
    assert {path[-1] for path in selected["operations_portfolio"]} == {
        "values",
        "kpi_board",
        "daily_regression",
        "status",
    }
    assert {"portfolio" in path for path in selected["operations"]} == {False}
    assert {"portfolio" in path for path in selected["operations_portfolio"]} == {True}


def test_gates_are_blocking_checks_on_an_asset_behind_everything_that_is_judged(definitions):
    graph = definitions.resolve_asset_graph()
    key = dg.AssetKey(["governance", "A_SHARE", "gates"])
    checks = {check.name: graph.get(check).blocking for check in graph.asset_check_keys if check.asset_key == key}

    assert checks == dict.fromkeys(("data", "consistency", "kpi", "drift"), True)
    assert {k.path[-1] for k in graph.get(key).parent_keys} == {"consistency", "features", "values"}
    assert not graph.get(key).child_keys


@pytest.mark.parametrize(
    ("state", "reason", "severity"),
    [
        (State.FAIL, "sharpe FAIL", "ERROR"),
        (State.BLOCKED, "missing: sharpe", "ERROR"),
        (State.BLOCKED, "pending_data: nothing was compared", "ERROR"),
        (State.BLOCKED, "sharpe BLOCKED insufficient; nav_return BLOCKED no_baseline", "WARN"),
        (State.BLOCKED, "sharpe BLOCKED insufficient; availability BLOCKED stale", "ERROR"),
    ],
)
def test_only_what_time_cures_is_a_warning(state, reason, severity):
    assert severity_of(state, reason).value == severity


def test_ended_runs_are_closed_once_and_oldest_session_first(scene, closed):
    """A failed run counts too: a closed gate fails it."""
    ran(scene, {"dagster/partition": "2024-03-05"}, dg.DagsterRunStatus.FAILURE)
    ran(scene, {"dagster/partition": "2024-03-04"})

    operating.close_once(scene)
    operating.close_once(scene)

    days = [(day, pool) for day in ("2024-03-04", "2024-03-05") for pool in ("A_SHARE", "OTHER")]
    assert closed == days


def test_a_range_closes_every_session_in_it(scene, closed):
    tags = {"dagster/asset_partition_range_start": "2024-03-01", "dagster/asset_partition_range_end": "2024-03-05"}
    ran(scene, tags, asset_selection=frozenset({dg.AssetKey(["governance", "OTHER", "gates"])}), job="__ASSET_JOB")

    operating.close_once(scene)

    assert closed == [(day, "OTHER") for day in ("2024-03-01", "2024-03-04", "2024-03-05")]


def test_other_jobs_and_runs_that_are_tried_again_close_nothing(scene, closed):
    ran(scene, {"dagster/partition": "2024-03-04"}, job="portfolio")
    ran(scene, {"dagster/partition": "2024-03-04", "dagster/will_retry": "true"}, dg.DagsterRunStatus.FAILURE)

    assert operating.close_once(scene) == "0 session(s) to close, 0 event(s)"
    assert closed == []


def test_an_older_session_is_not_closed_behind_a_later_one(scene, closed):
    closing.close_session(scene.platform, dt.date(2024, 3, 5), ("OTHER",))
    ran(scene, {"dagster/partition": "2024-03-04"})

    operating.close_once(scene)
    closing.close_session(scene.platform, dt.date(2024, 3, 4), ("OTHER",))

    assert closed == [("2024-03-05", "OTHER"), ("2024-03-04", "A_SHARE")]


def test_what_failed_is_tried_again_and_holds_up_no_other_strategy(scene, closed, monkeypatch):
    from etf_platform.core.errors import StorageError

    done, broken = closing._close, {"A_SHARE"}

    def sometimes(platform, strategy, session):
        if strategy in broken:
            raise StorageError("writing the ledger", "disk full", "make room")
        return done(platform, strategy, session)

    monkeypatch.setattr(closing, "_close", sometimes)
    ran(scene, {"dagster/partition": "2024-03-04"})

    with pytest.raises(StorageError):
        operating.close_once(scene)
    broken.clear()
    operating.close_once(scene)

    assert closed == [("2024-03-04", "OTHER"), ("2024-03-04", "A_SHARE")]


def test_after_the_acts_the_status_is_shown_without_a_run(scene, closed):
    ran(scene, {"dagster/partition": "2024-03-04"})

    operating.close_once(scene)

    shown = scene.instance.get_latest_materialization_event(dg.AssetKey(["governance", "portfolio", "status"]))
    records = [record.data for record in shown.asset_materialization.metadata["strategies"].records]
    rows = {data[""]: (data["A_SHARE"], data["OTHER"]) for data in records}
    assert rows["release"] == ("none", "none")
    assert rows["breaker"] == ("NORMAL", "NORMAL")
    assert rows["exposure"] == ("1", "1")


def test_an_open_retrain_is_asked_for_once_under_the_key_of_its_opening(scene):
    opened = Event(
        "retrain.opened/OTHER/2024-03-04", kinds.RETRAIN_OPENED, "OTHER", "system:test", {"rule": "r"}, NOW.date()
    )
    with transaction(scene.platform.ops) as connection:
        append(connection, [opened])

    (request,) = operating.retrain_requests(scene.platform)

    assert request.run_key == opened.key
    assert request.run_config == {"ops": {"refit": {"config": {"strategy": "OTHER", "session": "2024-03-05"}}}}
    closing_event = Event(
        "retrain.closed/OTHER/2024-03-04", kinds.RETRAIN_CLOSED, "OTHER", "system:test", {}, NOW.date()
    )
    with transaction(scene.platform.ops) as connection:
        append(connection, [closing_event])
    assert operating.retrain_requests(scene.platform) == []
