"""A trading day on loopback HTTP: recorded and simulated quotes, a scanner that is killed, and every letter once.

The recorded part is a limit-up pool of 2024-09-23 as the feed sent it; quotes of its stocks, and the stocks that open
and seal again, are simulated and say so. The scanner is a process of its own. It dies by SIGKILL before, inside and
after its transaction, and at random; letters go to a DingTalk robot on loopback.
"""

import datetime as dt
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.alerting.deliver import deliver
from etf_platform.orchestration.platform import Platform
from etf_platform.storage import mailroom, tracker
from etf_platform_tests.resources.dingtalk_server import judge_of
from etf_platform_tests.resources.replay_server import ERROR_500, Fault, replay_server
from etf_platform_tests.resources.robot_server import Robot, read_log, robot_http
from etf_platform_tests.resources.tracker_scanner import AFTER, BEFORE, INSIDE
from etf_platform_tests.resources.trading_day import (
    SHANGHAI,
    SINA,
    TENCENT,
    Day,
    Fund,
    Stock,
    serve_day,
    source_config,
)

DATE = dt.date(2024, 9, 23)
STAYS, OPENS, FLICKERS, LATE, NEVER = "600001.SH", "600002.SH", "300003.SZ", "688004.SH", "000005.SZ"
UNKNOWN = "605999.SH"  # watched, and no feed knows it
FUND_A, FUND_B = "510300.SH", "159915.SZ"
RECORDED = "600198.SH"  # sealed at 09:25:01 that day, as the recorded pool says; watched too
STOCKS = (
    Stock(STAYS, "模拟不开板", 10.00, 11.00, (("09:40", "sealed"),)),
    Stock(OPENS, "模拟开板", 10.05, 11.06, (("09:50", "sealed"), ("10:50", "opened"))),
    Stock(FLICKERS, "模拟回封", 20.00, 24.00, (("10:00", "sealed"), ("10:40", "opened"), ("11:10", "sealed"),
                                             ("13:40", "opened"), ("14:00", "sealed"))),
    Stock(LATE, "模拟尾盘", 50.00, 60.00, (("14:50", "sealed"),)),
    Stock(NEVER, "模拟不涨停", 8.00, 8.80),
)  # fmt: skip
FUNDS = (Fund(FUND_A, "模拟基金甲", 4.000, 3.990), Fund(FUND_B, "模拟基金乙", 2.000, None))
WEIGHTS = {
    FUND_A: {STAYS: 0.06, OPENS: 0.07, RECORDED: 0.09, NEVER: 0.05, LATE: 0.05},
    FUND_B: {FLICKERS: 0.10, STAYS: 0.05},
}
BEST_FUND = {STAYS: FUND_A, OPENS: FUND_A, RECORDED: FUND_A, FLICKERS: FUND_B, LATE: FUND_A}
EVERY = 8  # minutes
STANDS_IN = ("10:05", "10:20")  # Tencent is down: Sina answers
SILENT = ("13:15", "13:26")  # nobody answers
DEATHS = {3: INSIDE, 9: BEFORE, 15: AFTER}
RANDOM_KILLS, KILLED_FROM = 1, max(DEATHS) + 6


def moments():
    """Every five minutes from the opening to the close, and once after it."""
    halves = (("09:31", "11:29"), ("13:01", "14:59"), ("15:01", "15:01"))
    found = []
    for start, end in halves:
        found += list(pd.date_range(f"{DATE} {start}", f"{DATE} {end}", freq=f"{EVERY}min", tz=SHANGHAI))
    return [moment.to_pydatetime() for moment in found]


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    """A DingTalk robot: its address, and the titles it has taken."""
    log = tmp_path_factory.mktemp("robot") / "log.jsonl"
    http = robot_http(Robot(judge_of(""), 130101, log, limit=1000))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield (
        f"http://127.0.0.1:{http.server_port}/robot/send?access_token=drill",
        lambda: [json.loads(line["body"])["markdown"] for line in read_log(log) if line["code"] == 0],
    )
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="module")
def played(shared, robot, tmp_path_factory):
    """The day, played with a scanner that is killed; what stands in the books, and what people were told."""
    folder = tmp_path_factory.mktemp("day")
    file = shared("wire/em_zt_pool_20240923.json")
    recorded = json.loads(file.read_text(encoding="utf-8"))["data"]["pool"]
    at, plan = folder / "at", folder / "plan.json"
    at.write_text("0")
    (folder / "died").mkdir()
    days = moments()
    with replay_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DINGTALK_WEBHOOK", robot[0])
        serve_day(server, Day(DATE, lambda: days[min(int(at.read_text()), len(days) - 1)], STOCKS, FUNDS, recorded))
        server.faults |= outages(at, days)
        platform = Platform.open(Workspace(folder / "home", configuration(folder / "configs", server.base), "live"))
        prepare(platform)
        document = {"home": folder / "home", "config": folder / "configs", "at": at, "died": folder / "died"}
        document |= {"moments": [moment.isoformat() for moment in days], "deaths": DEATHS}
        plan.write_text(json.dumps(document, default=str))
        deaths = play(platform, plan, at, folder / "output")
        deliver(platform, 20.0)
    yield {"platform": platform, "deaths": deaths, "told": robot[1](), "died": folder / "died"}
    platform.ops.dispose()


