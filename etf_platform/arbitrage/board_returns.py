"""What every stock that closed at its limit did next, and when that was known. Not here: averages over boards."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.arbitrage.buckets import time_buckets
from etf_platform.core.tables import BOARD_RETURNS
from etf_platform.core.ticks import limit_price

COLUMNS = [column.name for column in BOARD_RETURNS.columns]
STOCK_TICK = 0.01


@dataclass(frozen=True)
class _NextBars:
    """For each bar (rows in the order of symbol and session) where the symbol's next one is, and what it brought."""

    keys: np.ndarray
    symbols: pd.Index
    days: np.ndarray
    session: np.ndarray
    next_session: np.ndarray
    next_open: np.ndarray
    next_close: np.ndarray
    low: np.ndarray
    prev_close: np.ndarray

    def place(self, rows: pd.DataFrame) -> np.ndarray:
        """Position of each row's bar; -1 where there is none."""
        symbol = self.symbols.get_indexer(pd.Index(rows["symbol"]))
        day = _day_number(self.days, rows["date"])
        key = symbol * np.int64(self.days.size + 1) + day
        found = np.clip(np.searchsorted(self.keys, key), 0, max(self.keys.size - 1, 0))
        is_there = (symbol >= 0) & (day >= 0) & (self.keys[found] == key if self.keys.size else False)
        return np.where(is_there, found, -1)


