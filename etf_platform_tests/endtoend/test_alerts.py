"""Alerts of the running product: a failing check of a scheduled run reaches a robot on loopback, no secret is left.

Nothing is launched by the tests: Dagster's daemon ticks the schedule `checks` by the clock, starts its run, and looks.
"""

import json
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.instance.config import write_dagster_home
from etf_platform.storage import mailroom
from etf_platform.storage.opsdb import open_ops
from etf_platform_tests.resources.dagster_process import serve_dagster
from etf_platform_tests.resources.dingtalk_server import judge_of
from etf_platform_tests.resources.robot_server import Robot, read_log, robot_http

CODE_LOCATION = "load_from:\n  - python_module:\n      module_name: etf_platform.definitions\n      attribute: defs\n"
SCHEDULE, CHECK, GUARDED = "checks", "extreme_month", ["backtest", "A_SHARE", "rotation"]
RUNS_OF_SCHEDULE = """query($name: String!) {
  runsOrError(filter: {tags: [{key: "dagster/schedule_name", value: $name}]}) { __typename
    ... on Runs { results { runId status jobName creationTime startTime endTime } } } }"""
CHECKS_EVERY, DISPATCH_EVERY, DAEMON_LOOP = 10, 10, 5  # seconds
MARK = "mArKeD7f3a91"
SIGNING = f"SEC{MARK}sign"
CLOSED = "127.0.0.1:9"
MARKED = {
    "DINGTALK_SECRET": SIGNING,
    "WECOM_WEBHOOK": f"http://{CLOSED}/cgi-bin/webhook/send?key={MARK}-wecom",
    "EMAIL_SENDER": "alerts@example.org",
    "EMAIL_RECIPIENTS": "desk@example.org",
    "EMAIL_PASSWORD": f"{MARK}-password",
    "SMTP_SERVER": "127.0.0.1",
    "SMTP_PORT": "9",
    "CUSTOM_WEBHOOK_URLS": f"http://{CLOSED}/hook/{MARK}-path",
    "TUSHARE_TOKEN": f"{MARK}-tushare",
}


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    """A DingTalk robot on loopback: its address, and what it has taken."""
    log = tmp_path_factory.mktemp("robot") / "log.jsonl"
    http = robot_http(Robot(judge_of(SIGNING), 130101, log))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_port}/robot/send?access_token={MARK}-token"
    yield url, lambda: [line for line in read_log(log) if line["code"] == 0]
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="module")
def alerted(seeded, robot):
    """A home whose back-test cannot pass, served by Dagster with marked secrets; home, scheduled run, what was told."""
    url, taken = robot
    with tempfile.TemporaryDirectory(prefix="etf_alerts_") as name:
        folder = Path(name)
        home = seeded.copy(folder / "home").home
        workspace = Workspace(home, strict_config(seeded.config, folder / "configs"), "sample")
        (folder / "workspace.yaml").write_text(CODE_LOCATION)
        env = {**workspace.to_env(), **MARKED, "DINGTALK_WEBHOOK": url}
        with serve_dagster(write_dagster_home(workspace), folder / "workspace.yaml", env) as served:
            first = wait_for(lambda: scheduled(served.api), 180)[0]
            run = first | served.api.wait_for_run(first["runId"])
            wait_for(lambda: about(run, taken()), 90)
            wait_for(lambda: served.api.asset(["alerts", "platform", "heartbeat"])["assetMaterializations"], 60)
            sensors = served.api.instigators()["sensors"]
        at = evaluated_at(home, run)
        yield {"home": home, "run": run, "evaluated_at": at, "taken": taken(), "sensors": sensors}


def scheduled(api):
    """Runs that Dagster's scheduler has started for the schedule, first come first."""
    answer = api.ask(RUNS_OF_SCHEDULE, name=SCHEDULE)["runsOrError"]
    return sorted(answer["results"], key=lambda run: run["creationTime"])


def about(run, taken):
    """What was told of the months in this run; others fail some checks too."""
    name = f"{CHECK} on {'/'.join(GUARDED)}"
    return [line for line in taken if name in line["body"] and run["runId"] in line["body"]]


def evaluated_at(home, run):
    """When the check was evaluated, just before Dagster stored that, in seconds since 1970."""
    with closing(sqlite3.connect(home / "dagster" / "history" / "runs" / "index.db")) as index:
        query = "SELECT evaluation_event_timestamp FROM asset_check_executions"
        where = " WHERE run_id = ? AND check_name = ? AND asset_key = ?"
        ((text,),) = index.execute(query + where, (run["runId"], CHECK, json.dumps(GUARDED))).fetchall()
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def strict_config(source, folder):
    """The same configuration in which every month is extreme, fuses are judged every minute and sensors look often."""
    shutil.copytree(source, folder)
    for name, change in (("fuses", never_calm), ("platform", every_minute), ("alerts", often)):
        path = folder / f"{name}.yaml"
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(text)
        path.write_text(yaml.safe_dump(text, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def never_calm(text):
    text["overrides"] = {"extreme_month": {"limit": 1e-6, "on_fail": "hold"}}


def every_minute(text):
    text["recheck"] = {"cron": "* * * * *", "timezone": "Asia/Shanghai"}


def often(text):
    text["channels"]["dingtalk"]["digest_above"] = 100  # a digest does not name the runs
    text["sensors"]["seconds"] |= {"checks": CHECKS_EVERY, "runs": CHECKS_EVERY, "dispatch": DISPATCH_EVERY}


def wait_for(look, seconds):
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.3)
    return seen


@pytest.mark.ui
def test_a_failing_check_of_a_scheduled_run_reaches_the_robot_within_the_sensors_interval(alerted):
    (told,) = about(alerted["run"], alerted["taken"])
    delay = told["at"] - alerted["evaluated_at"]

    print(f"told {delay:.1f} s after the evaluation; the sensor's interval is {CHECKS_EVERY} s")
    assert json.loads(told["body"])["markdown"]["title"] == "FAIL: extreme_month on backtest/A_SHARE/rotation"
    assert 0 < delay < CHECKS_EVERY + 2 * DAEMON_LOOP


@pytest.mark.ui
def test_the_daemons_scheduler_started_that_run_and_it_did_all_its_work(alerted):
    """Universes that have no data yet do not make it fail."""
    run = alerted["run"]
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}

    assert tags["dagster/schedule_name"] == SCHEDULE
    assert run["status"] == "SUCCESS"


@pytest.mark.ui
def test_all_sensors_run_from_the_start(alerted):
    names = {"runs", "checks", "sources", "signals", "lateness", "limits", "dispatch"}

    assert {alerted["sensors"][f"alerts_{name}"] for name in names} == {"RUNNING"}


@pytest.mark.ui
def test_no_marked_secret_is_left_in_logs_databases_reports_and_files(alerted):
    """Three channels failed on the way, with addresses that hold secrets; nothing of it is found below the home."""
    engine = open_ops(f"sqlite:///{alerted['home'] / 'ops.db'}")
    failing = {row["channel"]: row["last_error"] for row in mailroom.channel_states(engine) if row["failures"]}
    engine.dispose()
    found = [
        str(path.relative_to(alerted["home"]))
        for path in alerted["home"].rglob("*")
        if path.is_file() and MARK.encode() in path.read_bytes()
    ]

    assert found == []
    assert {"wecom", "email", "webhook.1"} <= set(failing)
    assert any(path.name == "dagster_dev.log" for path in alerted["home"].rglob("*.log"))
