"""What one scan of the limit-up tracker costs: 5,000 stocks and 200 funds over loopback HTTP, in Tencent's format.

    python -m benchmarks.tracker --json out.json
    python -m benchmarks.tracker --stocks 1000 --rounds 3

Target: parsing and our own work (states, signals, database) take less than 10 s of the 60 s between two scans. Seconds
are split into network (the provider's server, a process of its own, and HTTP), parsing (with the books of turns and
health, which are kept in the ops database) and ours. The rate limit of a real provider is switched off here; its
waiting time is stated instead. Median, minimum and maximum of the rounds after the first, which also reads the lake;
values are checked first.
"""

import argparse
import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.alerts.post import Desk
from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.live import Wire
from etf_platform.market.wire.failover import Surroundings
from etf_platform.orchestration.live import OpsMemory
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking.scan import ScanReport, scan_once
from etf_platform.storage import tracker
from etf_platform_tests.resources.replay_server import replay_server
from etf_platform_tests.resources.trading_day import SHANGHAI, Day, Fund, Stock, serve_day, source_config

NOW = dt.datetime(2024, 9, 23, 10, 0, tzinfo=SHANGHAI)
FUNDS, HELD, WATCHED, SEALED_EVERY = 200, 50, 60, 50
REAL_RATE, REAL_BATCH = 2.0, 60  # of sources.yaml, for Tencent
PREFIXES = ("600", "601", "603", "000", "002", "300", "688")


def stocks(number: int) -> list[Stock]:
    """Simulated stocks; every fiftieth is sealed from 09:40 on."""
    codes = [f"{prefix}{i:03d}" for prefix in PREFIXES for i in range(1, 1000)][:number]
    made = []
    for place, code in enumerate(codes):
        rate = 20 if code[:3] in ("300", "688") else 10
        script = (("09:40", "sealed"),) if place % SEALED_EVERY == 0 else ()
        symbol = f"{code}.{'SH' if code[0] == '6' else 'SZ'}"
        made.append(Stock(symbol, f"模拟{place:04d}", 10.0, round(10.0 * (100 + rate) / 100, 2), script))
    return made


def funds() -> list[Fund]:
    """Simulated funds."""
    return [Fund(f"51{i:04d}.SH", f"模拟基金{i:03d}", 4.0, 3.99) for i in range(FUNDS)]


def serve(number: int) -> None:
    """The providers, until standard input ends."""
    day = Day(NOW.date(), lambda: NOW, stocks(number), funds())
    with replay_server() as server:
        serve_day(server, day)
        print(server.port, flush=True)
        sys.stdin.read()


