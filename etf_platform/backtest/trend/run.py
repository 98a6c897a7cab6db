"""The account of one strategy on one symbol, with its benchmarks and trades, as rows of `TREND_EQUITY`/`TREND_TRADES`.

The fast way (arrays) is taken where the strategy's advice does not depend on what is held and nothing interferes with
it; a test holds it to the stepwise way. Not here: figures (`metrics`), many parameter sets (`sweep`, `walk_forward`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.trend.ledger import Fill, Ledger, trade_rows, trades_of
from etf_platform.backtest.trend.market import Columns, Market, lay_out, prepared, reader_of
from etf_platform.backtest.trend.stepwise import Decide, run_stepwise
from etf_platform.backtest.trend.timing import Fills, fills_of, marked, rate_of
from etf_platform.backtest.trend.vectorised import account_of, equity_at_fills, weights_of
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.states import State, worst
from etf_platform.core.units.signal import FLAT, Held, Signal, SignalStrategy


@dataclass(frozen=True)
class TrendAccount:
    """A back-test of one strategy on one symbol.

    Attributes
    ----------
    equity : DataFrame
        Rows of `TREND_EQUITY`: the session of the first decision (equity 1, flat), then every tradable session.
        `exposure_matched` knows the mean weight of the whole period; all other columns know their past only.
    trades : DataFrame
        Rows of `TREND_TRADES`.
    symbol, strategy, variant : str
    execution : str
        How orders filled: next_open, next_close, same_close or original_compatible.
    start_effective : Timestamp
        First tradable session; figures count from its start.
    exposure : float
        Mean absolute weight at the closes of the tradable sessions.
    n_decisions, n_blocked : int
        Closes at which the strategy was asked, and those at which its inputs allowed no signal.
    state : State
        BLOCKED when no decision was possible at all, WARN when some were not or single sessions have no bar.
    notes : tuple of str
        Why it is not PASS.
    """

    equity: pd.DataFrame
    trades: pd.DataFrame
    symbol: str
    strategy: str
    variant: str
    execution: Fills
    start_effective: pd.Timestamp
    exposure: float
    n_decisions: int
    n_blocked: int
    state: State
    notes: tuple[str, ...]

    @property
    def returns(self) -> pd.Series:
        """Daily simple returns of the tradable sessions, indexed by date."""
        values = self.equity["equity"].to_numpy()
        return pd.Series(values[1:] / values[:-1] - 1.0, index=pd.DatetimeIndex(self.equity["date"])[1:])


def run_trend(
    bars: pd.DataFrame,
    columns: Columns,
    strategy: SignalStrategy,
    settings: Any,
    terms: TrendBacktest,
    sessions: pd.DatetimeIndex,
    warmup_bars: int,
    variant: str = "default",
) -> TrendAccount:
    """Back-test one strategy on one symbol.

    Parameters
    ----------
    bars : DataFrame
        date, symbol, open, high, low, close (adjusted), volume, source of one symbol, ascending.
    columns : DataFrame or callable settings -> DataFrame
        Its indicator columns, same rows.
    strategy : SignalStrategy
    settings : Strict
        Validated settings of the strategy.
    terms : TrendBacktest
    sessions : DatetimeIndex
        All sessions of the exchange calendar.
    warmup_bars : int
        The first decision knows this many rows; the next session is the first tradable one.
    variant : str
        Label of the rows.

    Returns
    -------
    TrendAccount

    Raises
    ------
    BadInputError, InsufficientDataError
        As `market.lay_out` and `market.prepared`.
    """
    market = lay_out(bars, sessions, warmup_bars)
    frame = prepared(market, reader_of(market, columns), strategy, settings)
    ledger = ledger_of(market, frame, strategy, settings, terms)
    return account_from(ledger, market, terms, strategy.name, variant)


def run_variants(
    bars: pd.DataFrame,
    columns: Columns,
    strategy: SignalStrategy,
    settings: Any,
    terms: TrendBacktest,
    sessions: pd.DatetimeIndex,
    warmup_bars: int,
) -> dict[str, TrendAccount]:
    """`run_trend` of every rule variant, and of the configured settings as `default` unless they are one of them.

    A variant is the configured settings with the variant's changes, validated again.
    """
    market = lay_out(bars, sessions, warmup_bars)
    read, accounts = reader_of(market, columns), {}
    for name, changed in settings_of_variants(strategy, settings).items():
        frame = prepared(market, read, strategy, changed)
        ledger = ledger_of(market, frame, strategy, changed, terms)
        accounts[name] = account_from(ledger, market, terms, strategy.name, name)
    return accounts


def settings_of_variants(strategy: SignalStrategy, settings: Any) -> dict[str, Any]:
    """Variant -> validated settings; `default` first where no variant is the configured settings."""
    known = settings.model_dump()
    changed = {name: strategy.settings(**{**known, **more}) for name, more in (strategy.variants or {}).items()}
    return changed if settings in changed.values() else {"default": settings, **changed}


def is_vectorised(strategy: SignalStrategy, terms: TrendBacktest) -> bool:
    """Whether the account follows from the advice of all rows at once."""
    interferes = terms.use_stop_loss_take_profit or terms.use_ma50_exit or terms.circuit_breaker.enabled
    return strategy.positions is not None and not interferes


def ledger_of(
    market: Market, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any, terms: TrendBacktest
) -> Ledger:
    """The account with its fills, the fast way where it is the same."""
    if is_vectorised(strategy, terms):
        return _with_fills(
            fast_ledger(market, frame, strategy, settings, terms), market, frame, strategy, settings, terms
        )
    ma50 = frame["sma_50"].to_numpy(dtype=np.float64) if "sma_50" in frame else None
    return run_stepwise(market, steps_of(market, frame, strategy, settings), terms, ma50)


def fast_ledger(
    market: Market, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any, terms: TrendBacktest
) -> Ledger:
    """Equity, position and cost of a strategy with `positions`; without fills."""
    assert strategy.positions is not None
    advice = np.asarray(strategy.positions(frame, settings), dtype=np.float64)
    return account_of(weights_of(advice, market, fills_of(terms)), market, terms)


def steps_of(market: Market, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any) -> Decide:
    """The strategy's rule over the rows from the first decision on."""
    rows: list[dict[str, Any]] = frame.iloc[market.base :].to_dict("records")  # type: ignore[assignment]

    def decide(row: int, held: Held) -> Signal:
        return strategy.step(rows[row - market.base], settings, held)

    return decide


