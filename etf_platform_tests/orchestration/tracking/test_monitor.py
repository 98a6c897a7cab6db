"""The monitor runs until it is stopped, says why it does not scan, goes on after failures; back-tests run beside it."""

import datetime as dt
import threading
import time

import dagster as dg
import pytest

from etf_platform.core.errors import InsufficientDataError, StorageError
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.alerting.heartbeat import intervals
from etf_platform.orchestration.alerting.ticks import read_ticks
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking import JOB, SENSOR, monitor
from etf_platform.orchestration.tracking.actions import TrackerActions, abandon
from etf_platform.storage import tracker


@pytest.fixture
def clocked(desk, monkeypatch):
    """The installation whose own wire and clocks stand where the test puts them."""

    class Time:
        time = staticmethod(lambda: desk.clock[0].timestamp())
        sleep = staticmethod(lambda _seconds: None)

    monkeypatch.setattr("etf_platform.orchestration.live.time", Time)
    monkeypatch.setattr("etf_platform.orchestration.tracking.monitor.utc_now", lambda: desk.clock[0])
    monkeypatch.setattr("etf_platform.orchestration.tracking.actions.utc_now", lambda: desk.clock[0])
    return desk


def test_a_tick_scans_tells_and_is_noted(clocked):
    said = monitor.tick(clocked.platform, clocked.at("09:36"), "sensor")

    assert said.startswith("done: 5 quotes of tencent; 1 stocks at the limit; 1 new signals")
    assert read_ticks(clocked.platform.ops, [SENSOR])[SENSOR].at == clocked.at("09:36")
    assert clocked.told == ["📈 涨停ETF套利信号 - 模拟一号"]
    assert [s["asked_by"] for s in tracker.scans(clocked.platform.ops)] == ["sensor"]


def test_a_stopped_monitor_says_by_whom_and_ends_signals_all_the_same(clocked):
    monitor.tick(clocked.platform, clocked.at("09:36"), "sensor")
    assert monitor.want(clocked.platform, "stopped", "desk (cli)", clocked.at("09:40")) == "stopped"
    assert monitor.want(clocked.platform, "stopped", "desk (cli)", clocked.at("09:41")) == "not_running"

    said = monitor.tick(clocked.platform, clocked.at("15:01"), "sensor")

    assert said == "stopped by desk (cli) at 2024-09-23 01:40:00 UTC"
    assert [s["state"] for s in tracker.signals(clocked.platform.ops)] == ["expired"]
    assert monitor.want(clocked.platform, "running", "x", clocked.at("15:02")) == "started"
    assert monitor.want(clocked.platform, "running", "x", clocked.at("15:02")) == "already_running"


@pytest.mark.parametrize("error", [StorageError("reading", "the disk is gone", "look"), KeyError("the disk is gone")])
def test_a_tick_that_raises_is_noted_with_its_error(clocked, monkeypatch, error):
    def broken(*_words):
        raise error

    monkeypatch.setattr("etf_platform.orchestration.tracking.monitor.scan_and_tell", broken)
    with pytest.raises(type(error)):
        monitor.tick(clocked.platform, clocked.at("09:36"), "sensor")

    assert "the disk is gone" in read_ticks(clocked.platform.ops, [SENSOR])[SENSOR].error


def test_the_loop_goes_on_after_a_failure_and_ends_when_told(clocked, monkeypatch):
    said, stop, results = [], threading.Event(), iter(["failed: x", "skipped: noon", "skipped: noon", "done: 5 quotes"])

    def tick(*_words):
        found = next(results)
        if found.startswith("failed"):
            raise StorageError("reading", "nothing", "look")
        if found.startswith("done"):
            stop.set()
        return found

    monkeypatch.setattr("etf_platform.orchestration.tracking.monitor.tick", tick)
    monkeypatch.setattr(stop, "wait", lambda _seconds: None)
    monitor.watch_market(clocked.platform, said.append, stop)

    assert [line.split("  ")[1] for line in said] == [
        "failed: reading: nothing; look.",
        "skipped: noon",
        "done: 5 quotes",
    ]


