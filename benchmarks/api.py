"""The REST API on loopback: requests per second and p99 with 50 clients, against a bare FastAPI endpoint.

    python -m benchmarks.api --json out.json

5,000 stocks over two years, a board of 120 limit-ups, 40 signals, fixed seed. Three servers of one process each take
turns: ours; ours with every answer made anew; a FastAPI application that returns the same bytes from memory. 50 clients
keep their connections and ask again as soon as they are answered, in a process of their own (the two share the
machine's cores). Bodies are compared for equality first. Times are of this machine at this moment; the ratios count.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config import load_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.storage import tracker
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import open_ops
from etf_platform.storage.outbox import transaction

CLIENTS = 50
STOCKS, BOARD, SIGNALS = 5_000, 120, 40
PATHS = {
    "signals": "/api/signals?limit=20&today_only=true",
    "limit-up": "/api/limit-up",
    "K-line of one stock": "/api/stocks/600519/kline?days=60",
}
SERVERS = {"ours": "ours", "computed": "ours, every answer made anew", "bare": "bare FastAPI, the same bytes"}
DAY = dt.date(2024, 12, 31)
NOW = dt.datetime(2024, 12, 31, 3, 0, tzinfo=dt.UTC)


class Nobody:
    """Actions that are never asked."""

    def scan_now(self) -> str:
        """Nothing."""
        return ""

    def start_backtest(self, params: dict) -> str:
        """Nothing."""
        return ""

    def dagster_url(self) -> None:
        """Nowhere."""


def fill(home: Path) -> None:
    """Bars, a board, signals and quotes of a simulated day."""
    workspace = Workspace(home=home, config=packaged_config(), source="sample")
    rng = np.random.default_rng(20240102)
    symbols = [f"{600_000 + i}.SH" for i in range(2_600)] + [f"{i:06d}.SZ" for i in range(1, STOCKS - 2_599)]
    lake = Lake(workspace.lake)
    for year in (2023, 2024):
        days = sessions("XSHG").between(f"{year}-01-01", f"{year}-12-31")
        lake.write(t.BARS, "STOCK", bars(symbols, days, rng), f"{year}-01-01", f"{year}-12-31")
    board = [{"symbol": s, **limit_up(s)} for s in symbols[:BOARD]]
    signals = [signal(s) for s in symbols[:SIGNALS]]
    with transaction(open_ops(workspace.ops_url)) as connection:
        tracker.replace_board(connection, DAY, NOW, board)
        tracker.put_quotes(connection, NOW, board)
        tracker.add_signals(connection, signals, NOW)


def bars(symbols: list[str], days: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    rows = len(days) * len(symbols)
    close = np.round(rng.uniform(5.0, 50.0, rows), 2)
    frame = pd.DataFrame({"date": np.repeat(days.to_numpy(), len(symbols)), "symbol": np.tile(symbols, len(days))})
    prices = dict.fromkeys(("open", "high", "low", "close", "prev_close"), close)
    marks = {"amount_estimated": False, "source": "simulated benchmark", "revision": 0, "adj_factor": 1.0}
    fetched = pd.Timestamp("2025-01-01", tz="UTC")
    return frame.assign(**prices, volume=1e6, amount=close * 1e6, fetched_at=fetched, **marks)


def limit_up(symbol: str) -> dict:
    return {
        "name": f"股票{symbol[:6]}", "price": 11.0, "change": 0.1, "prev_close": 10.0, "limit_up": 11.0,
        "at_limit": True, "sealed": True, "touched": True, "opened": False, "one_word": False, "boards_in_row": 1,
        "volume": 1.2e7,
        "amount": 1.3e8, "turnover": 0.031, "seal_amount": 2.5e8, "first_seal": "2024-12-31T01:45:03+00:00",
        "source": "simulated benchmark",
    }  # fmt: skip


def signal(symbol: str) -> dict:
    fields = {
        "at": NOW.isoformat(), "stock_name": f"股票{symbol[:6]}", "stock_price": 11.0, "etf_name": "沪深300ETF",
        "etf_price": 4.1, "etf_weight": 0.06, "confidence": "中", "risk_level": "低", "reason": "模拟" * 20,
    }  # fmt: skip
    return {"trade_date": DAY, "stock": symbol, "etf": "510300.SH", "episode": 1, "fields": fields}


def serve(mode: str, home: Path) -> None:
    """One server; its port goes to standard output."""
    import uvicorn

    app = bare(home) if mode == "bare" else platform_app(mode, home)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", server_header=False))

    async def run() -> None:
        task = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await task

    asyncio.run(run())


def platform_app(mode: str, home: Path):
    from etf_platform.web import app
    from etf_platform.web.services import Services

    if mode == "computed":
        app.KEPT = ()
    workspace = Workspace(home=home, config=packaged_config(), source="sample")
    return app.create_app(
        Services(
            config=load_config(workspace.config),
            workspace=workspace,
            lake=Lake(workspace.lake),
            ops=open_ops(workspace.ops_url),
            sessions=lambda universe: sessions("XSHG"),
            actions=Nobody(),
            now=lambda: NOW,
        )
    )


def bare(home: Path):
    from fastapi import FastAPI, Response

    app = FastAPI()
    for number, path in enumerate(PATHS.values()):
        body = (home / f"answer{number}.json").read_bytes()
        app.add_api_route(path.partition("?")[0], _giving(body), response_class=Response)
    return app


def _giving(body: bytes):
    from fastapi import Response

    async def answer() -> Response:
        return Response(body, media_type="application/json")

    return answer


@contextlib.contextmanager
def running(mode: str, home: Path) -> Iterator[int]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.api", "--serve", mode, "--home", str(home)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait(10)


async def fetch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return await reader.readexactly(length)


async def load(port: int, path: str, requests: int) -> tuple[float, list[float]]:
    """Seconds of all requests together, and of each."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    times: list[float] = []
    left = iter(range(requests))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        for _ in left:
            begin = time.perf_counter()
            await fetch(reader, writer, request)
            times.append(time.perf_counter() - begin)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.perf_counter() - begin, times


