"""The research rotation against pandas, vectorbt and bt: one run, and a sweep of 1,000 combinations.

    python -m benchmarks.rotation --json out.json            needs: pip install "etf_platform[bench]"

500 funds x 2,520 sessions, momentum over 120 sessions at the last session of each month, the best five at equal weight,
0.07 % of the traded value, fills at the close of the next session for everybody, shares drift between rebalances. A
fund without a bar trades and is valued at its last price. Ours and pandas choose the funds inside the timed part;
vectorbt and bt are given the weights. Values are compared for equality first; ours and the peers take turns after a
warm-up of each; every line is a median with minimum and maximum. Times are of this machine at this moment; only ratios
mean something. Purchases shrink in proportion where cash does not reach (ours, pandas); vectorbt fills orders one after
another and bt lets cash go below zero, which is what their limits of equality allow for.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import bt
import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks.workload import SIZES, make_market
from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.sweep import Grid, Prices, decision_sessions, equity_of, lay_out, sweep_prices
from etf_platform.backtest.terms import Terms

LOOKBACK, TOP_N, COST, CAPITAL = 120, 5, 0.0007, 1_000_000.0
GRID = Grid(tuple(range(20, 261, 10)), tuple(range(1, 11)), (0.0, 0.0003, 0.0007, 0.0015))
MUST = {"pandas": 100, "vectorbt": 500, "bt": 500, "sweep": 1_000}
EQUAL_TO = {"slow loop": 1e-10, "account": 1e-10, "pandas": 2.5e-5, "vectorbt": 1.3e-3, "bt": 2.5e-4}
REPEAT = 50  # ours is too short for one reading of the clock
Action = Callable[[], np.ndarray]


def bars_of(symbols: int, sessions: int) -> pd.DataFrame:
    frame = make_market(symbols, sessions).frame()
    return frame.assign(prev_close=np.nan, adj_factor=1.0, source="simulated benchmark")


def wide_of(prices: Prices) -> pd.DataFrame:
    """Closes by session and symbol; before the listing the first close stands in, where nobody trades."""
    return pd.DataFrame(prices.by_session, index=prices.sessions, columns=prices.symbols).bfill()


def slow_loop(prices: Prices) -> np.ndarray:
    """The same account in plain Python."""
    price, ends = prices.by_session, set(decision_sessions(prices, LOOKBACK).tolist())
    cash, shares, values = 1.0, {}, []
    for t in range(min(ends), len(price)):
        if t - 1 in ends:
            strength = price[t - 1] / price[t - 1 - LOOKBACK]
            known = [j for j in range(strength.size) if prices.has_bar[t - 1, j] and np.isfinite(strength[j])]
            best = sorted(known, key=lambda j, s=strength: (-s[j], j))[:TOP_N]
            value = cash + sum(n * price[t, j] for j, n in shares.items())
            lack = {j: value / TOP_N * (j in best) - shares.get(j, 0.0) * price[t, j] for j in {*best, *shares}}
            cash += sum(-gap * (1 - COST) for gap in lack.values() if gap < 0)
            need = sum(gap * (1 + COST) for gap in lack.values() if gap > 0)
            scale = min(1.0, cash / need)
            cash = max(0.0, cash - scale * need)
            moved = {j: shares.get(j, 0.0) + gap * (scale if gap > 0 else 1.0) / price[t, j] for j, gap in lack.items()}
            shares = {j: n for j, n in moved.items() if j in best}
        values.append(cash + sum(n * price[t, j] for j, n in shares.items()))
    return np.array(values)


def weights_of(prices: Prices, wide: pd.DataFrame) -> pd.DataFrame:
    """Target weights in the row of the fill session; zero where a fund is not chosen."""
    ends = decision_sessions(prices, LOOKBACK)
    price = prices.by_session
    strength = np.where(
        prices.has_bar[ends] & np.isfinite(price[ends - LOOKBACK]), price[ends] / price[ends - LOOKBACK], 0
    )
    order = np.argsort(-strength, axis=1, kind="stable")[:, :TOP_N]
    weights = np.zeros(strength.shape)
    np.put_along_axis(weights, order, 1.0 / TOP_N, axis=1)
    return pd.DataFrame(weights, index=wide.index[ends + 1], columns=wide.columns)


def with_pandas(prices: Prices, wide: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Vectorised between rebalances: one matrix product per month."""
    ends = decision_sessions(prices, LOOKBACK)
    strength = (wide.iloc[ends] / wide.iloc[ends - LOOKBACK].to_numpy()).where(known.iloc[ends])
    value, shares, parts = 1.0, pd.Series(dtype=float), [np.ones(1)]
    for k, end in enumerate(ends):
        best = strength.iloc[k].nlargest(TOP_N).index
        last = ends[k + 1] + 2 if k + 1 < len(ends) else len(wide)
        now = wide.iloc[end + 1]
        before = shares * now[shares.index]
        value = before.sum() if len(shares) else value
        cash = 0.0 if len(shares) else value
        lack = pd.Series(value / TOP_N, index=best).sub(before, fill_value=0.0)
        sold, bought = -lack.clip(upper=0.0), lack.clip(lower=0.0)
        scale = min(1.0, (cash + sold.sum() * (1 - COST)) / (bought.sum() * (1 + COST)))
        held = before.reindex(lack.index, fill_value=0.0) - sold + bought * scale
        shares = held[best] / now[best]
        block = wide[best].iloc[end + 1 : last] @ shares
        parts.append(block.to_numpy()[: last - end - 1 - (k + 1 < len(ends))])
    return np.concatenate(parts)


