"""Spreads and trade signs from trades and the quotes that stood before them. Arrays in, arrays out.

Prices are in currency units; a direction is +1 for a buyer-initiated and -1 for a seller-initiated trade. NaN prices
give NaN. Not here: matching trades with quotes in time (`risk.attribution.mids`), reading files (`market.sources`).

References
----------
Huang and Stoll (1996), Journal of Financial Economics 41; Bessembinder (2003), Journal of Financial Markets 6.
"""

import numpy as np

from etf_platform.core.errors import BadInputError
from etf_platform.core.ticks import to_ticks


def midpoint(bid: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Mean of bid and ask; never compare it with a price (`quote_sign` compares whole ticks)."""
    return (np.asarray(bid, dtype=np.float64) + np.asarray(ask, dtype=np.float64)) / 2.0


def quoted_spread(bid: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Ask minus bid; negative for a crossed quote."""
    return np.asarray(ask, dtype=np.float64) - np.asarray(bid, dtype=np.float64)


def effective_spread(price: np.ndarray, mid: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """2 * direction * (price - mid): what the taker of liquidity paid for a round trip."""
    return 2.0 * np.asarray(direction) * (np.asarray(price) - np.asarray(mid))


def proportional_effective_spread(price: np.ndarray, mid: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Effective spread as a fraction of the mid."""
    return effective_spread(price, mid, direction) / np.asarray(mid)


def realised_spread(price: np.ndarray, mid_after: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """2 * direction * (price - mid after the horizon): what the maker kept of the effective spread."""
    return effective_spread(price, mid_after, direction)


def price_impact(mid: np.ndarray, mid_after: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """direction * (mid after the horizon - mid): half of effective minus realised spread."""
    return np.asarray(direction) * (np.asarray(mid_after) - np.asarray(mid))


def depth_imbalance_difference(bid_size: np.ndarray, ask_size: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """direction * (ask size - bid size) / (ask size + bid size), in [-1, 1]."""
    bids, asks = np.asarray(bid_size, dtype=np.float64), np.asarray(ask_size, dtype=np.float64)
    return np.asarray(direction) * (asks - bids) / (asks + bids)


def tick_sign(price: np.ndarray, tick: float | None = 0.001) -> np.ndarray:
    """+1 after a rise, -1 after a fall, the last such sign while the price stays; +1 before the first change.

    Parameters
    ----------
    price : ndarray of shape (n_trades,)
        In the order of trading.
    tick : float, optional
        Smallest price step, compared in whole ticks; None compares the doubles as they are.
    """
    steps = np.sign(np.diff(_comparable(price, tick), prepend=np.nan))
    known = np.isfinite(steps) & (steps != 0.0)
    last = np.maximum.accumulate(np.where(known, np.arange(steps.size), -1))
    return np.where(last >= 0, steps[np.maximum(last, 0)], 1.0).astype(np.int64)


def quote_sign(price: np.ndarray, bid: np.ndarray, ask: np.ndarray, tick: float | None = 0.001) -> np.ndarray:
    """+1 above the midpoint, -1 below, 0 at it or where a quote is missing.

    With a tick, twice the price is compared with bid + ask in whole ticks, which is exact. `tick=None` compares
    doubles as R's `highfrequency` does: 211 of the 7,168 trades of its sample get another sign by rounding alone.
    """
    doubled, both = 2.0 * _comparable(price, tick), _comparable(bid, tick) + _comparable(ask, tick)
    if tick is None:
        doubled, both = np.asarray(price, dtype=np.float64), midpoint(bid, ask)
    return np.nan_to_num(np.sign(doubled - both)).astype(np.int64)


def lee_ready(price: np.ndarray, bid: np.ndarray, ask: np.ndarray, tick: float | None = 0.001) -> np.ndarray:
    """The quote decides, and the tick rule where the price stands at the midpoint: +1 or -1 for every trade.

    Parameters
    ----------
    price, bid, ask : ndarray of shape (n_trades,)
        Trades in order, with the quote that stood at (or a chosen lag before) each of them.
    tick : float, optional
        As in `tick_sign`; 1 / tick must be whole.

    Raises
    ------
    BadInputError
        The arrays differ in length.

    References
    ----------
    Lee and Ready (1991), doi:10.1111/j.1540-6261.1991.tb02683.x
    """
    if not len(price) == len(bid) == len(ask):
        raise BadInputError(
            "signing trades", f"{len(price)} prices, {len(bid)} bids, {len(ask)} asks", "pass one quote per trade"
        )
    by_quote = quote_sign(price, bid, ask, tick)
    return np.where(by_quote != 0, by_quote, tick_sign(price, tick))


def _comparable(price: np.ndarray, tick: float | None) -> np.ndarray:
    return np.asarray(price, dtype=np.float64) if tick is None else to_ticks(price, tick)