def test_only_a_live_installation_has_the_sensor_and_the_job(clocked, tmp_path):
    sample = Platform.open(Workspace(tmp_path / "sample", clocked.platform.workspace.config, "sample"))

    for platform, is_there in ((clocked.platform, True), (sample, False)):
        made = definitions_of(platform)
        assert (SENSOR in {s.name for s in made.sensors}) is is_there
        assert (JOB in {j.name for j in made.jobs}) is is_there
        assert (SENSOR in intervals(platform)) is is_there


def test_the_sensor_runs_from_the_start_and_says_what_it_did(clocked, monkeypatch):
    monkeypatch.setattr(
        "etf_platform.orchestration.tracking.sensor.scene_of",
        lambda context: type("Scene", (), {"platform": context.resources.platform, "now": clocked.at("12:00")}),
    )
    made = definitions_of(clocked.platform)
    sensor = next(s for s in made.sensors if s.name == SENSOR)
    with open_instance(clocked.platform.workspace) as instance:
        context = dg.build_sensor_context(instance=instance, resources={"platform": clocked.platform})
        tick = sensor.evaluate_tick(context)

    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == clocked.platform.config.arbitrage.strategy.scan_interval - 5
    assert "12:00:00 in Shanghai is outside of the trading hours" in tick.skip_message


def test_a_scan_can_be_launched_from_dagster_though_the_monitor_is_stopped(clocked):
    monitor.want(clocked.platform, "stopped", "x", clocked.at("09:30"))
    clocked.at("09:36")
    job = definitions_of(clocked.platform).resolve_job_def(JOB)
    with open_instance(clocked.platform.workspace) as instance:
        assert job.execute_in_process(instance=instance).success

    assert [s["asked_by"] for s in tracker.scans(clocked.platform.ops)] == ["dagster"]


def finished(platform, name):
    end = time.monotonic() + 10
    while (row := tracker.backtest(platform.ops, name))["status"] in ("queued", "running") and time.monotonic() < end:
        time.sleep(0.02)
    return row


def test_a_back_test_runs_in_the_background_and_keeps_its_result(clocked):
    seen = []

    def run(platform, params, advance):
        advance(0.5, "half")
        seen.append(tracker.backtests(platform.ops)[0])
        return {"total_signals": params["n"]}

    actions = TrackerActions(clocked.platform, "http://here:3000", run)
    row = finished(clocked.platform, actions.start_backtest({"n": 3}))

    assert (seen[0]["status"], seen[0]["progress"], seen[0]["message"]) == ("running", 0.5, "half")
    assert (row["status"], row["progress"], row["result"]) == ("completed", 1.0, {"total_signals": 3})
    assert actions.dagster_url() == "http://here:3000"


def test_back_tests_run_one_at_a_time(clocked):
    running, most = [], []

    def run(_platform, _params, _advance):
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        return {}

    actions = TrackerActions(clocked.platform, None, run)
    for name in [actions.start_backtest({}) for _ in range(4)]:
        assert finished(clocked.platform, name)["status"] == "completed"
    assert max(most) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_back_test_that_fails_says_why(clocked):
    def short(*_words):
        raise InsufficientDataError("testing events", "no history", "run the job `arbitrage` first")

    def broken(*_words):
        raise KeyError("x")

    for run, said in ((short, "no history"), (broken, "it broke")):
        actions = TrackerActions(clocked.platform, None, run)
        row = finished(clocked.platform, actions.start_backtest({}))
        assert row["status"] == "failed" and said in row["message"]


def test_a_back_test_whose_process_died_is_failed_and_a_removed_one_is_not_run(clocked):
    now = clocked.at("09:00")
    tracker.put_backtest(clocked.platform.ops, "old", now - dt.timedelta(hours=1), params={}, status="running")
    tracker.put_backtest(clocked.platform.ops, "young", now, params={}, status="running")

    assert abandon(clocked.platform, now) == ["old"]
    assert tracker.backtest(clocked.platform.ops, "old")["message"] == "the process that ran it is gone"


def test_scan_now_answers_with_a_sentence(clocked):
    actions = TrackerActions(clocked.platform)
    clocked.at("09:36")

    state, sentence = actions.scan_now()
    assert state == "done" and sentence.startswith("5 quotes of tencent")
    clocked.at("12:00")
    state, sentence = actions.scan_now()
    assert state == "skipped" and sentence.startswith("12:00:00 in Shanghai is outside")
