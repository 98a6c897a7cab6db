"""Which funds may be bought on a decision of each session, and why not.

One rule per function, the first failing rule gives the reason, with the figure. Not here: the score; broken rows, which
`market` has quarantined before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Eligibility, Quality
from etf_platform.core.errors import BadInputError
from etf_platform.core.places import codes_of, places_of
from etf_platform.core.ticks import limit_price, to_ticks
from etf_platform.strategies.matrices import to_matrices, trailing_sum

OHLCV = ("open", "high", "low", "close", "volume")
LIQUIDITY_SESSIONS = 20


@dataclass(frozen=True)
class Earlier:
    """What the bars before the first row of the matrices say of every symbol; arrays of shape (n_symbols,).

    Attributes
    ----------
    bars : ndarray of int
        Their number.
    sessions : ndarray of int
        Sessions from the first of them to the first row, which does not count.
    source : ndarray of str objects
        Of the newest of them; empty where there is none.
    """

    bars: np.ndarray
    sessions: np.ndarray
    source: np.ndarray

    @classmethod
    def from_bars(cls, bars: pd.DataFrame, rows: pd.DatetimeIndex, symbols: pd.Index) -> "Earlier":
        """Count bars that all lie on `rows`, the sessions before the first row of the matrices."""
        places = places_of(bars["symbol"], symbols)
        is_known = np.isfinite(bars["close"].to_numpy(dtype=np.float64))
        day, fund = rows.get_indexer(pd.Index(bars["date"]))[is_known], places[is_known]
        first = np.full(len(symbols), len(rows))
        np.minimum.at(first, fund, day)
        codes, names = codes_of(bars["source"])
        newest = np.full(len(symbols), -1)
        order = np.argsort(bars["date"].to_numpy(), kind="stable")
        newest[places[order]] = codes[order]
        source = np.append(np.asarray(names, dtype=object), "")[newest]
        return cls(np.bincount(fund, minlength=len(symbols)), len(rows) - first, source)


@dataclass(frozen=True)
class Traded:
    """What the bars say, as float64 matrices of shape (n_sessions, n_symbols); NaN where there is no bar.

    `earlier` is None where the rows begin with the first bar of the pool.
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    amount: np.ndarray
    prev_close: np.ndarray
    adj_factor: np.ndarray
    earlier: Earlier | None = None

    @classmethod
    def from_bars(
        cls, bars: pd.DataFrame, rows: pd.DatetimeIndex, symbols: pd.Index, earlier: Earlier | None = None
    ) -> "Traded":
        """Lay out `market/bars` on the given sessions and symbols."""
        laid_out = cls(*to_matrices(bars, (*OHLCV, "amount", "prev_close", "adj_factor"), rows, symbols))
        return replace(laid_out, earlier=earlier)

    @property
    def has_bar(self) -> np.ndarray:
        """A close is known."""
        return np.isfinite(self.close)

    @property
    def bars_so_far(self) -> np.ndarray:
        """Bars of each fund from its first one to each session."""
        return np.cumsum(self.has_bar, axis=0) + (0 if self.earlier is None else self.earlier.bars)

    @property
    def sessions_so_far(self) -> np.ndarray:
        """Sessions from each fund's first bar to each session, both included."""
        sessions = np.cumsum(self.bars_so_far > 0, axis=0)
        return sessions + (0 if self.earlier is None else self.earlier.sessions)


@dataclass(frozen=True)
class Failures:
    """One rule's outcome: where it fails, the figure to show, and the phrase (`{:...}` takes the figure)."""

    where: np.ndarray
    figure: np.ndarray
    phrase: str


def limit_rates(
    bars: pd.DataFrame, rows: pd.DatetimeIndex, symbols: pd.Index, price_limits: Mapping[str, float]
) -> np.ndarray:
    """Daily limit as a fraction: of every bar when `bars` has `limit_rate`, else of every symbol.

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols) or (n_symbols,)
        NaN where no limit applies.

    Raises
    ------
    BadInputError
        There is no such column, and a symbol is not in the mapping.
    """
    if "limit_rate" in bars.columns:
        return to_matrices(bars, ("limit_rate",), rows, symbols)[0]
    unknown = [symbol for symbol in symbols if symbol not in price_limits]
    if unknown:
        raise BadInputError("looking up price limits", f"none is known for {unknown[0]}", "add it to instruments.yaml")
    return np.array([price_limits[symbol] for symbol in symbols], dtype=np.float64)


