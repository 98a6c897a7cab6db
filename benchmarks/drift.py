"""How often the drift monitor is wrong, and how often it sees: simulated pools at rest and shifted, and a real autumn.

    python -m benchmarks.drift --json out.json
    python -m benchmarks.drift --runs 100 --home etf_home

At rest: pools of six funds whose volatility clusters (GARCH(1, 1), 0.08 + 0.90, Student 6: slower than the 47 funds of
the original's pools), whose amounts and order books remember (AR(1), 0.6) and that miss a bar now and then. Each run is
a pool of its own, judged on one day through the code of production. Target: the share of runs that alarm lies around
1 %, the level of the null, and that of KS probabilities below 5 % and 1 % around these; targets are met when the
nominal level lies inside the 99 % score interval of the share.

Shifted: the last 20 or 40 sessions have another volatility, amount or book. Real: a home with the three pools, judged
day by day from September 2024 to January 2025.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.governance import DriftConfig
from etf_platform.core.workspace import Workspace
from etf_platform.drift.features import features_of
from etf_platform.drift.judge import judge, sessions_needed
from etf_platform.drift.machine import stages
from etf_platform.measures.distances import ks_limits
from etf_platform.measures.proportions import wilson_interval

CONFIG = DriftConfig()
RUNS, POWER_RUNS, FUNDS, SEED = 500, 100, 6, 20240102
SIZES = {"small": (1.5, 1.5, 0.1), "middle": (2.0, 2.0, 0.2), "large": (3.0, 4.0, 0.4)}  # volatility, amount, book
SINCE = (20, 40)
MOVING = ("volatility_20", "parkinson_20", "amount_to_adv", "book_imbalance")
FEATURES = (*MOVING, "row_count")
AUTUMN = ("2024-09-01", "2025-01-31")
INTERVAL = 0.99


def simulated_pool(seed: int, shift: tuple[float, float, float] = (1.0, 1.0, 0.0), sessions: int = 0) -> pd.DataFrame:
    """Daily figures of one simulated pool; the last `sessions` are shifted: volatility, amount, imbalance."""
    rng = np.random.default_rng([SEED, seed])
    n = sessions_needed(CONFIG)
    scale, volume, lean = (np.ones(n), np.ones(n), np.zeros(n))
    if sessions:
        scale[-sessions:], volume[-sessions:], lean[-sessions:] = shift
    returns, sigma = _returns(rng, n)
    close = 2.0 * np.exp(np.cumsum(returns * scale[:, None], axis=0))
    reach = np.abs(rng.normal(0.0, 1.0, close.shape)) * (sigma * scale[:, None]) + 1e-4
    amount = 1e8 * np.exp(0.35 * _memory(rng, (n, FUNDS)) + 0.15 * _memory(rng, (n, 1))) * volume[:, None]
    imbalance = np.tanh(0.25 * _memory(rng, (n, FUNDS)) + lean[:, None])
    dates = pd.bdate_range(end="2024-06-14", periods=n)
    keys = {"date": np.repeat(dates, FUNDS), "symbol": np.tile([f"51{k:04d}.SH" for k in range(FUNDS)], n)}
    columns = {"close": close, "high": close * np.exp(reach / 2), "low": close * np.exp(-reach / 2), "amount": amount}
    bars = pd.DataFrame(keys | {name: values.ravel() for name, values in columns.items()}).assign(adj_factor=1.0)
    bars = bars[rng.random(len(bars)) >= 0.002]
    return features_of(bars, None, _quotes(keys, imbalance.ravel()), dates)


def measured(seed: int, shift: tuple[float, float, float] = (1.0, 1.0, 0.0), sessions: int = 0) -> pd.DataFrame:
    """Rows of DRIFT of a simulated pool's last day."""
    daily = simulated_pool(seed, shift, sessions)
    rows = judge(daily, pd.DatetimeIndex(daily.index[-1:]), CONFIG)
    return rows[rows["feature"].isin(FEATURES)].assign(seed=seed)


