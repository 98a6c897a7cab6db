"""How long the calculations of a session take on this machine, in memory, on a seeded simulated pool.

The workload is the same in every installation and week, so that figures can be set side by side; it holds the
configured factors, rules, terms and limits. Reading and writing tables is not measured here (`benchmarks`). Not here:
limits and verdicts (`governance.weekly.timings`).
"""

import datetime as dt
import os
import platform as machine
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.rotation import run_rotation
from etf_platform.core.config import Config
from etf_platform.core.states import State
from etf_platform.factors.panel import compute_panel
from etf_platform.governance import breaker, failsafe
from etf_platform.governance.weekly.timings import LIMITS, QUANTILE
from etf_platform.market.calendar import sessions
from etf_platform.orchestration.steps.factors import scored
from etf_platform.paper.account import Session, step
from etf_platform.paper.decisions import Authority, Known, Provenance, decide
from etf_platform.paper.terms import State as Held
from etf_platform.paper.terms import Terms
from etf_platform.risk.methods import estimate
from etf_platform.strategies.rotation import RotationRules, needed_from, targets, targets_since

SEED, FUNDS, SESSIONS, LAST = 20240102, 20, 520, "2024-06-28"
ROUNDS, RUNS, MOST_RUNS, WARM = 40, 3, 8, 3
DISTURBED = 1.2  # time on the wall over processor time of a run beside which something else ran
SOURCE = "benchmark (simulated)"


@dataclass(frozen=True)
class Workload:
    """What is measured: the calculations of one session on a simulated pool under this configuration."""

    config: Config

    def facts(self) -> dict[str, Any]:
        """What was measured on what, and on which machine."""
        risk = self.config.risk
        return {
            "pool": f"{FUNDS} funds x {SESSIONS} sessions up to {LAST}, {SOURCE}, seed {SEED}",
            "var_monte_carlo": f"one window of {risk.window} returns, {risk.monte_carlo_draws} draws",
            "factors": len(self.selected),
            "runs": f"the quietest of {RUNS} runs of {ROUNDS} rounds, or of up to {MOST_RUNS} where all were disturbed",
            "machine": f"{machine.machine()}, {os.cpu_count()} cores, Python {machine.python_version()}",
            "load": f"{os.getloadavg()[0]:.1f} runnable processes in the minute before",
        }

    def measures(self, name: str) -> dict[str, Callable[[], object]]:
        """Measure -> what is timed, of one of the two documents."""
        known: dict[str, Callable[[], object]] = {
            "var_monte_carlo": self.var,
            "backtest": self.backtest,
            "signal": self.signal,
            "risk_check": self.risk_check,
            "end_to_end": self.end_to_end,
        }
        return {measure: known[measure] for measure in LIMITS[name]}

    def var(self) -> object:
        """VaR and ES of one account by Monte Carlo."""
        return estimate("monte_carlo", self.returns, self.config.risk)

    def backtest(self) -> object:
        """The rotation account over the whole pool."""
        return run_rotation(self.decided, self.limited, self.terms, self.calendar)

    def signal(self) -> pd.DataFrame | None:
        """Scores, ranks and target weights of the last session from its factors."""
        return self.targets_of(self.recent)

    def risk_check(self) -> object:
        """Breaker and fail-safe rules of one strategy on one session."""
        governance, day = self.config.governance, self.day.date()
        seen = breaker.Measures(0.004, 0.03, 0.012, 0.02, 0.2)
        moved = breaker.step(breaker.BreakerState(), seen, governance.breaker, day)
        days = [each.date() for each in self.calendar[self.calendar <= self.day][-5:]]
        observed = {rule.metric: dict.fromkeys(days, 0.0) for rule in governance.fail_safe}
        verdicts = failsafe.judge(governance.fail_safe, observed, days)
        return moved, [verdict.state is State.FAIL for verdict in verdicts]

    def end_to_end(self) -> object:
        """From the last session's bars to its decision and the account after it: factors, signal, risk, fills."""
        fresh = compute_panel(self.bars, columns=self.columns, since=self.day.date()).frame
        earlier = self.recent[self.recent["date"] < self.day]
        found = self.targets_of(pd.concat([earlier, fresh], ignore_index=True))
        assert found is not None
        self.risk_check()
        rows = self.bars[self.bars["date"] == self.day]
        closes, features = rows.set_index("symbol")["close"], fresh.set_index("symbol")[self.columns]
        why = Provenance({}, self.config.digest, "", dt.datetime(2024, 6, 28, 7, tzinfo=dt.UTC))
        known = Known(found.assign(is_decision=True), closes, rows, features)
        decision = decide(known, pd.Series(dtype="float64"), Authority(), why, True)
        return step(Held(1e6), None, Session(self.day, self.today, 1.0, SOURCE), Terms("benchmark")), decision

    def targets_of(self, panel: pd.DataFrame) -> pd.DataFrame | None:
        """Rows of the last session from the panel's last rows."""
        return targets_since(panel, self.limited, self.selected, self.rules, self.calendar, self.day)

    @cached_property
    def calendar(self) -> pd.DatetimeIndex:
        """Sessions of the pool and a year after it."""
        index = sessions("XSHG").index
        end = int(index.searchsorted(pd.Timestamp(LAST), side="right"))
        return index[end - SESSIONS : end + 20]

    @property
    def day(self) -> pd.Timestamp:
        """The session that is decided."""
        return pd.Timestamp(LAST)

    @cached_property
    def bars(self) -> pd.DataFrame:
        """Random walks with a daily volatility of 1 to 2.5 %, in the order in which the lake keeps bars."""
        rng, days = np.random.default_rng(SEED), self.calendar[:SESSIONS]
        parts = [_walk(rng, f"{510_000 + k}.SH", days) for k in range(FUNDS)]
        return pd.concat(parts).sort_values(["date", "symbol"], ignore_index=True)

    @cached_property
    def limited(self) -> pd.DataFrame:
        """The bars with a price limit of 10 %."""
        return self.bars.assign(limit_rate=0.10)

    @cached_property
    def today(self) -> pd.DataFrame:
        """The bars of the session that is decided."""
        return self.limited[self.limited["date"] == self.day]

    @cached_property
    def selected(self) -> list[Any]:
        """The configured factors."""
        return [scored(factor_id) for factor_id in self.config.factors.curated12]

    @cached_property
    def columns(self) -> list[str]:
        """Their columns of the panel."""
        return list(dict.fromkeys(c for f in self.selected for c in (f.column, f.raw_column or f.column)))

    @cached_property
    def rules(self) -> RotationRules:
        """The configured rules without an index gate, whose fund the pool does not hold."""
        rules = RotationRules.from_config(self.config)
        layers = rules.layers.model_copy(update={"regime_gate": None, "hysteresis": None})
        return replace(rules, layers=layers)

    @cached_property
    def panel(self) -> pd.DataFrame:
        """The factors of all sessions."""
        return compute_panel(self.bars, columns=self.columns).frame

    @cached_property
    def recent(self) -> pd.DataFrame:
        """The rows of the panel that a single session's signal looks at."""
        first = needed_from(self.limited, self.rules, self.calendar, self.day)
        return self.panel[self.panel["date"] >= first]

    @cached_property
    def decided(self) -> pd.DataFrame:
        """Targets of all sessions."""
        return targets(self.panel, self.limited, self.selected, self.rules, self.calendar)

    @cached_property
    def terms(self) -> Any:
        """The configured terms of trade."""
        from etf_platform.orchestration.steps.backtest import terms

        return terms(self.config)

    @cached_property
    def returns(self) -> np.ndarray:
        """One window of returns of an account."""
        return np.random.default_rng(SEED).standard_t(4, (1, self.config.risk.window)) * 0.01