def outages(at, days):
    """The faults of the day: which host fails when."""

    def down(*spans):
        def fault(_path: str, _query: dict) -> Fault | None:
            clock = f"{days[min(int(at.read_text()), len(days) - 1)]:%H:%M}"
            return ERROR_500 if any(start <= clock < end for start, end in spans) else None

        return fault

    every = {host: down(SILENT) for host in ("push2.eastmoney.com", "push2ex.eastmoney.com", SINA)}
    return every | {TENCENT: down(STANDS_IN, SILENT)}


def configuration(folder: Path, base) -> Path:
    shutil.copytree(packaged_config(), folder)
    sources = parse_yaml((folder / "sources.yaml").read_text(encoding="utf-8"))
    sources["sources"]["live"] = source_config(base)
    (folder / "sources.yaml").write_text(json.dumps(sources), encoding="utf-8")
    alerts = parse_yaml((folder / "alerts.yaml").read_text(encoding="utf-8"))
    alerts["channels"]["dingtalk"] |= {"per_minute": 1000, "digest_above": 1000}
    (folder / "alerts.yaml").write_text(json.dumps(alerts), encoding="utf-8")
    settings = parse_yaml((folder / "arbitrage.yaml").read_text(encoding="utf-8"))
    (folder / "arbitrage.yaml").write_text(json.dumps(settings | {"watch_etfs": [FUND_A]}), encoding="utf-8")
    watched = [*(s.symbol for s in STOCKS), RECORDED, UNKNOWN]
    lines = [f'  - {{code: "{s[:6]}", name: "{s}", market: {s[-2:].lower()}}}' for s in watched]
    (folder / "watchlist.yaml").write_text("\n".join(["my_stocks:", *lines, ""]), encoding="utf-8")
    return folder


def prepare(platform: Platform) -> None:
    """What was known before the day: holdings and expectations, simulated."""
    common = {"published_estimated": False, "shares": 1e6, "value": 1e7, "from_issuer": False, "completeness": "full"}
    common |= {"as_of": pd.Timestamp("2024-06-30"), "published_at": pd.Timestamp("2024-08-30"), "source": "simulated"}
    common |= {"fetched_at": pd.Timestamp("2024-08-30", tz="UTC"), "payload_hash": "0" * 64}
    rows = [
        {
            **common,
            "symbol": f,
            "stock": s,
            "stock_name": s,
            "rank": rank,
            "weight": w,
            "weight_sum": sum(held.values()),
        }
        for f, held in WEIGHTS.items()
        for rank, (s, w) in enumerate(sorted(held.items(), key=lambda pair: -pair[1]), 1)
    ]
    frame = pd.DataFrame(rows).sort_values(["as_of", "symbol", "stock"], ignore_index=True)
    platform.lake.write(t.FUND_HOLDINGS, platform.config.arbitrage.funds, frame, DATE.replace(month=6, day=30), DATE)


def play(platform, plan: Path, at: Path, output: Path) -> Counter:
    """Start scanners until the day is over; a few of them are killed at random; count how they died."""
    rng, deaths, killed, end = random.Random(5), Counter(), 0, time.monotonic() + 120
    command = [sys.executable, "-m", "etf_platform_tests.resources.tracker_scanner", str(plan)]
    while int(at.read_text()) < len(moments()):
        assert time.monotonic() < end, output.read_text()
        with output.open("a") as log:
            scanner = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ})
        while scanner.poll() is None:
            if killed < RANDOM_KILLS and int(at.read_text()) >= KILLED_FROM:
                time.sleep(rng.uniform(0.0, 0.15))
                scanner.send_signal(signal.SIGKILL)
                killed += 1
            time.sleep(0.01)
        deaths[scanner.returncode] += 1
        deliver(platform, 5.0)
    return deaths