def board_returns(states: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """One row per close at the limit: BOARD_RETURNS.

    Parameters
    ----------
    states : DataFrame
        LIMIT_STATES.
    bars : DataFrame
        BARS of the same stocks, at least from the first to the last of the states' dates; rows without volume are no
        trades. Bars after the last state bring outcomes.

    Returns
    -------
    DataFrame
        Sorted by date and symbol. `next_open`, `next_close` are measured from the reference price of the day on which
        the stock traded next, so that a dividend is no loss; null while it has not. `market_next_open` is the plain
        mean over stocks that have a limit, touched neither limit, and traded in the next session; `known_on` is the day
        of the stock's next trade.
    """
    ahead = _next_bars(bars)
    place = ahead.place(states)
    market = _market(states, ahead, place)
    is_board = states["at_limit"].astype("boolean").fillna(False).to_numpy(dtype=bool) & (place >= 0)
    rows, at = states[is_board], place[is_board]
    made = pd.DataFrame(
        {
            "date": rows["date"].to_numpy(),
            "symbol": rows["symbol"].to_numpy(),
            "board": rows["board"].to_numpy(),
            "boards_in_row": rows["boards_in_row"].to_numpy(dtype=np.int64),
            "seal_ratio": _ratio(rows["seal_amount"], rows["float_cap"]),
            "first_seal_bucket": time_buckets(rows["first_seal"]),
            "known_on": _day_of(ahead, at),
            "next_open": ahead.next_open[at],
            "next_close": ahead.next_close[at],
            "market_next_open": market[ahead.session[at]],
            "source": rows["source"].to_numpy(),
        }
    )
    return _finished(made)


def carried_on(known: pd.DataFrame, states: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """BOARD_RETURNS up to the last of `bars`, from those up to some day and the rows of that day and all after it.

    Parameters
    ----------
    known : DataFrame
        BOARD_RETURNS of everything up to the first day of `bars`; may be empty.
    states, bars : DataFrame
        LIMIT_STATES and BARS from the last day that is in `known` on: that day's boards find their market only now.

    Returns
    -------
    DataFrame
        Bit for bit what `board_returns` makes of everything at once.
    """
    if bars.empty:
        return known
    since = bars["date"].min()
    before = known[known["date"] < since]
    is_waiting = before["known_on"].isna()
    done = settled(before[is_waiting], bars[bars["date"] > since])
    parts = [part for part in (before[~is_waiting], done, board_returns(states, bars)) if len(part)]
    if not parts:
        return known
    return pd.concat(parts, ignore_index=True).sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def settled(waiting: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """Rows of BOARD_RETURNS without an outcome, with the one that `bars` (all after what was known) bring."""
    ordered = bars[bars["volume"] > 0].sort_values(["date", "symbol"], kind="stable")
    first = ordered.drop_duplicates("symbol").set_index("symbol")
    now = first.reindex(waiting["symbol"].to_numpy())
    made = waiting.assign(
        known_on=now["date"].to_numpy(),
        next_open=(now["open"] / now["prev_close"] - 1.0).to_numpy(),
        next_close=(now["close"] / now["prev_close"] - 1.0).to_numpy(),
    )
    return _finished(made)


def _finished(made: pd.DataFrame) -> pd.DataFrame:
    made = made.assign(extra_next_open=made["next_open"] - made["market_next_open"])
    made = made.astype({"date": "datetime64[ns]", "known_on": "datetime64[ns]"})
    return made[COLUMNS].sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def _next_bars(bars: pd.DataFrame) -> _NextBars:
    traded = bars[bars["volume"] > 0]
    symbol, symbols = pd.factorize(traded["symbol"], sort=True)
    days = np.unique(traded["date"].to_numpy())
    day = np.searchsorted(days, traded["date"].to_numpy())
    keys = symbol.astype(np.int64) * np.int64(days.size + 1) + day
    order = np.argsort(keys, kind="stable")
    keys, symbol, day = keys[order], symbol[order], day[order]
    opens, closes, lows, before = (
        traded[c].to_numpy(np.float64)[order] for c in ("open", "close", "low", "prev_close")
    )
    has_next = np.r_[symbol[1:] == symbol[:-1], False] if symbol.size else np.empty(0, dtype=bool)
    after = np.where(has_next, np.arange(symbol.size) + 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_open = np.where(has_next, opens[after] / before[after] - 1.0, np.nan)
        to_close = np.where(has_next, closes[after] / before[after] - 1.0, np.nan)
    return _NextBars(
        keys=keys,
        symbols=pd.Index(symbols),
        days=days,
        session=day,
        next_session=np.where(has_next, day[after], -1),
        next_open=to_open,
        next_close=to_close,
        low=lows,
        prev_close=before,
    )


def _market(states: pd.DataFrame, ahead: _NextBars, place: np.ndarray) -> np.ndarray:
    """Mean next open of each session's ordinary stocks; NaN on a session without any."""
    is_free = ~states["touched"].astype("boolean").fillna(True).to_numpy(dtype=bool)
    is_ours = is_free & (place >= 0) & states["rate"].notna().to_numpy()
    at = place[is_ours]
    floor = limit_price(ahead.prev_close[at], states["rate"].to_numpy(np.float64)[is_ours], STOCK_TICK, "down")
    is_usual = (ahead.next_session[at] == ahead.session[at] + 1) & ~(ahead.low[at] <= floor + STOCK_TICK / 2.0)
    at = np.sort(at[is_usual & np.isfinite(ahead.next_open[at])])
    at = at[np.argsort(ahead.session[at], kind="stable")]
    sums = np.bincount(ahead.session[at], weights=ahead.next_open[at], minlength=ahead.days.size)
    counts = np.bincount(ahead.session[at], minlength=ahead.days.size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _day_of(ahead: _NextBars, at: np.ndarray) -> np.ndarray:
    known = ahead.next_session[at]
    days = np.full(at.size, np.datetime64("NaT"), dtype="datetime64[ns]")
    days[known >= 0] = ahead.days[known[known >= 0]]
    return days


def _day_number(days: np.ndarray, dates: pd.Series) -> np.ndarray:
    asked = dates.to_numpy()
    found = np.clip(np.searchsorted(days, asked), 0, max(days.size - 1, 0))
    return np.where(days[found] == asked, found, -1) if days.size else np.full(asked.size, -1)


def _ratio(amount: pd.Series, cap: pd.Series) -> np.ndarray:
    share: np.ndarray = (amount.astype("float64") / cap.astype("float64").where(cap.astype("float64") > 0)).to_numpy()
    return share
