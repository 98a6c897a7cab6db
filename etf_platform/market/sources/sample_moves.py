"""How simulated stocks move from one session to the next: whole ticks, exact limits, runs of boards.

Draws come in, prices go out; which stocks there are is `market.sources.sample_stocks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

TICKS = 100  # to the yuan
UP_CHANCE, DOWN_CHANCE = 0.006, 0.0015
GO_ON, ONE_WORD, OPENS_AGAIN, SUSPENDED = 0.42, 0.30, 0.18, 0.0010
SPLIT_ABOVE, FLOOR = 9_000, 150  # ticks


@dataclass(frozen=True, eq=False)
class Day:
    """One session, one entry per stock.

    Attributes
    ----------
    change : ndarray of shape (n_stocks,)
        Log return that the market wants.
    draws, chances : ndarray of shape (n_stocks, 4), (n_stocks, 5)
        Standard normals (the first is spent on `change`) and uniform numbers.
    rate : ndarray
        Price limit as a fraction.
    free : ndarray of int
        Sessions without a limit when the stock was listed, the first one included.
    rise, fall : ndarray
        Limits of the first day, fractions of the issue price; NaN where there are none, or the usual ones.
    is_listed, is_new : ndarray of bool
    pays : bool
        The day on which dividends and splits take effect.
    """

    change: np.ndarray
    draws: np.ndarray
    chances: np.ndarray
    rate: np.ndarray
    free: np.ndarray
    rise: np.ndarray
    fall: np.ndarray
    is_listed: np.ndarray
    is_new: np.ndarray
    pays: bool


class _State:
    """What a session leaves to the next one, one entry per stock."""

    def __init__(self, price: np.ndarray, dividend: np.ndarray) -> None:
        n = price.size
        self.base = np.rint(price * TICKS)
        self.reference = self.base.astype(np.int64)
        self.dividend = dividend
        self.adj_factor = np.ones(n)
        self.run = np.zeros(n, dtype=np.int64)
        self.boards = np.zeros(n, dtype=np.int64)
        self.free = np.zeros(n, dtype=np.int64)
        self.halted = np.zeros(n, dtype=np.int64)


def walk(days: Sequence[Day], price: np.ndarray, dividend: np.ndarray) -> dict[str, np.ndarray]:
    """Prices of every session.

    Parameters
    ----------
    days : sequence of Day
        In order.
    price : ndarray of shape (n_stocks,)
        First reference prices, CNY.
    dividend : ndarray of shape (n_stocks,)
        Fraction of the price paid on the days that pay.

    Returns
    -------
    dict of ndarray of shape (n_sessions, n_stocks)
        open, high, low, close, prev_close (CNY), adj_factor; NaN without a bar.
    """
    state, rows = _State(price, dividend), [np.empty((0, 6, price.size))]
    for today in days:
        _act(state, today)
        is_open = _is_open(state, today)
        rows.append(_session(state, today, is_open)[np.newaxis])
    names = ("open", "high", "low", "close", "prev_close", "adj_factor")
    whole = np.concatenate(rows)
    prices = {name: whole[:, k] for k, name in enumerate(names)}
    return {name: values if name == "adj_factor" else values / TICKS for name, values in prices.items()}


def _act(state: _State, today: Day) -> None:
    """Dividends, and two shares for one where the price is high; the reference price falls, the factor grows."""
    if not today.pays:
        return
    after = state.reference - np.rint(state.reference * state.dividend).astype(np.int64)
    after = np.where(after > SPLIT_ABOVE, after // 2, after)
    counts = today.is_listed & (after >= FLOOR)
    after = np.where(counts, after, state.reference)
    state.base = state.base * np.where(after < 0.7 * state.reference, 0.5, 1.0)
    state.adj_factor = state.adj_factor * (state.reference / after)
    state.reference = after


def _is_open(state: _State, today: Day) -> np.ndarray:
    can_stop = today.is_listed & ~today.is_new & (state.halted == 0) & (state.free == 0)
    stops = can_stop & (today.chances[:, 4] < SUSPENDED)
    state.halted = np.where(stops, 2 + (today.chances[:, 3] * 8).astype(np.int64), state.halted)
    is_open = today.is_listed & (state.halted == 0)
    state.halted = np.maximum(state.halted - 1, 0)
    return is_open


def _session(state: _State, today: Day, is_open: np.ndarray) -> np.ndarray:
    state.free = np.where(today.is_new, today.free, state.free)
    before = state.reference
    up, down, is_free, is_capped = _limits(state, today)
    _begin_runs(state, today, is_open, is_capped, is_free)
    rises, falls = state.run > 0, state.run < 0
    opens_again = rises & ~is_capped & (today.chances[:, 3] < OPENS_AGAIN)
    one_word = ((state.run > 0) & (state.boards >= 1) & (today.chances[:, 2] < ONE_WORD) & ~opens_again) | is_capped
    close = _close(state, today, is_free)
    close = np.where(rises, up, np.where(falls, down, close))
    close = np.where(opens_again, before + ((up - before) * (0.2 + 0.6 * today.chances[:, 2])).astype(np.int64), close)
    close = np.minimum(up, np.maximum(down, np.maximum(close, 1)))
    opened, high, low = _rest(today, before, close, up, down)
    high = np.where(opens_again, up, high)
    opened, high, low = (np.where(one_word, up, x) for x in (opened, high, low))
    _end(state, today, is_open, close, up, opens_again)
    row = np.stack([opened, high, low, close, before, state.adj_factor]).astype(np.float64)
    return np.where(is_open, row, np.nan)


def _limits(state: _State, today: Day) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    is_capped = today.is_new & (state.free == 0) & ~np.isnan(today.rise)
    is_free = state.free > 0
    above, below = (
        np.rint(np.nan_to_num(np.where(is_capped, first, today.rate)) * 10_000).astype(np.int64)
        for first in (today.rise, today.fall)
    )
    up = (2 * state.reference * (10_000 + above) + 10_000) // 20_000
    down = (2 * state.reference * (10_000 - below) + 10_000) // 20_000
    return np.where(is_free, state.reference * 6, up), np.where(is_free, state.reference // 3, down), is_free, is_capped


def _begin_runs(state: _State, today: Day, is_open: np.ndarray, is_capped: np.ndarray, is_free: np.ndarray) -> None:
    chance = today.chances[:, 0]
    length = 1 + np.floor(np.log(np.maximum(today.chances[:, 1], 1e-9)) / np.log(GO_ON)).astype(np.int64)
    idle = is_open & (state.run == 0) & ~is_free
    starts, falls = idle & (chance < UP_CHANCE), idle & (chance > 1.0 - DOWN_CHANCE)
    state.run = np.where(starts, length, np.where(falls, -np.minimum(length, 3), state.run))
    state.run = np.where(is_capped & is_open, 2 + 2 * length, state.run)
    state.run = np.where(is_free, 0, state.run)


def _close(state: _State, today: Day, is_free: np.ndarray) -> np.ndarray:
    pull = 0.003 * (np.log(state.base) - np.log(state.reference))
    change = np.where(is_free, 0.08 * today.draws[:, 2], today.change + pull)
    change = np.where(is_free & today.is_new, 0.15 + 0.9 * today.chances[:, 1], change)
    return np.rint(state.reference * np.exp(np.clip(change, -0.5, 1.5))).astype(np.int64)


def _rest(
    today: Day, before: np.ndarray, close: np.ndarray, up: np.ndarray, down: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    change = np.log(close / before)
    width = 0.15 * np.abs(change) + 0.004
    opened = np.rint(before * np.exp(0.35 * change + width * today.draws[:, 1])).astype(np.int64)
    opened = np.minimum(up, np.maximum(down, np.maximum(opened, 1)))
    most, least = np.maximum(opened, close), np.minimum(opened, close)
    high = np.minimum(up, most + (before * width * np.abs(today.draws[:, 2])).astype(np.int64))
    low = np.maximum(down, least - (before * width * np.abs(today.draws[:, 3])).astype(np.int64))
    return opened, high, np.maximum(low, 1)


def _end(
    state: _State, today: Day, is_open: np.ndarray, close: np.ndarray, up: np.ndarray, opens_again: np.ndarray
) -> None:
    at_limit = close == up
    state.boards = np.where(is_open, np.where(at_limit, state.boards + 1, 0), state.boards)
    after = np.where(opens_again, 0, state.run - np.sign(state.run))
    state.run = np.where(is_open, after, state.run)
    state.free = np.where(is_open, np.maximum(state.free - 1, 0), state.free)
    state.reference = np.where(is_open, close, state.reference)


def adjusted(prices: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Prices of one kind times `adj_factor`, of the shape of `walk`."""
    return prices[name] * prices["adj_factor"]
