"""The factor panel against peers: 64 factors over one random market, values checked for equality first.

    python -m benchmarks.panel --size S --rounds 5 --json out.json

Ours and the peers take turns within each round, after a warm-up of each. Per peer, ours computes exactly the columns
that the peer has; the ratio is of times per value, medians of the rounds; `by cpu` is the same of processor time, which
other users of the machine hardly touch. Only ratios mean something. Compile and import times stand on lines of their
own. Prices are float64 and so are the results of every peer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.panel_peers import DuckDb, Pandas, PandasRank, Polars, PolarsRank, TaLib, VectorBt
from benchmarks.workload import SIZES, Market, make_market
from etf_platform.factors.compute import compute_arrays
from etf_platform.factors.panel import find_factors

PEERS = {
    "pandas": (Pandas, 10.0),
    "pandas rank": (PandasRank, 25.0),
    "polars": (Polars, 4.0),
    "polars rank": (PolarsRank, 20.0),
    "DuckDB": (DuckDb, 12.0),
    "TA-Lib": (TaLib, 1.5),
    "vectorbt": (VectorBt, 5.0),
}
MOST_COPIES = 8.0
WINDOWS = (5, 10, 20, 60, 120, 250)
COLUMNS = (
    *(f"{kind}_{w}" for kind in ("sma", "std", "zscore", "min", "max", "rank", "ema") for w in WINDOWS),
    *("rsi_14", "adx_14", "atr_14", "obv", "amihud_20", "skew_60", "max_drawdown_60", "max_drawdown_250"),
    *("macd_ewm_12_26_9", "macd_ewm_signal_12_26_9", "macd_ewm_hist_12_26_9"),
    *("bb_upper_20_2", "bb_lower_20_2", "bb_percent_20_2"),
    *(f"momentum_{w}" for w in (20, 60, 120, 250)),
    *("volatility_20", "volatility_60", "volume_ratio_5", "volume_ratio_20"),
)
LOOSE = {"std": 1e-6, "zscore": 1e-6, "bb": 1e-6, "skew": 1e-5, "volatility": 1e-6}
"""Relative tolerance where peers keep running sums that lose digits; 1e-9 elsewhere."""


class Ours:
    """Our kernels on some columns, into memory that exists already (as for the copy)."""

    def __init__(self, market: Market, columns: Sequence[str], threads: int) -> None:
        self.market, self.threads = market, threads
        self.factors = find_factors(columns)
        self.out = np.zeros((len(columns), market.rows))

    def run(self) -> None:
        """What is timed."""
        _, failures = compute_arrays(self.factors, self.market.offsets, self.market.bars, self.threads, self.out)
        if failures:
            raise SystemExit(f"factors failed: {failures}")


def check_equal(peer: str, ours: Ours, theirs: dict[str, np.ndarray]) -> float:
    """Largest difference relative to the column's size; stops when values or gaps differ.

    TA-Lib gives the MACD line only where the signal starts: a peer may lack up to 2 % of the rows.
    """
    worst = 0.0
    for row, factor in enumerate(ours.factors):
        a, b = ours.out[row], theirs[factor.column]
        limit = LOOSE.get(factor.column.split("_")[0], 1e-9)
        both = np.isfinite(a) & np.isfinite(b)
        odd = (np.isfinite(b) & ~np.isfinite(a)).mean()
        lacking = (np.isfinite(a) & ~np.isfinite(b)).mean()
        gap = np.abs(a[both] - b[both]) / np.nanmax(np.abs(a))
        if gap.max() > limit or odd > 1e-3 or lacking > 0.02:
            gaps = f"{odd:.2%} values only there, {lacking:.2%} only here"
            raise SystemExit(f"{peer} {factor.column}: values differ by {gap.max():.2g}, {gaps}")
        worst = max(worst, float(gap.max()))
    return worst


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the wall, and seconds of all processors: the second hardly feels other users of the machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def start_up() -> dict[str, float]:
    """Seconds in fresh processes: import and list; first panel without and with numba's cache."""
    listing = "import etf_platform.factors.panel as p; p.known_factors()"
    first = (
        "from benchmarks.panel import COLUMNS, Ours; from benchmarks.workload import make_market; import time;"
        "o = Ours(make_market(2, 300), COLUMNS, 1); t = time.perf_counter(); o.run(); print(time.perf_counter() - t)"
    )

    def fresh(program: str, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **env}, capture_output=True, text=True, check=True
        )
        return done.stdout

    with tempfile.TemporaryDirectory() as empty:
        cold = float(fresh(first, NUMBA_CACHE_DIR=empty))
        warm = float(fresh(first, NUMBA_CACHE_DIR=empty))
    return {"import and list": timed(lambda: fresh(listing))[0], "compile": cold, "load from cache": warm}


