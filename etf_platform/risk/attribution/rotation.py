"""The rotation account in the terms of fill attribution: its fills, its marks, its splits and dividends.

Conventions. The mid at a fill is the price of the bar that the fill is based on; the fill price is that price moved by
the slippage, which the account books as cost; the rest of the cost is the fee. The decision price is the close that the
order knew, in today's shares. The account reinvests dividends and carries splits by letting shares grow with
`adj_factor`; that belongs to holding. Not here: the parts (`fills`), the account (`backtest`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.measures.attribution import FILL_PARTS
from etf_platform.risk.attribution.fills import attribute_fills

CENT = 0.005  # half a cent: what rounds to it is no gap
ACCOUNT = "ACCOUNT"
_DOING = "attributing the rotation account"


@dataclass(frozen=True)
class Booking:
    """What the tables of an account do not say.

    Attributes
    ----------
    strategy : str
        Name in the rows.
    horizon : str
        `close`: the close of the fill's session. `next_bar`: the open of the fund's next bar, which is known one
        session later; a fill without one ends at the close.
    slippage_share : float
        Share of the booked cost that is slippage, 0 to 1.
    sectors : mapping of symbol to sector
    """

    strategy: str = "rotation"
    horizon: str = "close"
    slippage_share: float = 0.0
    sectors: Mapping[str, str] = field(default_factory=dict)


def attribute_rotation(
    fills: pd.DataFrame,
    positions: pd.DataFrame,
    equity: pd.DataFrame,
    bars: pd.DataFrame,
    booking: Booking,
    since: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Rows of `FILL_ATTRIBUTION` of an account, from its second session on.

    Parameters
    ----------
    fills, positions, equity : DataFrame
        Rows of `FILLS`, `POSITIONS` and `EQUITY` from the account's first session.
    bars : DataFrame
        Rows of `BARS` that cover them.
    booking : Booking
    since : Timestamp, optional
        Give only the rows from this day on, the same bits: a row looks at its session and the one before, and with the
        horizon `next_bar` at the one after it.

    Returns
    -------
    DataFrame
        The net results of a session sum to the change of the account's value. Where they do not, by half a cent or
        more, a row `ACCOUNT` carries the difference as residual.

    Raises
    ------
    BadInputError
        A horizon or share that does not exist, a fill without its bar.
    """
    if booking.horizon not in ("close", "next_bar"):
        raise BadInputError(_DOING, f"the horizon is {booking.horizon!r}", "use close or next_bar")
    if not 0.0 <= booking.slippage_share <= 1.0:
        raise BadInputError(_DOING, f"the slippage share is {booking.slippage_share:g}", "pass 0 to 1")
    if equity.empty:
        raise BadInputError(_DOING, "the account has no session", "back-test before attributing")
    source, sessions = str(equity["source"].iloc[0]), pd.DatetimeIndex(equity["date"])
    done = fills[(fills["status"] == "filled") & fills["date"].isin(sessions)]
    first = 0 if since is None else int(sessions.searchsorted(since)) - 1
    if first > 0:
        eve, sessions = sessions[first], sessions[first:]
        done, positions, equity = done[done["date"] > eve], positions[positions["date"] >= eve], equity.iloc[first:]
        bars = _bars_from(bars, min([eve, *done["decision_date"]]))
    prices = _prices(bars, sessions)
    priced = rotation_fills(done, prices, booking)
    marks = rotation_marks(done, positions, prices, sessions).assign(source=source)
    rows = attribute_fills(priced, marks, booking.horizon, booking.strategy, booking.sectors)
    return _with_gaps(rows, equity)


