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
from etf_platform.core.places import places_of
from etf_platform.measures.attribution import FILL_PARTS
from etf_platform.risk.attribution.fills import KEY, attribute_fills
from etf_platform.risk.attribution.prices import Prices, laid_out, row_above

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
    prices = Prices.of(bars, sessions)
    priced = rotation_fills(done, prices, booking)
    marks = rotation_marks(done, positions, prices, sessions).assign(source=source)
    rows = attribute_fills(priced, marks, booking.horizon, booking.strategy, booking.sectors)
    return _with_gaps(rows, equity)


def _bars_from(bars: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Bars from a day on, and of every fund the last one before it, whose price is carried on."""
    bars = bars[["date", "symbol", "open", "close", "adj_factor"]]
    if not bars["date"].is_monotonic_increasing:
        bars = bars.sort_values("date", kind="stable", ignore_index=True)
    is_late = (bars["date"] >= day).to_numpy()
    held = np.flatnonzero(~is_late)
    codes = bars["symbol"].factorize()[0][held]
    newest = np.full(codes.max(initial=-1) + 1, -1)
    newest[codes] = held
    return bars.take(np.concatenate([newest[newest >= 0], np.flatnonzero(is_late)])).reset_index(drop=True)


def rotation_fills(fills: pd.DataFrame, prices: Prices, booking: Booking) -> pd.DataFrame:
    """Filled orders with fill price, fee, mids and decision price."""
    today = prices.at(fills["date"], fills["symbol"])
    decided = prices.at(fills["decision_date"], fills["symbol"])
    side = fills["side"].map({"buy": 1.0, "sell": -1.0}).to_numpy()
    cost, shares, mid = (fills[c].to_numpy(dtype=np.float64) for c in ("cost", "shares", "price"))
    after = today["close"]
    if booking.horizon != "close":
        after = np.where(np.isnan(today["next_open"]), after, today["next_open"])
    return pd.DataFrame(
        {
            "date": fills["date"].to_numpy(),
            "symbol": fills["symbol"].to_numpy(),
            "side": fills["side"].to_numpy(),
            "quantity": shares,
            "price": mid + side * booking.slippage_share * cost / shares,
            "fee": cost * (1.0 - booking.slippage_share),
            "mid": mid,
            "mid_after": after,
            "decision_price": decided["close"] * decided["adj"] / today["adj"],
        }
    )


def rotation_marks(
    fills: pd.DataFrame, positions: pd.DataFrame, prices: Prices, sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Marks of every session and fund that was held at its close, at the close before, or traded in it."""
    day = sessions.get_indexer(pd.DatetimeIndex(positions["date"]))
    held, day = positions[day >= 0], day[day >= 0]
    follows = day < len(sessions) - 1
    later = held.loc[follows, KEY].assign(date=sessions[day[follows] + 1])
    keys = pd.concat([held.loc[day > 0, KEY], later, fills[KEY]]).drop_duplicates(ignore_index=True)
    today = prices.at(keys["date"], keys["symbol"])
    cells, shape = (day, places_of(held["symbol"], prices.symbols)), (len(sessions), len(prices.symbols))
    shares, price = (laid_out(held[name], cells, shape) for name in ("shares", "price"))
    row, column = sessions.get_indexer(pd.DatetimeIndex(keys["date"])), places_of(keys["symbol"], prices.symbols)
    marked, position_before = price[row, column], np.nan_to_num(row_above(shares)[row, column])
    return keys.assign(
        position=np.nan_to_num(shares[row, column]),
        price=np.where(np.isnan(marked), today["close"], marked),
        position_before=position_before,
        price_before=row_above(price)[row, column],
        growth=np.where(position_before > 0.0, today["adj"] / today["adj_before"], 1.0),
    )


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