def installation(folder: Path, port: int, number: int) -> Platform:
    """A home with the stock list, ten days of states, holdings of the funds and a watch list."""
    listed = stocks(number)
    config = folder / "configs"
    config.mkdir()
    for file in packaged_config().glob("*.yaml"):
        (config / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    sources = parse_yaml((config / "sources.yaml").read_text(encoding="utf-8"))
    sources["sources"]["live"] = source_config(lambda host: f"http://127.0.0.1:{port}/{host}", rate=1e6)
    (config / "sources.yaml").write_text(json.dumps(sources), encoding="utf-8")
    settings = parse_yaml((config / "arbitrage.yaml").read_text(encoding="utf-8"))
    settings["strategy"] |= {"scan_scope": "all", "min_weight": 0.01}
    settings["watch_etfs"] = []
    (config / "arbitrage.yaml").write_text(json.dumps(settings), encoding="utf-8")
    sealed = [s for s in listed if s.script][:WATCHED]
    lines = [f'  - {{code: "{s.symbol[:6]}", name: {s.name}, market: {s.symbol[-2:].lower()}}}' for s in sealed]
    (config / "watchlist.yaml").write_text("\n".join(["my_stocks:", *lines, ""]), encoding="utf-8")
    platform = Platform.open(Workspace(folder / "home", config, "live"))
    _fill(platform, listed)
    return platform


def _fill(platform: Platform, listed: list[Stock]) -> None:
    symbols = sorted(s.symbol for s in listed)
    names = {"name": "模拟", "board": "main", "industry": "模拟", "list_date": pd.Timestamp("2000-01-04")}
    frame = pd.DataFrame({"symbol": symbols, **names, "source": "simulated"})
    platform.lake.write(t.STOCK_LIST, "STOCK", frame)
    rng = np.random.default_rng(1)
    sealed = [s.symbol for s in listed if s.script]
    rows = []
    for fund in funds():
        held = sorted({*rng.choice(symbols, HELD, replace=False), *rng.choice(sealed, 3, replace=False)})
        rows += [{"symbol": fund.symbol, "stock": stock, "rank": i} for i, stock in enumerate(held, 1)]
    common: dict[str, Any] = {"as_of": pd.Timestamp("2024-06-30"), "published_at": pd.Timestamp("2024-08-30")}
    common |= {"published_estimated": False, "stock_name": "模拟", "weight": 0.018, "shares": 1e6, "value": 1e7}
    common |= {"from_issuer": False, "completeness": "full", "weight_sum": 0.9, "source": "simulated"}
    common |= {"fetched_at": pd.Timestamp("2024-08-30", tz="UTC"), "payload_hash": "0"}
    day = common["as_of"].date()
    platform.lake.write(t.FUND_HOLDINGS, "FUND", pd.DataFrame(rows).assign(**common), day, day)


def scan(platform: Platform) -> ScanReport:
    """One scan at ten in the morning; nobody waits."""
    around = Surroundings(OpsMemory(platform.ops, NOW.timestamp), NOW.timestamp)
    desk = Desk(platform.config.alerts, ("file",), Secrets())
    wire = Wire(platform.source, around, lambda _seconds: None)  # type: ignore[arg-type]
    return scan_once(platform, NOW.astimezone(dt.UTC), "benchmark", wire, desk)


def split(report: ScanReport) -> dict[str, float]:
    """Seconds of one scan by where they went."""
    seconds = report.figures["seconds"]
    rest = seconds["all"] - seconds["pulling"] - seconds["judging"] - seconds["database"]
    return {
        "network": seconds["network"],
        "parsing, turns": seconds["pulling"] - seconds["network"],
        "states and signals": seconds["judging"],
        "database": seconds["database"],
        "known, second source": rest,
        "all": seconds["all"],
    }


def check(platform: Platform, report: ScanReport, number: int) -> None:
    """Every stock was quoted, every sealed one is on the board, every watched one of them raised a signal."""
    sealed = {s.symbol for s in stocks(number) if s.script}
    assert report.state == "done", report.detail
    assert report.figures["stocks"] == number, report.detail
    assert {row["symbol"] for row in tracker.board(platform.ops) if row["sealed"]} == sealed
    watched = {s.symbol for s in [s for s in stocks(number) if s.script][:WATCHED]}
    assert {row["stock"] for row in tracker.signals(platform.ops, limit=None)} == watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stocks", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", action="store_true", help="be the providers (used by the benchmark itself)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve(options.stocks)
        return
    command = [sys.executable, "-m", "benchmarks.tracker", "--serve", "--stocks", str(options.stocks)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stdin is not None
        port = int(server.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(installation(Path(folder), port, options.stocks), options.stocks, options.rounds)
        server.stdin.close()
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


def measure(platform: Platform, number: int, rounds: int) -> dict[str, Any]:
    """Scan once cold, then so many rounds."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    first = scan(platform)
    check(platform, first, number)
    later = [scan(platform) for _ in range(rounds)]
    cpu = (time.process_time() - began) / (rounds + 1)
    for report in later:
        assert report.state == "done" and not report.signals, report.detail
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "quotes": number + first.figures["funds"],
        "requests": first.figures["requests"],
        "sealed": first.figures["sealed"],
        "signals": len(first.signals),
        "first": split(first),
        "rounds": [split(report) for report in later],
        "cpu_seconds": cpu,
        "memory_before_mb": before,
        "memory_peak_mb": peak,
    }


def show(figures: dict[str, Any]) -> None:
    """The table."""
    print(
        f"{figures['quotes']} quotes in {figures['requests']} requests, {figures['sealed']} boards sealed, "
        f"{figures['signals']} signals in the first scan"
    )
    print(f"{'seconds':24}{'first':>8}{'median':>9}{'min':>8}{'max':>8}")
    for name in figures["first"]:
        values = [row[name] for row in figures["rounds"]]
        numbers = (figures["first"][name], statistics.median(values), min(values), max(values))
        print(f"{name:24}{numbers[0]:8.3f}{numbers[1]:9.3f}{numbers[2]:8.3f}{numbers[3]:8.3f}")
    waits = max(0.0, (figures["requests"] - 4) / REAL_RATE)
    print(f"CPU of the scanner per scan {figures['cpu_seconds']:.2f} s")
    print(f"a provider that bears {REAL_RATE:g} requests a second adds up to {waits:.0f} s of waiting")
    print(f"peak memory {figures['memory_peak_mb']:.0f} MB, {figures['memory_before_mb']:.0f} MB before the first scan")


if __name__ == "__main__":
    main()