def at_rest(runs: int, workers: int) -> dict[str, Any]:
    """Shares of runs with an alarm, with KS probabilities below the levels, and with any discovery."""
    rows = _runs(range(runs), workers)
    alarm = rows["level"].isin(["alert", "major"])
    limit = ks_limits(CONFIG.baseline, CONFIG.recent)[0.05]
    found: dict[str, Any] = {}
    for name in FEATURES:
        mine = rows["feature"] == name
        found[name] = {
            "alarm": _share(alarm[mine]),
            "ks 5 %": _share(rows.loc[mine, "ks_p"] <= 0.05),
            "ks 1 %": _share(rows.loc[mine, "ks_p"] <= 0.01),
            "PSI >= 0.10": _share(rows.loc[mine, "psi"] >= CONFIG.psi_alert),
            "D > limit": _share(rows.loc[mine, "ks"] > limit),
        }
    found["any discovery"] = _share((rows["ks_q"] <= CONFIG.fdr).groupby(rows["seed"]).any())
    return found


def power(runs: int, workers: int) -> dict[str, dict[str, list[float]]]:
    """Share of shifted runs that alarm: size and sessions since -> feature -> (by the level, by KS at q <= 5 %)."""
    found = {}
    for since in SINCE:
        for size, shift in SIZES.items():
            rows = _runs(range(10_000, 10_000 + runs), workers, shift, since)
            by = rows.assign(alarm=rows["level"].isin(["alert", "major"]), discovery=rows["ks_q"] <= CONFIG.fdr)
            shares = by.groupby("feature")[["alarm", "discovery"]].mean()
            found[f"{size}, {since} sessions"] = {name: shares.loc[name].tolist() for name in MOVING}
    return found


def autumn(home: Path) -> dict[str, Any]:
    """Alarms of the stored pools, judged day by day over the autumn of 2024: pool -> feature -> runs of days."""
    from etf_platform.storage.lake import Lake

    lake = Lake(home / "lake")
    pools = [pool for pool in ("A_SHARE", "QDII", "OTHER") if lake.exists(t.BARS, pool)]
    return {pool: _pool_autumn(lake, pool) for pool in pools}


def _pool_autumn(lake: Any, pool: str) -> dict[str, Any]:
    daily = features_of(lake.read(t.BARS, pool), lake.read(t.PANEL, pool, start=pd.Timestamp("2019-01-01").date()))
    days = pd.DatetimeIndex(daily.index[(daily.index >= AUTUMN[0]) & (daily.index <= AUTUMN[1])])
    began = time.perf_counter()
    rows = judge(daily, days, CONFIG)
    seconds = time.perf_counter() - began
    rows["stage"] = stages(rows, CONFIG)
    found = {str(name): _episodes(mine) for name, mine in rows.groupby("feature") if (mine["level"] != "unknown").any()}
    return {"seconds per day": seconds / len(days), "days": len(days), "features": found}


def _episodes(rows: pd.DataFrame) -> dict[str, Any]:
    alarm = rows["level"].isin(["alert", "major"])
    runs = rows[alarm].groupby((~alarm).cumsum()[alarm])["date"].agg(["min", "max", "size"])
    told = [f"{first:%Y-%m-%d}..{last:%Y-%m-%d} ({size})" for first, last, size in runs.itertuples(index=False)]
    first = {stage: f"{rows.loc[rows['stage'] == stage, 'date'].min():%Y-%m-%d}" for stage in rows["stage"].unique()}
    first.pop("NORMAL", None)
    largest = {name: float(rows[name].max()) for name in ("psi", "wasserstein")}
    return {"alarms": told, "first": first, **largest, "smallest ks_q": float(rows["ks_q"].min())}


def _runs(
    seeds: range, workers: int, shift: tuple[float, float, float] = (1.0, 1.0, 0.0), sessions: int = 0
) -> pd.DataFrame:
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(measured, seeds, repeat(shift), repeat(sessions), chunksize=10))
    return pd.concat(parts, ignore_index=True)