def measure(size: str, rounds: int, threads: int, peers: Sequence[str]) -> dict[str, Any]:
    market = make_market(*SIZES[size])
    full = Ours(market, COLUMNS, threads)
    copy = np.zeros_like(full.out)
    pairs = {name: PEERS[name][0](market) for name in peers}
    full.run()
    agreement, same = {}, {}
    for name, peer in pairs.items():
        peer.run()
        theirs = peer.columns()
        same[name] = Ours(market, tuple(theirs), threads)
        same[name].run()
        agreement[name] = check_equal(name, same[name], theirs)
        print(f"{name}: {len(theirs)} columns agree to {agreement[name]:.1e}", file=sys.stderr, flush=True)
    times: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("ours", "copy", *pairs, *(f"ours as {p}" for p in pairs))
    }
    for _ in range(rounds):
        times["ours"].append(timed(full.run))
        times["copy"].append(timed(lambda: np.copyto(copy, full.out)))
        for name, peer in pairs.items():
            times[name].append(timed(peer.run))
            times[f"ours as {name}"].append(timed(same[name].run))
    return report(size, rounds, threads, market, times, same, agreement)


def report(
    size: str,
    rounds: int,
    threads: int,
    market: Market,
    times: dict[str, list[tuple[float, float]]],
    same: dict[str, Ours],
    agreement: dict[str, float],
) -> dict[str, Any]:
    counts = {name: len(ours.factors) for name, ours in same.items()}
    counts |= {f"ours as {name}": count for name, count in counts.items()}
    ns = {name: spread(series, market.rows * counts.get(name, len(COLUMNS))) for name, series in times.items()}
    lines = {}
    for name, count in ((name, counts[name]) for name in same):
        must, own = PEERS[name][1], ns[f"ours as {name}"]
        ratio = ns[name]["median"] / own["median"]
        facts = {"columns": count, "agree": agreement[name], "peer_ns": ns[name], "ours_ns": own}
        facts["cpu_ratio"] = ns[name]["cpu"] / own["cpu"]
        lines[name] = {"ratio": ratio, "must": must, "reached": ratio >= must, **facts}
    copies = ns["ours"]["median"] / ns["copy"]["median"]
    facts = {"columns": len(COLUMNS), "agree": 0.0, "peer_ns": ns["copy"], "ours_ns": ns["ours"]}
    facts["cpu_ratio"] = ns["ours"]["cpu"] / ns["copy"]["cpu"]
    lines["np.copyto"] = {"ratio": copies, "must": MOST_COPIES, "reached": copies <= MOST_COPIES, **facts}
    return {"panel": {"size": size, "rows": market.rows, "rounds": rounds, "threads": threads, "lines": lines}}


def spread(seconds: Sequence[tuple[float, float]], values: int) -> dict[str, float]:
    """Nanoseconds per value: median, minimum and maximum on the wall, median of processor time."""
    ns = [wall / values * 1e9 for wall, _ in seconds]
    cpu = statistics.median(cpu / values * 1e9 for _, cpu in seconds)
    return {"median": statistics.median(ns), "min": min(ns), "max": max(ns), "cpu": cpu}


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    panel = result["panel"]
    rows = [
        f"{panel['size']}: {panel['rows']:,} rows, {panel['rounds']} rounds, {panel['threads']} threads; ns per value",
        f"{'peer':<12}{'columns':>8}{'ratio':>8}{'must':>7}{'by cpu':>8}"
        f"  {'peer (min-max)':>24}  {'ours (min-max)':>22}",
    ]
    for name, line in panel["lines"].items():
        peer, ours = (f"{x['median']:.2f} ({x['min']:.2f}-{x['max']:.2f})" for x in (line["peer_ns"], line["ours_ns"]))
        figures = f"{line['columns']:>8}{line['ratio']:>8.1f}{line['must']:>7g}{line['cpu_ratio']:>8.1f}"
        rows.append(f"{name:<12}{figures}  {peer:>24}  {ours:>22}{'' if line['reached'] else '  MISSED'}")
    rows += [f"{name}: {seconds:.2f} s" for name, seconds in panel.get("start_up", {}).items()]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="M")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--no-start-up", action="store_true", help="leave out compile and import times")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.size, options.rounds, options.threads, options.peers)
    if not options.no_start_up:
        result["panel"]["start_up"] = start_up()
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
