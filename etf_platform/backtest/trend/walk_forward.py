"""Walk-forward: choose parameters on a past window, trade them on the next one, and stitch the second parts together.

A choice is made at the close of the last session of its training window, from returns up to that close, and decides
from that close on. The stitched account is one account: it pays for the changes that a new choice brings, and what is
held carries over.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.trend.grid import Grid, Question, combinations, daily_returns
from etf_platform.backtest.trend.market import Columns, Market, lay_out, prepared, reader_of
from etf_platform.backtest.trend.metrics import Trials
from etf_platform.backtest.trend.run import TrendAccount, account_from, steps_of
from etf_platform.backtest.trend.stepwise import Decide, run_stepwise
from etf_platform.backtest.trend.sweep import trials_of
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.units.signal import Held, Signal, SignalStrategy
from etf_platform.measures.performance import sharpe

_DOING = "walking a strategy forward"


@dataclass(frozen=True)
class Windows:
    """Lengths in sessions; `anchored` training windows all start at the first tradable session."""

    train: int = 1260
    test: int = 252
    anchored: bool = False


@dataclass(frozen=True)
class WalkForward:
    """A walk-forward.

    Attributes
    ----------
    account : TrendAccount
        The stitched out-of-sample account, variant `walk_forward`; its first session follows the first training window.
    windows : DataFrame
        One row per window: train_start, train_end, test_start, test_end (sessions, inclusive), the chosen settings,
        sharpe_in_sample and sharpe_out_of_sample (annual, of the chosen parameters in the stitched account).
    sharpe_in_sample : float
        Mean of the chosen parameters' in-sample ratios.
    sharpe_out_of_sample : float
        Annual ratio of the stitched account.
    trials : Trials
        Distinct parameter sets that were tried, and the variance of their ratios over the whole period.
    """

    account: TrendAccount
    windows: pd.DataFrame
    sharpe_in_sample: float
    sharpe_out_of_sample: float
    trials: Trials


def walk_forward(
    bars: pd.DataFrame,
    columns: Columns,
    strategy: SignalStrategy,
    settings: Any,
    grid: Grid,
    terms: TrendBacktest,
    sessions: pd.DatetimeIndex,
    warmup_bars: int,
    windows: Windows | None = None,
) -> WalkForward:
    """Walk a strategy forward over its parameter grid.

    Parameters
    ----------
    bars, columns, strategy, settings, grid, terms, sessions, warmup_bars
        As `sweep_trend`.
    windows : Windows, optional
        Five years of training and one of testing, rolling.

    Returns
    -------
    WalkForward
        The last window may be shorter. Ties and undefined ratios go to the earlier combination.

    Raises
    ------
    BadInputError, InsufficientDataError
        As `sweep_trend`; windows that are too short, or no session after the first training window.
    """
    spans = windows or Windows()
    market = lay_out(bars, sessions, warmup_bars)
    question = Question(market, reader_of(market, columns), strategy, terms)
    sets = [pair for pair in combinations(strategy, settings, grid) if pair[1] is not None]
    bounds = _bounds(market, spans)
    returns = np.vstack([daily_returns(question.ledger(chosen).equity, market) for _, chosen in sets])
    ratios = np.array([[_sharpe(row[a:b], terms) for row in returns] for a, b, _ in bounds])
    chosen = [int(np.argmax(np.where(np.isfinite(row), row, -np.inf))) for row in ratios]
    account = _stitched(question, [settings for _, settings in sets], chosen, bounds, terms)
    table = _table(market, bounds, [sets[i][0] for i in chosen], ratios, chosen, account, terms)
    whole = [_sharpe(row, terms) / np.sqrt(terms.annualisation) for row in returns]
    return WalkForward(
        account=account,
        windows=table,
        sharpe_in_sample=float(table["sharpe_in_sample"].mean()),
        sharpe_out_of_sample=_sharpe(account.returns.to_numpy(), terms),
        trials=trials_of(whole),
    )


def _bounds(market: Market, spans: Windows) -> list[tuple[int, int, int]]:
    """(train start, test start, test end) of every window, counted in tradable sessions, ends exclusive."""
    if spans.train < 20 or spans.test < 1:
        saw = f"{spans.train} sessions of training and {spans.test} of testing"
        raise BadInputError(_DOING, saw, "train on 20 or more and test on 1 or more")
    size = market.size - market.first
    if size <= spans.train:
        saw = f"{size} tradable sessions and a training window of {spans.train}"
        raise InsufficientDataError(_DOING, saw, "load more history or train on fewer sessions")
    starts = range(spans.train, size, spans.test)
    return [(0 if spans.anchored else s - spans.train, s, min(s + spans.test, size)) for s in starts]


def _sharpe(returns: np.ndarray, terms: TrendBacktest) -> float:
    if returns.size < 2:
        return float("nan")
    return sharpe(returns, terms.metrics.risk_free_rate, int(terms.annualisation))


def _stitched(
    question: Question, sets: list[Any], chosen: list[int], bounds: list[tuple[int, int, int]], terms: TrendBacktest
) -> TrendAccount:
    """One account over all test windows, each decided by its own settings."""
    later = replace(question.market, base=question.market.base + bounds[0][1])
    rules, ma50 = {}, None
    for i in sorted(set(chosen)):
        frame = prepared(later, question.read, question.strategy, sets[i])
        rules[i] = steps_of(later, frame, question.strategy, sets[i])
        ma50 = frame["sma_50"].to_numpy(dtype=np.float64) if "sma_50" in frame else None
    per_row = [i for i, (_, start, end) in zip(chosen, bounds, strict=True) for _ in range(start, end)]
    ledger = run_stepwise(later, _decided_by(rules, per_row, later.base), terms, ma50)
    return account_from(ledger, later, terms, question.strategy.name, "walk_forward")


def _decided_by(rules: dict[int, Decide], per_row: list[int], base: int) -> Decide:
    """Each close decides by the rule of the session that follows it; the last close by the last rule."""

    def decide(row: int, held: Held) -> Signal:
        return rules[per_row[min(row - base, len(per_row) - 1)]](row, held)

    return decide


def _table(
    market: Market,
    bounds: list[tuple[int, int, int]],
    changes: list[dict[str, Any]],
    ratios: np.ndarray,
    chosen: list[int],
    account: TrendAccount,
    terms: TrendBacktest,
) -> pd.DataFrame:
    dates, out, start = market.dates[market.first :], account.returns.to_numpy(), bounds[0][1]
    rows = [
        {
            "train_start": dates[a],
            "train_end": dates[b - 1],
            "test_start": dates[b],
            "test_end": dates[c - 1],
            **change,
            "sharpe_in_sample": float(ratios[i, chosen[i]]),
            "sharpe_out_of_sample": _sharpe(out[b - start : c - start], terms),
        }
        for i, ((a, b, c), change) in enumerate(zip(bounds, changes, strict=True))
    ]
    return pd.DataFrame(rows)