def with_vectorbt(wide: pd.DataFrame, size: pd.DataFrame, first: int) -> np.ndarray:
    account = vbt.Portfolio.from_orders(
        wide, size, size_type="targetpercent", fees=COST, init_cash=CAPITAL, cash_sharing=True, group_by=True,
        call_seq="auto", freq="1D",
    )  # fmt: skip
    return account.value().to_numpy()[first:] / CAPITAL


def with_bt(wide: pd.DataFrame, weights: pd.DataFrame, first: int) -> np.ndarray:
    strategy = bt.Strategy("rotation", [bt.algos.WeighTarget(weights), bt.algos.Rebalance()])
    test = bt.Backtest(
        strategy, wide, initial_capital=CAPITAL, commissions=lambda q, p: abs(q) * p * COST,
        integer_positions=False, progress_bar=False,
    )  # fmt: skip
    bt.run(test)
    return test.strategy.values.reindex(wide.index).to_numpy()[first:] / CAPITAL


def account_of(bars: pd.DataFrame, weights: pd.DataFrame, prices: Prices) -> np.ndarray:
    """The platform's account (not the research engine) on bars without gaps in fractional shares."""
    filled = pd.DataFrame(prices.close.T, index=prices.sessions, columns=prices.symbols)
    long = filled.stack().rename("close").rename_axis(["date", "symbol"]).reset_index()
    long = long.assign(open=long["close"], prev_close=np.nan, volume=1.0, adj_factor=1.0, source="simulated benchmark")
    targets = weights.set_axis(prices.sessions[prices.sessions.get_indexer(weights.index) - 1]).stack()
    rows = targets[targets > 0].rename("target_weight").rename_axis(["date", "symbol"]).reset_index()
    terms = Terms("next_close_close", COST, lot=0.0, initial_capital=1.0, min_weight_change=0.0)
    return run_rotation(rows.assign(is_decision=True), long, terms).equity["portfolio_value"].to_numpy()


