"""The commands of the tracker: what they print, what they change, and how they end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from etf_platform.market.holdings import upload
from etf_platform.orchestration.tracking.monitor import want
from etf_platform.storage import tracker, watchlist
from etf_platform_tests.resources.command import invoke
from etf_platform_tests.resources.dagster_process import free_port
from etf_platform_tests.resources.replay_server import ERROR_500
from etf_platform_tests.resources.trading_day import EASTMONEY_POOL, EASTMONEY_QUOTE, SINA, TENCENT

ONE = "600001.SH"


@pytest.fixture
def cli(desk, monkeypatch):
    """Runs `arb` commands on the installation, whose clock stands where the test puts it."""

    class Time:
        time = staticmethod(lambda: desk.clock[0].timestamp())
        sleep = staticmethod(lambda _seconds: None)

    monkeypatch.setattr("etf_platform.orchestration.live.time", Time)
    monkeypatch.setattr("etf_platform.orchestration.tracking.monitor.utc_now", lambda: desk.clock[0])

    def run(*words):
        return invoke(["arb", *words, *shared(desk)])

    return run


def shared(desk):
    space = desk.platform.workspace
    return ["--home", str(space.home), "--config", str(space.config), "--source", "live"]


def listed(desk):
    return [s.code for s in watchlist.read(desk.platform.workspace.config / "watchlist.yaml").my_stocks]


def test_a_scan_prints_what_it_raised(cli, desk):
    desk.at("09:36")

    done = cli("scan", "--format", "json")

    assert done.exit_code == 0 and "done: 5 quotes of tencent" in done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["stock"], row["etf"], row["state"]) == (ONE, "510300.SH", "notified")


def test_a_scan_at_noon_says_why_not_and_without_a_source_ends_with_3(cli, desk):
    desk.at("12:00")
    assert cli("scan").exit_code == 0
    desk.at("09:36")
    for host in (TENCENT, EASTMONEY_QUOTE, EASTMONEY_POOL, SINA):
        desk.server.spoil(host, ERROR_500)

    done = cli("scan")

    assert done.exit_code == 3 and "tencent: HTTP 500" in done.stderr


def test_start_and_stop_say_what_they_found(cli):
    said = [cli(word).stdout.strip() for word in ("start", "stop", "stop", "start")]

    assert said == ["already_running", "stopped", "not_running", "started"]


def test_status_tells_of_the_last_scan(cli, desk):
    desk.at("09:36")
    cli("scan")

    rows = {row["what"]: row["value"] for row in json.loads(cli("status", "--format", "json").stdout)}

    assert rows["is_running"] == "True" and rows["is_trading_time"] == "yes"
    assert rows["watch_stocks_count"] == "3" and rows["mapping"] == "3 stocks in 2 funds"
    assert rows["today_signals_count"] == "1" and rows["last_scan_time"] == "2024-09-23 01:36:00 UTC"


def test_signals_are_listed_by_state_and_exported_whole(cli, desk, tmp_path):
    for at in ("09:36", "10:31"):
        desk.at(at)
        cli("scan")

    assert len(json.loads(cli("signals", "--format", "json").stdout)) == 2
    (row,) = json.loads(cli("signals", "--state", "invalidated", "--date", "2024-09-23", "--format", "json").stdout)
    assert row["stock"] == ONE
    assert cli("export", "--output", str(tmp_path / "signals.json")).exit_code == 0
    exported = json.loads((tmp_path / "signals.json").read_text(encoding="utf-8"))
    assert [s["stock"] for s in exported] == [ONE, "300002.SZ"] and exported[0]["trade_date"] == "2024-09-23"


def test_the_watch_list_is_changed_by_commands(cli, desk):
    assert cli("watch", "add", "000001", "--name", "平安银行", "--notes", "bank").exit_code == 0
    assert cli("watch", "add", "000001.SZ").exit_code == 2
    assert cli("watch", "mute", "000001").exit_code == 0
    rows = {row["code"]: row for row in json.loads(cli("watch", "list", "--format", "json").stdout)}
    assert (rows["000001"]["name"], rows["000001"]["market"], rows["000001"]["alerts"]) == ("平安银行", "sz", False)

    assert cli("watch", "remove", "000001").exit_code == 0 and cli("watch", "remove", "000001").exit_code == 2
    assert listed(desk) == ["600001", "300002", "600003"]


@pytest.mark.parametrize("code", ["510300", "60051", "abc", "900901"])
def test_what_is_no_a_share_is_not_watched(cli, desk, code):
    done = cli("watch", "add", code)

    assert done.exit_code == 1 and done.stderr.startswith("Error: ") and len(listed(desk)) == 3


def test_on_another_source_the_monitor_says_what_to_choose(cli, desk):
    done = invoke(["arb", "monitor", *shared(desk)[:-1], "sample"])

    assert done.exit_code == 1 and "choose a source of kind live" in done.stderr


@pytest.fixture
def running(desk, tmp_path):
    """Starts a command as a process of its own; killed at the end."""
    started = []

    def start(*words):
        log = (tmp_path / "output").open("w+")
        command = [sys.executable, "-m", "etf_platform.cli.main", *words, *shared(desk)]
        started.append(subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "NO_PROXY": "*"}))
        return started[-1], tmp_path / "output"

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(found, seconds=40):
    end = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return value


def test_the_monitor_in_the_foreground_ends_cleanly_with_ctrl_c(running, desk):
    want(desk.platform, "stopped", "a test", desk.at("09:00"))  # the machine's clock says whether there is a session

    process, output = running("arb", "monitor")
    assert wait_for(lambda: "stopped by a test" in output.read_text())
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=20) == 0 and "Traceback" not in output.read_text()


def test_monitor_and_server_run_in_one_process(running, desk):
    want(desk.platform, "stopped", "a test", desk.at("09:00"))
    port = free_port()

    process, output = running("arb", "both", "--port", str(port))
    assert wait_for(lambda: answers(port)), output.read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=10) as reply:
        status = json.load(reply)
    assert status["is_running"] is False and status["watch_stocks_count"] == 3
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/api/monitor/start", method="POST"), timeout=10
    ) as reply:
        assert json.load(reply)["status"] == "started"
    assert tracker.monitor(desk.platform.ops)["wanted"] == "running"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0 and "Traceback" not in output.read_text()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


CSV = """fund,stock,weight,as_of,published_at
510300,600001,0.11,2024-08-31,2024-09-05
510300,600003,0.02,2024-08-31,2024-09-05
"""


def test_a_file_of_holdings_is_judged_kept_and_read(cli, desk, tmp_path):
    file = tmp_path / "my.csv"
    file.write_text(CSV, encoding="utf-8")

    done = cli("holdings", "add", str(file))

    kept = desk.platform.workspace.home / "holdings" / "my.csv"
    assert done.exit_code == 0 and f"2 row(s) of 1 fund(s) in {kept}" in done.stderr
    again = upload(kept, desk.platform.sessions("FUND")).rows
    assert again["stock"].tolist() == [ONE, "600003.SH"] and again["weight"].tolist() == [0.11, 0.02]
    assert again["published_at"].dt.strftime("%Y-%m-%d").tolist() == ["2024-09-05"] * 2
    assert json.loads(cli("holdings", "list", "--format", "json").stdout)[0]["rows"] == 2


def test_weights_as_json_become_a_kept_file_whose_publication_stays_estimated(cli, desk, tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"510300.SH": {ONE: 0.11}}), encoding="utf-8")

    assert cli("holdings", "add", str(file), "--as-of", "2024-08-30").exit_code == 0

    (row,) = upload(
        desk.platform.workspace.home / "holdings" / "weights.csv", desk.platform.sessions("FUND")
    ).rows.to_dict("records")
    assert (row["symbol"], f"{row['published_at']:%Y-%m-%d}", row["published_estimated"]) == (
        "510300.SH",
        "2024-09-02",
        True,
    )


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("a.csv", CSV.replace("0.11", "11"), 1, "weight"),
        ("a.csv", CSV.replace("600001", "510500").replace("600003", "510050"), 2, "no row can be used"),
        ("a.txt", CSV, 1, "its ending is not known"),
    ],
)
def test_a_file_that_cannot_be_used_is_not_kept(cli, desk, tmp_path, name, text, code, said):
    (tmp_path / name).write_text(text, encoding="utf-8")

    done = cli("holdings", "add", str(tmp_path / name))

    assert done.exit_code == code and said in done.stderr
    assert not (desk.platform.workspace.home / "holdings").exists()


def test_the_mapping_of_simulated_stocks_is_built_by_one_command(cli, desk, tmp_path):
    where = ["--home", str(tmp_path / "other"), "--config", str(desk.platform.workspace.config), "--source", "sample"]

    done = invoke(["arb", "init", *where])

    assert done.exit_code == 0 and "stocks in 8 funds" in done.stderr