def expected(done):
    """Episodes by stock, worked out from the scripts and the moments at which a scan was finished, step by step.

    A list of (number, first moment, last moment or None).
    """
    found, standing = {}, {}
    scripts = {s.symbol: s.state for s in STOCKS} | {RECORDED: lambda _moment: "sealed"}
    for moment in done:
        for symbol, state in scripts.items():
            now = state(moment)
            if now == "sealed" and symbol not in standing:
                standing[symbol] = len(found.setdefault(symbol, []))
                found[symbol].append([len(found[symbol]) + 1, moment, None])
            elif now != "sealed" and symbol in standing:
                found[symbol][standing.pop(symbol)][2] = moment
    return found


@pytest.fixture(scope="module")
def done(played):
    """Moments at which a scan was finished, in order."""
    rows = tracker.scans(played["platform"].ops, limit=1000, state="done")[::-1]
    return [row["at"].astimezone(SHANGHAI) for row in rows]


def test_the_scanner_died_often_and_the_day_was_played_to_its_end(played, done):
    assert played["deaths"][-signal.SIGKILL] == len(DEATHS) + RANDOM_KILLS
    assert {int(p.name): p.read_text() for p in played["died"].iterdir()} == DEATHS
    assert done == sorted(set(done)) and len(done) >= 0.7 * len(moments())


def test_episodes_are_those_of_the_scripts(played, done):
    stored = {}
    for row in tracker.episodes(played["platform"].ops, DATE):
        ended = row["ended_at"] and row["ended_at"].astimezone(SHANGHAI)
        entry = [row["episode"], row["began_at"].astimezone(SHANGHAI), ended]
        stored.setdefault(row["stock"], []).append(entry)
    wanted = expected(done)

    assert {stock: stored[stock] for stock in wanted} == wanted
    assert {stock: len(rows) for stock, rows in wanted.items()} == {
        STAYS: 1,
        OPENS: 1,
        FLICKERS: 3,
        LATE: 1,
        RECORDED: 1,
    }
    assert NEVER not in stored


def test_each_episode_raised_one_signal_and_ended_it(played, done):
    """None in the last half hour: less than `min_time_to_close` is left."""
    rows = tracker.signals(played["platform"].ops, limit=None)
    found = {(r["stock"], r["etf"], r["episode"]): r["state"] for r in rows}
    wanted = {
        (stock, BEST_FUND[stock], number): "invalidated" if ended else "expired"
        for stock, episodes in expected(done).items()
        for number, _, ended in episodes
        if stock != LATE
    }

    assert len(rows) == len(found) and found == wanted
    assert len({r["signal_id"] for r in rows}) == len(rows)


def test_people_were_told_of_everything_once(played, done):
    told = Counter(document["title"] for document in played["told"])
    names = {s.symbol: s.name for s in STOCKS} | {RECORDED: "大唐电信"}
    wanted = Counter()
    for stock, episodes in expected(done).items():
        for _, _, ended in episodes if stock != LATE else ():
            wanted[f"📈 涨停ETF套利信号 - {names[stock]}"] += 1
            wanted[f"⚠️ 涨停打开 - {names[stock]}"] += ended is not None

    assert told == +wanted
    assert {r["state"] for r in mailroom.letters(played["platform"].ops, limit=1000)} == {"sent"}
    assert all("观察信号" in d["text"] for d in played["told"] if d["title"].startswith("📈"))


def test_outages_fail_scans_and_end_nothing(played, done):
    rows = tracker.scans(played["platform"].ops, limit=1000)
    failed = {row["at"].astimezone(SHANGHAI).strftime("%H:%M") for row in rows if row["state"] == "failed"}
    sources = {row["at"].astimezone(SHANGHAI).strftime("%H:%M"): row["figures"].get("source") for row in rows}

    assert failed and all(SILENT[0] <= clock < SILENT[1] for clock in failed)
    assert {source for clock, source in sources.items() if STANDS_IN[0] <= clock < STANDS_IN[1]} == {"sina"}
    assert {s["state"] for s in tracker.signals(played["platform"].ops, limit=None) if s["stock"] == STAYS} == {
        "expired"
    }


def test_the_board_of_the_evening_holds_recorded_and_simulated_stocks(played):
    board = {row["symbol"]: row for row in tracker.board(played["platform"].ops, DATE)}

    assert board[RECORDED]["sealed"] and board[RECORDED]["boards_in_row"] == 5
    assert board[RECORDED]["limit_up"] == 8.50
    assert board[OPENS]["opened"] and not board[OPENS]["at_limit"]
    assert board[FLICKERS]["sealed"] and board[FLICKERS]["times_opened"] == 2
    assert len(board) == 20 + 4