def judge(
    traded: Traded, factors: np.ndarray, rates: np.ndarray, quality: Quality, rules: Eligibility
) -> tuple[np.ndarray, np.ndarray]:
    """Eligibility and reason of every fund on every session.

    Parameters
    ----------
    traded : Traded
        From the first bar of the pool on.
    factors : ndarray of shape (n_factors, n_sessions, n_symbols)
        The selected factors; NaN is missing.
    rates : ndarray, broadcast against (n_sessions, n_symbols)
        Daily price limit as a fraction.
    quality, rules
        Limits from `etf_pools.yaml` and `factors.yaml`.

    Returns
    -------
    eligible : ndarray of bool, shape (n_sessions, n_symbols)
    reasons : ndarray of str objects of the same shape
        Empty where eligible.
    """
    eligible = np.ones(traded.close.shape, dtype=bool)
    reasons = np.full(traded.close.shape, "", dtype=object)
    for failures in _outcomes(traded, factors, rates, quality, rules):
        first = eligible & failures.where
        reasons[first] = _worded(failures.phrase, failures.figure[first])
        eligible &= ~first
    return eligible, reasons


def _worded(phrase: str, figures: np.ndarray) -> np.ndarray:
    """The phrase with each figure; every distinct one is written once."""
    distinct, which = np.unique(figures, return_inverse=True)
    return np.array([phrase.format(figure) for figure in distinct], dtype=object)[which]


def _outcomes(
    traded: Traded, factors: np.ndarray, rates: np.ndarray, quality: Quality, rules: Eligibility
) -> Iterator[Failures]:
    """The rules in the order in which they speak."""
    yield _not_traded(traded)
    yield _too_young(traded, quality.min_trading_days)
    yield _too_many_gaps(traded, quality.max_missing_rate)
    yield _illiquid(traded, quality.min_liquidity)
    yield _bars_incomplete(traded, rules)
    yield _factors_incomplete(factors, rules)
    yield _too_few_factors(factors, rules.min_factor_share)
    yield _at_limit_up(traded, rates)


def _not_traded(traded: Traded) -> Failures:
    is_traded = traded.has_bar & (traded.volume > 0.0)
    return Failures(~is_traded, np.nan_to_num(traded.volume), "not traded, volume {:.0f}")


def _too_young(traded: Traded, least: int) -> Failures:
    bars = traded.bars_so_far
    return Failures(bars < least, bars, f"{{:d}} bars, fewer than {least}")


def _too_many_gaps(traded: Traded, most: float) -> Failures:
    """Share of sessions without a bar, from the fund's first bar to this session."""
    bars, sessions = traded.bars_so_far, traded.sessions_so_far
    missing = (sessions - bars) / sessions.clip(min=1)
    return Failures(missing > most, missing, f"{{:.1%}} of sessions missing since the first bar, more than {most:.1%}")


def _illiquid(traded: Traded, least: float) -> Failures:
    """Mean turnover of the last 20 sessions; a session without a bar counts as no turnover."""
    mean = trailing_sum(np.nan_to_num(traded.amount), LIQUIDITY_SESSIONS) / LIQUIDITY_SESSIONS
    return Failures(mean < least, mean, f"mean turnover of 20 sessions {{:,.0f}} CNY, below {least:,.0f}")


def _bars_incomplete(traded: Traded, rules: Eligibility) -> Failures:
    share = _missing_share(np.stack([getattr(traded, name) for name in OHLCV]), rules.window)
    phrase = f"{{:.0%}} of OHLCV missing in {rules.window} sessions, more than {rules.max_ohlcv_nan:.0%}"
    return Failures(share > rules.max_ohlcv_nan, share, phrase)


def _factors_incomplete(factors: np.ndarray, rules: Eligibility) -> Failures:
    share = _missing_share(factors, rules.window)
    phrase = f"{{:.0%}} of factor values missing in {rules.window} sessions, more than {rules.max_factor_nan:.0%}"
    return Failures(share > rules.max_factor_nan, share, phrase)


def _too_few_factors(factors: np.ndarray, least: float) -> Failures:
    present = np.isfinite(factors).sum(axis=0)
    phrase = f"{{:d}} of {len(factors)} factors present, less than {least:.0%}"
    return Failures(present < least * len(factors) - 1e-9, present, phrase)


def _at_limit_up(traded: Traded, rates: np.ndarray) -> Failures:
    limit = limit_price(traded.prev_close, np.broadcast_to(rates, traded.close.shape))
    return Failures(to_ticks(traded.close) >= to_ticks(limit), limit, "closed at limit-up {:.3f}")


def _missing_share(fields: np.ndarray, window: int) -> np.ndarray:
    """Share of missing values over fields and the last `window` sessions; sessions before the first row are missing."""
    cells = len(fields) * window
    return (cells - trailing_sum(np.isfinite(fields).sum(axis=0), window)) / cells