def _returns(rng: np.random.Generator, n: int, burn: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Log returns and standard deviations of the funds: a common and an own part, both GARCH(1, 1)."""
    shocks = rng.standard_t(6, (n + burn, FUNDS + 1)) / np.sqrt(1.5)
    variance, path, deviations = np.ones(FUNDS + 1), np.empty_like(shocks), np.empty_like(shocks)
    for i, shock in enumerate(shocks):
        deviations[i] = np.sqrt(variance)
        path[i] = deviations[i] * shock
        variance = 0.02 + 0.08 * path[i] ** 2 + 0.90 * variance
    own, common = 0.008, 0.011
    returns = common * path[burn:, :1] + own * path[burn:, 1:]
    return returns, np.sqrt((common * deviations[burn:, :1]) ** 2 + (own * deviations[burn:, 1:]) ** 2)


def _memory(rng: np.random.Generator, shape: tuple[int, int], phi: float = 0.6) -> np.ndarray:
    """AR(1) with standard deviation 1 along the first axis."""
    noise = rng.normal(size=shape)
    values = np.empty(shape)
    values[0] = noise[0]
    for i in range(1, shape[0]):
        values[i] = phi * values[i - 1] + np.sqrt(1.0 - phi**2) * noise[i]
    return values


def _quotes(keys: dict[str, np.ndarray], imbalance: np.ndarray) -> pd.DataFrame:
    depth = {f"bid{k}_volume": 1e5 * (1.0 + imbalance) for k in range(1, 6)}
    depth |= {f"ask{k}_volume": 1e5 * (1.0 - imbalance) for k in range(1, 6)}
    return pd.DataFrame(keys | depth).assign(fetched_at=0, turnover=np.nan, premium=np.nan)


def _share(hits: pd.Series) -> list[float]:
    low, high = wilson_interval(int(hits.sum()), len(hits), INTERVAL)
    return [float(hits.mean()), low, high]


def table(result: dict[str, Any]) -> str:
    """The figures as text."""
    rest = result["at rest"]
    lines = [
        f"at rest, {result['runs']} pools; share (99 % interval); the last two columns are what limits alone would say"
    ]
    names = list(rest[FEATURES[0]])
    lines.append(f"{'feature':15}" + "".join(f"{name:>24}" for name in names))
    for name in FEATURES:
        lines.append(f"{name:15}" + "".join(f"{_told(rest[name][each]):>24}" for each in names))
    lines.append(f"days with any discovery at a false-discovery rate of 5 %: {_told(rest['any discovery'])}")
    lines += ["", f"power, {result['power runs']} pools; alarm / KS after Benjamini-Hochberg"]
    lines.append(f"{'shift':24}" + "".join(f"{name:>20}" for name in MOVING))
    for label, by in result["power"].items():
        lines.append(f"{label:24}" + "".join(f"{by[name][0]:>13.2f} / {by[name][1]:.2f}" for name in MOVING))
    sizes = "; ".join(f"{size} x{v:g}, x{a:g}, +{b:g}" for size, (v, a, b) in SIZES.items())
    lines += [f"sizes of volatility, amount, tanh-scale imbalance: {sizes}", "", *_autumn_lines(result["autumn"])]
    return "\n".join(lines)


def _autumn_lines(found: dict[str, Any]) -> list[str]:
    if not found:
        return ["real autumn of 2024: no home with the three pools (--home)"]
    lines = [
        f"real pools, every session {AUTUMN[0]} to {AUTUMN[1]}: runs of alarm days (sessions), first day of stages"
    ]
    for pool, of in found.items():
        lines.append(f"{pool}: {of['days']} days, {1e3 * of['seconds per day']:.0f} ms a day")
        for name, each in of["features"].items():
            told = ", ".join(each["alarms"]) or "no alarm"
            reached = ", ".join(f"{stage} {day}" for stage, day in each["first"].items())
            figures = f"PSI to {each['psi']:.2f}, W to {each['wasserstein']:.2f}, q from {each['smallest ks_q']:.3f}"
            lines.append(f"  {name:14} {told}{'; ' + reached if reached else ''}; {figures}")
    return lines


def _told(share: list[float]) -> str:
    return f"{share[0]:.3f} ({share[1]:.3f}-{share[2]:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--power-runs", type=int, default=POWER_RUNS)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--home", type=Path, default=Workspace.from_env().home, help="with the three real pools")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = {
        "runs": options.runs,
        "power runs": options.power_runs,
        "autumn": autumn(options.home) if (options.home / "lake").exists() else {},
        "at rest": at_rest(options.runs, options.workers),
        "power": power(options.power_runs, options.workers),
    }
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
