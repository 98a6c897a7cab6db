"""The figures of a single-asset account and its benchmarks, as rows of `TREND_METRICS`.

Samples: `full`, and with a split date `in_sample` (sessions before it) and `holdout` (from it on). Trades belong to the
sample in which they end. Formulas stand in `measures`.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from etf_platform.backtest.trend.run import TrendAccount
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.measures import drawdowns, performance, ratios, sharpe_tests, trades

FEWEST_FOR_RATIOS = 20
BENCHMARKS = ("buy_and_hold", "exposure_matched")
UNITS = {
    "total_return": "fraction",
    "annual_return": "fraction",
    "annual_vol": "fraction",
    "sharpe": "ratio",
    "sortino": "ratio",
    "max_drawdown": "fraction",
    "max_drawdown_sessions": "sessions",
    "max_drawdown_recovery": "sessions",
    "calmar": "ratio",
    "win_rate": "fraction",
    "profit_factor": "ratio",
    "payoff_ratio": "ratio",
    "exposure": "fraction",
    "turnover": "1 per year",
    "total_trades": "count",
    "psr": "probability",
    "dsr": "probability",
    "n_sessions": "sessions",
}


@dataclass(frozen=True)
class Trials:
    """How many parameter sets were tried, and the variance of their Sharpe ratios per session."""

    n: int
    variance: float


@dataclass(frozen=True)
class Sample:
    """A stretch of an account: values from the close before its first session on; weights and trades inside it."""

    values: np.ndarray
    weights: np.ndarray
    net_returns: np.ndarray


def trend_metric_rows(account: TrendAccount, terms: TrendBacktest, trials: Trials | None = None) -> pd.DataFrame:
    """All figures of an account, its buy and hold and its exposure-matched benchmark, in all samples.

    Parameters
    ----------
    account : TrendAccount
    terms : TrendBacktest
        Risk-free rate, annualisation, split date.
    trials : Trials, optional
        Deflates the Sharpe ratio of the strategy; without it `dsr` is null.

    Returns
    -------
    DataFrame
        Rows of `TREND_METRICS`, sorted by its key; a sample without sessions has no rows, and a benchmark none of the
        figures that are about trades.
    """
    rows = []
    for sample, chosen in _samples(account, terms).items():
        for name in ("strategy", *BENCHMARKS):
            figures = trend_figures(_sample(account, name, chosen), terms, trials if name == "strategy" else None)
            kept = figures if name == "strategy" else {k: v for k, v in figures.items() if k not in _OF_TRADES}
            rows += [(sample, name, metric, value) for metric, value in kept.items()]
    frame = pd.DataFrame(rows, columns=["sample", "account", "metric", "value"])
    labels = {"symbol": account.symbol, "strategy": account.strategy, "variant": account.variant}
    frame = frame.assign(**labels, unit=frame["metric"].map(UNITS), source=account.equity["source"].iloc[0])
    order = ["symbol", "strategy", "variant", "sample", "account", "metric"]
    return frame[[*order, "value", "unit", "source"]].sort_values(order, ignore_index=True)


def trend_figures(sample: Sample, terms: TrendBacktest, trials: Trials | None = None) -> dict[str, float]:
    """The figures of one stretch; NaN where one is not defined.

    Ratios need 20 sessions. `turnover` is one way: half the traded weight, per year. `psr` is the probability that the
    true Sharpe ratio is above 0; `dsr` above what the best of so many worthless trials would show.
    """
    values, per_year = sample.values, int(terms.annualisation)
    returns, rate = performance.returns_of(values), terms.metrics.risk_free_rate
    annual = performance.annualised_return(returns, per_year)
    deepest = drawdowns.deepest(values)
    enough = returns.size >= FEWEST_FOR_RATIOS
    traded = np.abs(np.diff(sample.weights))
    return {
        "total_return": performance.total_return(values),
        "annual_return": annual,
        "annual_vol": performance.annualised_volatility(returns, per_year) if returns.size > 1 else nan,
        "sharpe": performance.sharpe(returns, rate, per_year) if enough else nan,
        "sortino": ratios.sortino(returns, rate / per_year) * np.sqrt(per_year) if enough else nan,
        "max_drawdown": performance.max_drawdown(values),
        "max_drawdown_sessions": deepest.length if deepest else 0.0,
        "max_drawdown_recovery": deepest.recovery if deepest else 0.0,
        "calmar": ratios.calmar(annual, performance.max_drawdown(values)) if enough else nan,
        "win_rate": trades.win_rate(sample.net_returns),
        "profit_factor": trades.profit_factor(sample.net_returns),
        "payoff_ratio": trades.payoff_ratio(sample.net_returns),
        "exposure": float(np.abs(sample.weights[1:]).mean()),
        "turnover": performance.annual_turnover(traded / 2.0, returns.size / per_year),
        "total_trades": float(sample.net_returns.size),
        **_probabilities(returns, rate / per_year, trials),
        "n_sessions": float(returns.size),
    }


_OF_TRADES = ("win_rate", "profit_factor", "payoff_ratio", "total_trades", "dsr")


def _probabilities(returns: np.ndarray, risk_free: float, trials: Trials | None) -> dict[str, float]:
    excess = returns - risk_free
    if returns.size < FEWEST_FOR_RATIOS or excess.std() <= 1e-14:
        return {"psr": nan, "dsr": nan}
    m = sharpe_tests.moments(excess)
    psr = sharpe_tests.probabilistic_sharpe(m.sharpe, m.n, 0.0, m.skew, m.kurtosis)
    if trials is None:
        return {"psr": psr, "dsr": nan}
    dsr = sharpe_tests.deflated_sharpe(m.sharpe, m.n, trials.n, trials.variance, m.skew, m.kurtosis)
    return {"psr": psr, "dsr": dsr}


def _samples(account: TrendAccount, terms: TrendBacktest) -> dict[str, np.ndarray]:
    """Flags of the equity rows per sample, each with the row before its first session; too short ones left out."""
    dates = account.equity["date"].to_numpy()
    chosen = {"full": np.ones(len(dates), dtype=bool)}
    if terms.split_date is not None:
        later = dates >= np.datetime64(terms.split_date)
        chosen["in_sample"] = ~later
        chosen["holdout"] = later | np.append(later[1:], False)
    return {name: flags for name, flags in chosen.items() if flags.sum() > 1}


def _sample(account: TrendAccount, name: str, chosen: np.ndarray) -> Sample:
    rows = account.equity[chosen]
    if name in BENCHMARKS:
        weight = 1.0 if name == "buy_and_hold" else account.exposure
        held = np.where(rows["date"].to_numpy() >= account.start_effective.to_datetime64(), weight, 0.0)
        return Sample(rows[name].to_numpy(), held, np.array([]))
    ends = account.trades["exit_date"]
    inside = (ends > rows["date"].iloc[0]) & (ends <= rows["date"].iloc[-1])
    net = account.trades.loc[inside, "net_return"].to_numpy(dtype=np.float64)
    return Sample(rows["equity"].to_numpy(), rows["position"].to_numpy(), net)
