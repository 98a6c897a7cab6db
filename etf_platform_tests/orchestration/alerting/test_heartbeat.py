"""Who watches the watchers: a sensor that raises or stands still is seen and told, by a dispatcher that needs none."""

import datetime as dt
import threading

import dagster as dg
import pytest

from etf_platform.core.states import State
from etf_platform.orchestration.alerting.checks import WATCH as CHECKS
from etf_platform.orchestration.alerting.heartbeat import CHECK, judged
from etf_platform.orchestration.alerting.keys import HEARTBEAT
from etf_platform.orchestration.alerting.sensors import WATCHED, dispatch_once, least_seconds, watch_of
from etf_platform.orchestration.alerting.ticks import Tick, read_ticks, troubles
from etf_platform.orchestration.alerting.watch import Sight, Watch
from etf_platform.storage import mailroom
from etf_platform.storage.opsdb import OUTBOX
from etf_platform_tests.resources.dingtalk_server import judge_of
from etf_platform_tests.resources.robot_server import Robot, read_log, robot_http

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SECONDS = {"runs": 30.0, "limits": 900.0}
TOKEN, SIGNING = "marked-token-8f2c", "SECmarked5a1d"


def before(seconds):
    return NOON - dt.timedelta(seconds=seconds)


def raising(scene, memory):
    raise RuntimeError(f"cannot reach https://example.org/send?access_token={TOKEN}")


@pytest.fixture
def robot(tmp_path, monkeypatch):
    """A DingTalk robot on loopback whose address and secret stand in the environment; yields what it was sent."""
    log = tmp_path / "robot.jsonl"
    http = robot_http(Robot(judge_of(SIGNING), 130101, log))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("DINGTALK_WEBHOOK", f"http://127.0.0.1:{http.server_port}/robot/send?access_token={TOKEN}")
    monkeypatch.setenv("DINGTALK_SECRET", SIGNING)
    yield lambda: [line["body"] for line in read_log(log) if line["code"] == 0]
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.parametrize(("interval", "asked"), [(30, 25), (10, 5), (6, 1), (5, 1), (1, 1)])
def test_dagster_is_asked_one_round_of_its_daemon_earlier(interval, asked):
    assert least_seconds(interval) == asked


@pytest.mark.parametrize(
    ("ticks", "wrong"),
    [
        ({"runs": Tick(before(900), before(89)), "limits": Tick(before(900), before(800))}, set()),
        ({"runs": Tick(before(900), before(91)), "limits": Tick(before(900), before(800))}, {"runs"}),
        ({"runs": Tick(before(900), before(1), "it raised"), "limits": Tick(before(900), before(800))}, {"runs"}),
        ({"limits": Tick(before(91), before(91))}, {"runs"}),
        ({"limits": Tick(before(60), before(60))}, set()),
        ({}, set()),
    ],
)
def test_a_sensor_is_in_trouble_when_it_raised_or_missed_three_of_its_intervals(ticks, wrong):
    """A sensor that never looked counts from the first look of any."""
    assert set(troubles(ticks, SECONDS, NOON, 3)) == wrong


def test_every_sensor_has_an_interval_in_the_configuration(post):
    seconds = post.platform.config.alerts.sensors.seconds.model_dump()

    assert set(seconds) == {*WATCHED, "dispatch", "closing"}
    assert all(watch_of(name).name == name for name in WATCHED)


def test_a_tick_is_written_down_however_it_ends_and_without_secrets(post, monkeypatch):
    monkeypatch.setenv("DINGTALK_SECRET", SIGNING)
    post.tick(CHECKS)
    with pytest.raises(RuntimeError):
        post.tick(Watch("runs", raising))

    ticks = read_ticks(post.platform.ops, ["runs", "checks", "limits"])
    assert sorted(ticks) == ["checks", "runs"]
    assert ticks["checks"].error == ""
    assert ticks["runs"].error.startswith("RuntimeError: cannot reach https://example.org")
    assert TOKEN not in ticks["runs"].error


def test_a_broken_sensor_is_told_once_by_the_dispatcher_and_when_it_works_again(post):
    with pytest.raises(RuntimeError):
        post.tick(Watch("checks", raising))
    for _ in range(2):
        dispatch_once(post.scene())
    post.tick(CHECKS)
    dispatch_once(post.scene())

    assert post.told == [
        ("sensor_failed", "The sensor checks does not work"),
        ("recovered", "Recovered: the sensor checks works again"),
    ]


def test_a_sensor_that_stands_still_is_told(post):
    """After 185 seconds those of 30 and 60 seconds have missed three looks, those of 300 and 900 have not."""
    for name in WATCHED:
        post.tick(Watch(name, lambda scene, memory: Sight((), {})))
    dispatch_once(post.scene(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=185)))

    assert {subject.split()[2] for _, subject in post.told} == {
        "runs",
        "checks",
        "sources",
        "signals",
        "closing",
    }


def test_the_heartbeat_is_shown_without_a_run_when_it_changes_and_its_check_is_not_told_twice(post):
    with pytest.raises(RuntimeError):
        post.tick(Watch("limits", raising))
    for _ in range(3):
        dispatch_once(post.scene())
    post.tick(CHECKS)

    made = post.instance.fetch_materializations(HEARTBEAT, limit=10).records
    checked = post.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(HEARTBEAT, CHECK), limit=10
    )
    assert len(made) == len(checked) == 1
    assert made[0].asset_materialization.metadata["sensors"].records[5].data["what is wrong"]
    assert not checked[0].evaluation.passed
    assert [kind for kind, _ in post.told] == ["sensor_failed"]


def test_dead_letters_are_a_warning_and_a_table_of_the_heartbeat(post):
    post.evaluate(False)
    post.tick(CHECKS)
    with post.platform.ops.begin() as connection:
        connection.execute(OUTBOX.update().values(state="dead", last_error="310000 sign not match"))
    dispatch_once(post.scene())

    made = post.instance.get_latest_materialization_event(HEARTBEAT).asset_materialization
    (dead,) = (row.data for row in made.metadata["dead letters"].records)
    assert dead["last_error"] == "310000 sign not match"
    assert judged(post.platform, dt.datetime.now(dt.UTC))[0] is State.WARN


def test_a_home_where_no_sensor_ever_looked_is_blocked(post):
    state, reason = judged(post.platform, NOON)

    assert state is State.BLOCKED
    assert "etf-platform ui" in reason


def test_a_failed_check_reaches_the_robot_once_whoever_dispatches(post, robot):
    """Two installations of the same home dispatch in turn."""
    from etf_platform.orchestration.alerting.deliver import desk_of
    from etf_platform.orchestration.alerting.watch import tick

    post.evaluate(False, description="3 of 5 members are broken")
    tick(CHECKS, post.scene(), desk_of(post.platform))
    for one in (post, post.restarted(), post):
        dispatch_once(one.scene())

    (body,) = robot()
    assert "broken_members" in body
    assert "3 of 5 members are broken" in body
    assert {row["state"] for row in mailroom.letters(post.platform.ops)} == {"sent"}