def check_equality(ours: np.ndarray, peers: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest relative difference to each peer; ends the run when one is beyond its limit."""
    seen = {name: float(np.abs(values / ours - 1.0).max()) for name, values in peers.items()}
    print("largest relative difference of the daily values")
    for name, difference in seen.items():
        print(f"  {name:58s} {difference:9.1e}  (limit {EQUAL_TO[name]:.1e})")
    wrong = [name for name, difference in seen.items() if not difference <= EQUAL_TO[name]]
    if wrong:
        sys.exit(f"values differ from {', '.join(wrong)}: nothing is timed")
    return seen


def in_turn(actions: dict[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, list[float]]:
    """Seconds per call of every action, taken in turn, after one warm-up of each; the number is calls per reading."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(rounds + 1):
        for name, (action, calls) in actions.items():
            begin = time.perf_counter()
            for _ in range(calls):
                action()
            if turn:
                times[name].append((time.perf_counter() - begin) / calls)
    return times


def report(times: dict[str, list[float]]) -> dict[str, object]:
    """Medians with minimum and maximum; the ratio is to our single run, for the sweep to our time per combination."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    print("\nseconds per run (sweep: per combination); ratio to ours")
    for name, values in times.items():
        ratio = f"x{medians[name] / medians['ours']:9.1f}" if name in MUST and name != "sweep" else ""
        must = f"(must {MUST[name]})" if ratio else ""
        spread = f"{min(values) * 1e3:11.4f} .. {max(values) * 1e3:11.4f}"
        print(f"  {name:34s} {medians[name] * 1e3:11.4f} ms  [{spread}]  {ratio} {must}")
    ratios = {name: medians[name] / medians["ours"] for name in MUST if name != "sweep"}
    ratios["sweep"] = medians["vectorbt"] / medians["sweep"]
    print(f"  vectorbt per combination / sweep per combination: x{ratios['sweep']:.1f} (must {MUST['sweep']})")
    print("  below the must: " + (", ".join(n for n in MUST if ratios[n] < MUST[n]) or "none"))
    lines = {n: {"median": medians[n], "min": min(v), "max": max(v)} for n, v in times.items()}
    return {"seconds": lines, "ratios": ratios, "must": MUST}


def compile_seconds() -> float:
    """Compilation of the research kernels in a new process with an empty cache."""
    code = (
        "import time; from benchmarks.rotation import *; bars = bars_of(10, 400); "
        "p = lay_out(bars); b = time.perf_counter(); equity_of(p, 20, 2, 0.0); "
        "sweep_prices(p, Grid((20,), (1,), (0.0,))); print(time.perf_counter() - b)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    bars = bars_of(*SIZES["M"])
    prices = lay_out(bars)
    wide, known = wide_of(prices), pd.DataFrame(prices.has_bar, index=prices.sessions, columns=prices.symbols)
    known &= ~np.isnan(pd.DataFrame(prices.by_session, index=known.index, columns=known.columns).shift(LOOKBACK))
    weights, first = weights_of(prices, wide), int(decision_sessions(prices, LOOKBACK)[0])
    size = weights.reindex(wide.index)
    peers: dict[str, Action] = {
        "pandas": lambda: with_pandas(prices, wide, known),
        "vectorbt": lambda: with_vectorbt(wide, size, first),
        "bt": lambda: with_bt(wide, weights, first),
    }

    def ours() -> np.ndarray:
        return equity_of(prices, LOOKBACK, TOP_N, COST).to_numpy()

    compared = {"slow loop": slow_loop(prices), "account": account_of(bars, weights, prices)}
    equal = check_equality(ours(), compared | {name: peer() for name, peer in peers.items()})
    actions: dict[str, tuple[Callable[[], object], int]] = {"ours": (ours, REPEAT)}
    actions |= {name: (peer, 1) for name, peer in peers.items()}
    actions["sweep"] = (lambda: sweep_prices(prices, GRID), 1)
    actions["layout of the long bars (ours)"] = (lambda: lay_out(bars), 1)
    times = in_turn(actions, options.rounds)
    times["sweep"] = [seconds / GRID.size for seconds in times["sweep"]]
    results = report(times) | {"differences": equal, "combinations": GRID.size, "compile_seconds": compile_seconds()}
    print(f"  compilation with an empty cache, once per installation: {results['compile_seconds']:.1f} s")
    results["machine"] = {"python": platform.python_version(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    results["versions"] = {m.__name__: m.__version__ for m in (np, pd, vbt, bt)}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
