"""Rolling historical VaR and ES against rolling quantiles of two peers, values checked for equality first.

    python -m benchmarks.risk --rounds 7 --json out.json

1,500 series x 2,520 sessions of Student-t(4) * 0.01, window 250, 99 %: VaR = -quantile(0.01, linear), ES = -mean of the
three worst. The peers compute the VaR only, ours both. All take turns within each round, after a warm-up; the ratio is
of medians on the wall, `by cpu` the same of processor time. Ours in one thread stands beside ours in all threads,
because polars uses all and pandas one. The times of whole forecasts, which the peers do not have, are printed for
orientation.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from etf_platform.core.config.risk import RiskConfig
from etf_platform.risk.forecasts import forecast_rows
from etf_platform.risk.methods import rolling_historical

SERIES, SESSIONS, WINDOW, LEVEL, SEED = 1_500, 2_520, 250, 0.99, 20240102
MUST = {"pandas": (6.0, 10.0), "polars": (1.5, 3.0)}
"""Peer -> target and stretch."""


def make_returns(series: int, sessions: int) -> np.ndarray:
    return np.random.default_rng(SEED).standard_t(4, (series, sessions)) * 0.01


def contenders(returns: np.ndarray, threads: int) -> dict[str, Callable[[], Any]]:
    wide = pd.DataFrame(returns.T)
    columns = pl.DataFrame({f"s{k}": row for k, row in enumerate(returns)})
    quantile = pl.all().rolling_quantile(1.0 - LEVEL, interpolation="linear", window_size=WINDOW)
    return {
        "ours": lambda: rolling_historical(returns, WINDOW, LEVEL, threads),
        "ours, one thread": lambda: rolling_historical(returns, WINDOW, LEVEL, 1),
        "pandas": lambda: wide.rolling(WINDOW).quantile(1.0 - LEVEL),
        "polars": lambda: columns.select(quantile),
    }


def check_equal(returns: np.ndarray, actions: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Largest difference of VaR from each peer; stops on a difference, and on an ES that a plain sort contradicts."""
    var, es = actions["ours"]()
    theirs = {"pandas": actions["pandas"]().to_numpy().T, "polars": actions["polars"]().to_numpy().T}
    gaps = {}
    for name, values in theirs.items():
        if (np.isnan(values) != np.isnan(var)).any():
            raise SystemExit(f"{name}: undefined where ours is not, or the reverse")
        gaps[name] = float(np.nanmax(np.abs(values.astype(float) + var)))
    for s in range(0, len(returns), max(1, len(returns) // 20)):
        windows = np.lib.stride_tricks.sliding_window_view(returns[s], WINDOW)
        worst = np.sort(windows, axis=1)[:, :3].mean(axis=1)
        gaps["slow sort (ES)"] = max(gaps.get("slow sort (ES)", 0.0), float(np.abs(worst + es[s, WINDOW - 1 :]).max()))
    wrong = {name: gap for name, gap in gaps.items() if not gap <= 1e-14}
    if wrong:
        raise SystemExit(f"values differ: {wrong}")
    return gaps


def timed(action: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(series: int, sessions: int, rounds: int, threads: int) -> dict[str, Any]:
    returns = make_returns(series, sessions)
    actions = contenders(returns, threads)
    gaps = check_equal(returns, actions)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(timed(action))
    values = returns.size
    ns = {name: spread(series_, values) for name, series_ in times.items()}
    lines = {name: line(ns["ours"], ns["ours, one thread"], ns[name], *MUST[name]) for name in MUST}
    facts = {"rows": values, "rounds": rounds, "threads": threads, "agree": gaps, "ns": ns, "lines": lines}
    return {"risk": facts | {"forecast_day": forecast_seconds()}}


def spread(seconds: list[tuple[float, float]], values: int) -> dict[str, float]:
    """Nanoseconds per value: median, minimum and maximum on the wall, median of processor time."""
    wall = [1e9 * s / values for s, _ in seconds]
    cpu = statistics.median(1e9 * c / values for _, c in seconds)
    return {"median": statistics.median(wall), "min": min(wall), "max": max(wall), "cpu": cpu}


def line(
    ours: dict[str, float], single: dict[str, float], peer: dict[str, float], must: float, stretch: float
) -> dict[str, Any]:
    ratio = peer["median"] / ours["median"]
    one, cpu = peer["median"] / single["median"], peer["cpu"] / ours["cpu"]
    return {"ratio": ratio, "one_thread": one, "cpu_ratio": cpu, "must": must, "stretch": stretch}


def forecast_seconds() -> dict[str, float]:
    """Seconds for six methods at three levels on ten years of one series: all days, and the last day alone."""
    days = pd.bdate_range("2015-01-01", periods=SESSIONS + 1)
    drawn = make_returns(1, SESSIONS)[0]
    returns = pd.DataFrame({"date": days[:-1], "series": "one", "return": drawn, "source": "simulated benchmark"})
    forecast_rows(returns, RiskConfig(), days, [days[-2]])
    every = timed(lambda: forecast_rows(returns, RiskConfig(), days))[0]
    return {"all days": every, "last day": timed(lambda: forecast_rows(returns, RiskConfig(), days, [days[-2]]))[0]}


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    risk = result["risk"]
    rows = [
        f"{risk['rows']:,} values, window {WINDOW}, {100 * LEVEL:g} %, {risk['rounds']} rounds, {risk['threads']} "
        "threads; ours gives VaR and ES, the peers VaR",
        f"{'peer':<10}{'ratio':>8}{'must':>7}{'stretch':>9}{'one thread':>12}{'by cpu':>8}",
    ]
    for name, seen in risk["lines"].items():
        missed = "" if seen["ratio"] >= seen["must"] else "  MISSED"
        figures = f"{seen['ratio']:>8.1f}{seen['must']:>7g}{seen['stretch']:>9g}{seen['one_thread']:>12.1f}"
        rows.append(f"{name:<10}{figures}{seen['cpu_ratio']:>8.1f}{missed}")
    rows += [
        f"{name}: {ns['median']:.2f} ns per value ({ns['min']:.2f}-{ns['max']:.2f})" for name, ns in risk["ns"].items()
    ]
    rows += [f"largest difference from {name}: {gap:.1e}" for name, gap in risk["agree"].items()]
    day = risk["forecast_day"]
    rows.append(f"forecasts of one series, six methods, three levels: {day['all days']:.2f} s for {SESSIONS:,} days, "
                f"{1e3 * day['last day']:.1f} ms for the last")  # fmt: skip
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.series, options.sessions, options.rounds, options.threads)
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
