"""Questions about the rotation that a person asks now, answered from stored tables; nothing is stored.

The account and its terms are those of the asset (`steps.backtest`).
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from etf_platform.backtest.metrics import figures_of
from etf_platform.backtest.rotation import Account, run_rotation
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.errors import InsufficientDataError
from etf_platform.measures.performance import SESSIONS_PER_YEAR
from etf_platform.measures.sharpe_tests import deflated_sharpe, moments
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.backtest import next_session, rotation_of, terms
from etf_platform.orchestration.steps.strategies import with_limit_rates
from etf_platform.orchestration.trial import with_exec_mode

MAIN = ("sharpe", "max_drawdown", "annual_return", "annual_turnover")


@dataclass(frozen=True, eq=False)
class Rotated:
    """One pool's account on stored targets, its MONTHS and figures, and the figures of both samples."""

    account: Account
    months: pd.DataFrame
    figures: dict[str, float]
    in_sample: dict[str, float]
    out_of_sample: dict[str, float]


def rotated(
    platform: Platform,
    pool: str,
    exec_mode: str | None = None,
    out_of_sample_from: date | None = None,
    tried: tuple[int, float] | None = None,
) -> Rotated:
    """Run one pool's account on what is stored, with another fill convention if one is given.

    Without `out_of_sample_from` all figures count as in sample. With it, the figures of both parts, and out of sample
    also the Sharpe ratio at twice the costs, which a release has to show, and, when told how many parameter sets were
    `tried` and the variance of their annual ratios, the deflated Sharpe ratio.
    """
    config = (with_exec_mode(platform, exec_mode) if exec_mode else platform).config
    bars, targets = platform.lake.read(t.BARS, pool), platform.lake.read(t.TARGETS, pool)
    account, months, figures = rotation_of(platform, pool, config, bars, targets)
    if out_of_sample_from is None:
        return Rotated(account, months, figures, {name: figures[name] for name in MAIN}, {})
    before, after = split_account(account.equity, out_of_sample_from)
    following = next_session(platform, pool, account.equity)
    later = _main(after, config, following) | {
        "sharpe_double_cost": _sharpe_at_double_cost(platform, pool, config, bars, targets, out_of_sample_from)
    }
    if tried is not None:
        later["dsr"] = _deflated(after, config, *tried)
    return Rotated(account, months, figures, _main(before, config, None), later)


def split_account(equity: pd.DataFrame, since: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both parts of an account; the later one begins with the session before it, whose value its first return needs."""
    later = equity["date"] >= pd.Timestamp(since)
    first = int(np.argmax(later)) if later.any() else len(equity)
    if first < 2 or first > len(equity) - 2:
        saw = f"the account runs from {equity['date'].min():%Y-%m-%d} to {equity['date'].max():%Y-%m-%d}"
        raise InsufficientDataError(f"splitting an account at {since}", saw, "take a day inside")
    return equity.iloc[:first], equity.iloc[first - 1 :].reset_index(drop=True)


def _main(equity: pd.DataFrame, config: Config, following: str | None) -> dict[str, float]:
    figures = figures_of(equity, config.etf_pools.costs.risk_free, following)
    return {name: figures[name] for name in MAIN}


def _sharpe_at_double_cost(
    platform: Platform, pool: str, config: Config, bars: pd.DataFrame, targets: pd.DataFrame, since: date
) -> float:
    dear = terms(config)
    doubled = replace(dear, cost=2 * dear.cost, cost_of={symbol: 2 * cost for symbol, cost in dear.cost_of.items()})
    span = platform.sessions(pool).between(bars["date"].min(), bars["date"].max())
    equity = run_rotation(targets, with_limit_rates(config, bars), doubled, span).equity
    return _main(split_account(equity, since)[1], config, None)["sharpe"]


def _deflated(equity: pd.DataFrame, config: Config, n_trials: int, variance: float) -> float:
    values = equity["portfolio_value"].to_numpy(dtype=np.float64)
    excess = values[1:] / values[:-1] - 1.0 - config.etf_pools.costs.risk_free / SESSIONS_PER_YEAR
    m = moments(excess)
    return deflated_sharpe(m.sharpe, m.n, n_trials, variance / SESSIONS_PER_YEAR, m.skew, m.kurtosis)
