"""Many parameter sets of one strategy over one history, with the luck of the best deflated. For research only."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.trend.grid import Grid, Question, combinations, daily_returns
from etf_platform.backtest.trend.ledger import Ledger
from etf_platform.backtest.trend.market import Columns, Market, lay_out, reader_of
from etf_platform.backtest.trend.metrics import FEWEST_FOR_RATIOS, Trials
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.units.signal import SignalStrategy
from etf_platform.measures import sharpe_tests

Progress = Callable[[int, int], None]
UNDEFINED = sharpe_tests.Moments(2, np.nan, 0.0, 3.0)


def sweep_trend(
    bars: pd.DataFrame,
    columns: Columns,
    strategy: SignalStrategy,
    settings: Any,
    grid: Grid,
    terms: TrendBacktest,
    sessions: pd.DatetimeIndex,
    warmup_bars: int,
    on_progress: Progress | None = None,
) -> pd.DataFrame:
    """Figures of every combination of a parameter grid over the tradable sessions.

    Parameters
    ----------
    bars, strategy, settings, terms, sessions, warmup_bars
        As `run_trend`.
    columns : DataFrame or callable settings -> DataFrame
        Indicator columns of a combination; a DataFrame when it holds those of all.
    grid : mapping of setting to values
    on_progress : callable, optional
        Called with (combinations done, combinations in all).

    Returns
    -------
    DataFrame
        One row per combination: its settings, then total_return, annual_return, annual_vol, sharpe, max_drawdown,
        exposure, turnover (one way, per year), n_changes (fills), psr, deflated_sharpe, is_best, n_trials, source.
        `deflated_sharpe` is the probability that the row's Sharpe ratio is above what the best of so many worthless
        trials would show. NaN where returns do not vary, and in the rows of combinations that the strategy refuses,
        which are no trials.

    Raises
    ------
    BadInputError, InsufficientDataError
        As `run_trend` and `grid.combinations`.
    """
    market = lay_out(bars, sessions, warmup_bars)
    question, sets = (
        Question(market, reader_of(market, columns), strategy, terms),
        combinations(strategy, settings, grid),
    )
    rows, moments = [], []
    for changes, chosen in sets:
        figures, moment = _figures(question.ledger(chosen), market, terms) if chosen is not None else ({}, UNDEFINED)
        rows.append({**changes, **figures})
        moments.append(moment)
        if on_progress is not None:
            on_progress(len(rows), len(sets))
    trials = trials_of([m.sharpe for m in moments])
    deflated = [_deflated(m, trials) for m in moments]
    frame = pd.DataFrame(rows).assign(deflated_sharpe=deflated)
    best = frame["sharpe"].notna() & (frame["sharpe"] == frame["sharpe"].max())
    return frame.assign(is_best=best, n_trials=trials.n, source=market.source)


def trials_of(ratios: list[float]) -> Trials:
    """Number and variance (ddof 1) of the defined per-session Sharpe ratios; at least one trial."""
    known = np.array([ratio for ratio in ratios if np.isfinite(ratio)])
    return Trials(max(1, known.size), float(known.var(ddof=1)) if known.size > 1 else 0.0)


def _figures(ledger: Ledger, market: Market, terms: TrendBacktest) -> tuple[dict[str, float], sharpe_tests.Moments]:
    """Figures of one account, and the moments of its excess returns; one pass, for speed."""
    per_year, held = terms.annualisation, ledger.position[market.base :]
    values, returns = ledger.equity[market.base :], daily_returns(ledger.equity, market)
    moment = _moments(returns - terms.metrics.risk_free_rate / per_year)
    psr = sharpe_tests.probabilistic_sharpe(moment.sharpe, moment.n, 0.0, moment.skew, moment.kurtosis)
    changes = np.abs(np.diff(held))
    figures = {
        "total_return": float(values[-1] - 1.0),
        "annual_return": float(values[-1] ** (per_year / returns.size) - 1.0),
        "annual_vol": float(returns.std(ddof=1) * np.sqrt(per_year)) if returns.size > 1 else np.nan,
        "sharpe": moment.sharpe * float(np.sqrt(per_year)),
        "max_drawdown": float((values / np.maximum.accumulate(values) - 1.0).min()),
        "exposure": float(np.abs(held[1:]).mean()),
        "turnover": float(changes.sum() / 2.0 * per_year / returns.size),
        "n_changes": int(np.count_nonzero(changes)),
        "psr": psr if np.isfinite(moment.sharpe) else np.nan,
    }
    return figures, moment


def _moments(excess: np.ndarray) -> sharpe_tests.Moments:
    """Moments of excess returns; NaN where there are fewer than 20 or they do not vary."""
    if excess.size < FEWEST_FOR_RATIOS or np.ptp(excess) <= 1e-14:
        return UNDEFINED
    return sharpe_tests.moments(excess)


def _deflated(moment: sharpe_tests.Moments, trials: Trials) -> float:
    if not np.isfinite(moment.sharpe):
        return float("nan")
    return sharpe_tests.deflated_sharpe(
        moment.sharpe, moment.n, trials.n, trials.variance, moment.skew, moment.kurtosis
    )