def account_from(ledger: Ledger, market: Market, terms: TrendBacktest, strategy: str, variant: str) -> TrendAccount:
    """The tables and facts of an account, from its ledger."""
    fills, tradable = fills_of(terms), slice(market.first, None)
    exposure = float(np.abs(ledger.position[tradable]).mean())
    labels = {"symbol": market.symbol, "strategy": strategy, "variant": variant, "source": marked(market.source, fills)}
    state, notes = _state_of(ledger, market, fills)
    return TrendAccount(
        equity=_equity_rows(ledger, market, terms, exposure, labels),
        trades=trade_rows(trades_of(ledger, market), market, labels),
        symbol=market.symbol,
        strategy=strategy,
        variant=variant,
        execution=fills,
        start_effective=market.dates[market.first],
        exposure=exposure,
        n_decisions=ledger.n_decisions,
        n_blocked=ledger.n_blocked,
        state=state,
        notes=notes,
    )


def constant_weight(weight: float, market: Market, terms: TrendBacktest) -> np.ndarray:
    """Equity of holding the symbol at one weight from the first tradable session on, same fills, cost and interest."""
    advice = np.full(market.size, weight)
    return account_of(weights_of(advice, market, fills_of(terms)), market, terms).equity


def _equity_rows(
    ledger: Ledger, market: Market, terms: TrendBacktest, exposure: float, labels: dict[str, str]
) -> pd.DataFrame:
    kept = slice(market.base, None)
    return pd.DataFrame(
        {
            "date": market.dates[kept],
            "symbol": labels["symbol"],
            "strategy": labels["strategy"],
            "variant": labels["variant"],
            "equity": ledger.equity[kept],
            "position": ledger.position[kept],
            "cost": ledger.cost[kept],
            "buy_and_hold": constant_weight(1.0, market, terms)[kept],
            "exposure_matched": constant_weight(exposure, market, terms)[kept],
            "source": labels["source"],
        }
    )


def _state_of(ledger: Ledger, market: Market, fills: Fills) -> tuple[State, tuple[str, ...]]:
    notes = list(market.notes)
    blocked = State.PASS
    if ledger.n_blocked:
        blocked = State.BLOCKED if ledger.n_blocked == ledger.n_decisions else State.WARN
        notes.append(f"{ledger.n_blocked} of {ledger.n_decisions} decisions had no usable inputs")
    return worst((market.state, blocked)), tuple(notes)


def _with_fills(
    ledger: Ledger, market: Market, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any, terms: TrendBacktest
) -> Ledger:
    """The fast ledger with its fills, their reasons, and the decisions whose inputs allowed no signal."""
    fills = fills_of(terms)
    rows = np.flatnonzero(np.diff(ledger.position, prepend=0.0))
    prices, equity = equity_at_fills(ledger, rows, market, terms)
    lag = 0 if fills == "same_close" else 1
    reasons = _reasons(ledger, rows - lag, frame, strategy, settings, lag)
    before, after, rate = ledger.position[rows - 1], ledger.position[rows], rate_of(terms)
    made = [
        Fill(int(row), float(before[i]), float(after[i]), float(prices[i]), reasons[i], float(equity[i]), rate)
        for i, row in enumerate(rows)
    ]
    start = market.first if fills == "same_close" else market.base
    return replace(
        ledger,
        fills=made,
        n_decisions=market.size - start,
        n_blocked=_count_blocked(start, frame, strategy, settings),
    )


def _reasons(
    ledger: Ledger, decided: np.ndarray, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any, lag: int
) -> Sequence[str]:
    held = ledger.position[decided - 1 + lag].tolist()
    rows = frame.iloc[decided].to_dict("records")
    known = [Held(weight=weight) if weight else FLAT for weight in held]
    return [strategy.step(row, settings, h).reason for row, h in zip(rows, known, strict=True)]  # type: ignore[arg-type]


def _count_blocked(start: int, frame: pd.DataFrame, strategy: SignalStrategy, settings: Any) -> int:
    """Only a row that advises nothing can be blocked; those are asked one by one."""
    assert strategy.positions is not None
    advice = np.asarray(strategy.positions(frame, settings), dtype=np.float64)
    silent = np.flatnonzero(np.isnan(advice[start:])) + start
    rows = frame.iloc[silent].to_dict("records")
    return sum(strategy.step(row, settings, FLAT).state is State.BLOCKED for row in rows)  # type: ignore[arg-type]