def _bars_from(bars: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Bars from a day on, and of every fund the last one before it, whose price is carried on."""
    bars = bars[_OF_BARS]
    if not bars["date"].is_monotonic_increasing:
        bars = bars.sort_values("date", kind="stable", ignore_index=True)
    is_late = (bars["date"] >= day).to_numpy()
    held = np.flatnonzero(~is_late)
    codes = bars["symbol"].factorize()[0][held]
    newest = np.full(codes.max(initial=-1) + 1, -1)
    newest[codes] = held
    return bars.take(np.concatenate([newest[newest >= 0], np.flatnonzero(is_late)])).reset_index(drop=True)


def rotation_fills(fills: pd.DataFrame, prices: pd.DataFrame, booking: Booking) -> pd.DataFrame:
    """Filled orders with fill price, fee, mids and decision price; `prices` as of `_prices`."""
    today = _at(prices, fills["date"], fills["symbol"])
    decided = _at(prices, fills["decision_date"], fills["symbol"])
    side = fills["side"].map({"buy": 1.0, "sell": -1.0}).to_numpy()
    cost, shares, mid = (fills[c].to_numpy(dtype=np.float64) for c in ("cost", "shares", "price"))
    after = today["close"] if booking.horizon == "close" else today["next_open"].fillna(today["close"])
    return pd.DataFrame(
        {
            "date": fills["date"].to_numpy(),
            "symbol": fills["symbol"].to_numpy(),
            "side": fills["side"].to_numpy(),
            "quantity": shares,
            "price": mid + side * booking.slippage_share * cost / shares,
            "fee": cost * (1.0 - booking.slippage_share),
            "mid": mid,
            "mid_after": after.to_numpy(),
            "decision_price": (decided["close"] * decided["adj"]).to_numpy() / today["adj"].to_numpy(),
        }
    )


def rotation_marks(
    fills: pd.DataFrame, positions: pd.DataFrame, prices: pd.DataFrame, sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Marks of every session and fund that was held at its close, at the close before, or traded in it."""
    follower = pd.Series(sessions[1:], index=sessions[:-1])
    held = positions[["date", "symbol", "shares", "price"]].rename(columns={"shares": "position"})
    earlier = held.rename(columns={"position": "position_before", "price": "price_before", "date": "eve"})
    earlier = earlier[earlier["eve"] < sessions[-1]].assign(date=lambda e: e["eve"].map(follower)).drop(columns="eve")
    keys = pd.concat([held[held["date"] > sessions[0]], earlier, fills])[["date", "symbol"]].drop_duplicates()
    marks = keys.merge(held, how="left", on=["date", "symbol"]).merge(earlier, how="left", on=["date", "symbol"])
    today = _at(prices, marks["date"], marks["symbol"])
    marks["price"] = marks["price"].fillna(today["close"])
    marks[["position", "position_before"]] = marks[["position", "position_before"]].fillna(0.0)
    marks["growth"] = (today["adj"] / today["adj_before"]).where(marks["position_before"] > 0.0, 1.0)
    return marks


_OF_BARS = ["date", "symbol", "open", "close", "adj_factor"]


def _prices(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Close and adjustment of every session and fund, carried over sessions without a bar; the next bar's open.

    Indexed by session and symbol; `adj_before` is of the session before, `next_open` in shares of this session.
    """
    wanted = bars.sort_values(["symbol", "date"])
    ahead = wanted.groupby("symbol")[["open", "adj_factor"]].shift(-1)
    table = wanted.assign(next_open=ahead["open"] * ahead["adj_factor"] / wanted["adj_factor"])
    table = table.rename(columns={"adj_factor": "adj"}).set_index(["date", "symbol"])[["close", "adj", "next_open"]]
    days = pd.DatetimeIndex(table.index.get_level_values(0).unique()).union(sessions).sort_values()
    wide = {c: table[c].unstack().reindex(days) for c in ("close", "adj", "next_open")}
    filled = {"close": wide["close"].ffill(), "adj": wide["adj"].ffill(), "next_open": wide["next_open"]}
    filled["adj_before"] = filled["adj"].shift()
    return pd.DataFrame({name: frame.stack(future_stack=True) for name, frame in filled.items()})


def _at(prices: pd.DataFrame, dates: pd.Series, symbols: pd.Series) -> pd.DataFrame:
    """Rows of `prices`, numbered from 0."""
    keys = pd.MultiIndex.from_arrays([dates, symbols])
    places = prices.index.get_indexer(keys)
    if (places < 0).any():
        day, symbol = keys[places < 0][0]
        raise BadInputError(_DOING, f"{symbol} on {day:%Y-%m-%d} has no bar", "pass the bars that the account used")
    return prices.take(places).reset_index(drop=True)


def _with_gaps(rows: pd.DataFrame, equity: pd.DataFrame) -> pd.DataFrame:
    change = equity.set_index("date")["portfolio_value"].diff().dropna()
    gap = change - rows.groupby("date")["net_pnl"].sum().reindex(change.index, fill_value=0.0)
    gap = gap[gap.abs() >= CENT]
    if gap.empty:
        return rows
    first = {"strategy": rows["strategy"].iloc[0] if len(rows) else "", "symbol": ACCOUNT, "sector": ""}
    extra = pd.DataFrame({"date": gap.index, **first, "residual": gap.to_numpy(), "net_pnl": gap.to_numpy()})
    extra = extra.assign(**dict.fromkeys(FILL_PARTS, 0.0), n_fills=0, n_unmatched=0, delay=np.nan)
    extra = extra.assign(
        horizon=rows["horizon"].iloc[0] if len(rows) else "close",
        reason="cash that no fill explains",
        source=str(equity["source"].iloc[0]),
    )
    return pd.concat([rows, extra[rows.columns]]).sort_values(["date", "strategy", "symbol"], ignore_index=True)