async def once(port: int, path: str) -> tuple[bytes, float]:
    """Body and seconds of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    begin = time.perf_counter()
    body = await fetch(reader, writer, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    writer.close()
    return body, time.perf_counter() - begin


def measure(home: Path, rounds: int, seconds: float) -> list[dict]:
    with contextlib.ExitStack() as stack:
        ports = {mode: stack.enter_context(running(mode, home)) for mode in ("ours", "computed")}
        first = {}
        for number, (name, path) in enumerate(PATHS.items()):
            body, first[name] = asyncio.run(once(ports["ours"], path))
            (home / f"answer{number}.json").write_bytes(body)
        ports["bare"] = stack.enter_context(running("bare", home))
        return [endpoint(name, path, ports, rounds, seconds, first[name]) for name, path in PATHS.items()]


def endpoint(name: str, path: str, ports: dict[str, int], rounds: int, seconds: float, first: float) -> dict:
    bodies = {mode: asyncio.run(once(port, path))[0] for mode, port in ports.items()}
    assert len(set(bodies.values())) == 1, f"{name}: the servers do not answer the same"
    rates: dict[str, list[float]] = {mode: [] for mode in ports}
    tails: dict[str, list[float]] = {mode: [] for mode in ports}
    wanted = dict.fromkeys(ports, 300)
    for turn in range(rounds + 1):
        for mode, port in ports.items():
            took, times = asyncio.run(load(port, path, wanted[mode]))
            if turn:
                rates[mode].append(len(times) / took)
                tails[mode].append(float(np.quantile(times, 0.99)))
            else:
                wanted[mode] = int(min(max(len(times) / took * seconds, CLIENTS), 20_000))
    return report(name, path, len(bodies["ours"]), rates, tails, first)


def report(name: str, path: str, size: int, rates: dict, tails: dict, first: float) -> dict:
    rate = {mode: statistics.median(values) for mode, values in rates.items()}
    tail = {mode: statistics.median(values) for mode, values in tails.items()}
    print(f"\n{name}: {path}, {size:,} bytes, first answer {first * 1e3:.0f} ms")
    for mode, words in SERVERS.items():
        spread = f"[{min(rates[mode]):6.0f} .. {max(rates[mode]):6.0f}]"
        ratio = f"x{rate[mode] / rate['bare']:.2f} of bare"
        print(f"  {words:32s} {rate[mode]:7.0f} requests/s {spread}  p99 {tail[mode] * 1e3:7.1f} ms  {ratio}")
    return {"name": name, "path": path, "bytes": size, "first_seconds": first, "rate": rates, "p99": tails}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="about so long a server is asked in one round")
    parser.add_argument("--folder", type=Path, help="folder for temporary data (default: the system's)")
    parser.add_argument("--serve", choices=list(SERVERS), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.home)
        return
    home = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        fill(home)
        print(f"{CLIENTS} clients, {STOCKS:,} stocks, one server process, load generator on the same machine")
        results: dict[str, object] = {"parts": measure(home, options.rounds, options.seconds)}
    finally:
        shutil.rmtree(home)
    results["machine"] = {"python": platform.python_version(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    results["versions"] = {name: version(name) for name in ("fastapi", "starlette", "uvicorn", "duckdb")}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