@dataclass(frozen=True)
class Measured:
    """Seconds of every round of every measure, on the wall and of the processor, and what the workload was."""

    seconds: dict[str, list[float]]
    processor: dict[str, list[float]]
    workload: dict[str, Any]


def measure(config: Config, name: str, rounds: int = ROUNDS) -> Measured:
    """Measure what a document tells.

    Parameters
    ----------
    name : {"performance_baseline", "latency_benchmark"}
    rounds : int
        After a few that warm up.
    """
    work = Workload(config)
    timed = {each: _timed(action, rounds) for each, action in work.measures(name).items()}
    wall, processor = ({each: [pair[k] for pair in run] for each, run in timed.items()} for k in (0, 1))
    return Measured(wall, processor, work.facts())


def _timed(action: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    """Rounds of the quietest of three runs: what runs beside on the machine is not what is measured.

    More runs are made while every one was disturbed; whether a run is near its limit plays no part in that.
    """
    for _ in range(WARM):
        action()
    runs: list[list[tuple[float, float]]] = []
    while len(runs) < RUNS or (len(runs) < MOST_RUNS and all(_is_disturbed(run) for run in runs)):
        runs.append([_seconds(action) for _ in range(rounds)])
    return min(runs, key=lambda run: float(np.percentile([wall for wall, _ in run], QUANTILE)))


def _is_disturbed(run: Sequence[tuple[float, float]]) -> bool:
    wall, processor = (sum(pair[k] for pair in run) for k in (0, 1))
    return wall > DISTURBED * processor


def _seconds(action: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - processor


def _walk(rng: np.random.Generator, symbol: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    close = 2.0 * np.exp(np.cumsum(rng.normal(0.0002, rng.uniform(0.01, 0.025), days.size)))
    opened = close * np.exp(rng.normal(0.0, 0.004, days.size))
    spread = 1.0 + np.abs(rng.normal(0.0, 0.004, days.size))
    volume = rng.lognormal(17.0, 0.5, days.size).round()
    return pd.DataFrame(
        {
            "date": days,
            "symbol": symbol,
            "open": opened.round(3),
            "high": (np.maximum(opened, close) * spread).round(3),
            "low": (np.minimum(opened, close) / spread).round(3),
            "close": close.round(3),
            "prev_close": np.concatenate([[np.nan], close[:-1].round(3)]),
            "volume": volume,
            "amount": volume * close,
            "adj_factor": 1.0,
            "source": SOURCE,
        }
    )
