"""What the running account's fills of some sessions earned and cost: its tables in the terms of fill attribution.

The mid at a fill is the price of the session at which orders fill (`open` or `close` of the bar); the mid after it is
the close. A modelled fill stands at that price and books its slippage as cost, which is moved into the price here; an
imported fill stands where it happened, and its cost is the fee. Without a price in the bar the fill has no mid: its
result goes to the residual and it is listed. Not here: the parts (`risk.attribution.fills`), text.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etf_platform.core.tables import FILL_ATTRIBUTION
from etf_platform.risk.attribution.fills import attribute_fills, unmatched_fills

CENT = 0.005  # half a cent: what rounds to it is no gap
ACCOUNT, MODELLED, HORIZON = "ACCOUNT", "modelled", "close"


@dataclass(frozen=True)
class Terms:
    """What the tables of an account do not say: its strategy, the price that orders fill at, the share of the modelled
    cost that is slippage, sectors by symbol."""

    strategy: str
    fills_at: str = "open"
    slippage_share: float = 0.0
    sectors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """Rows of `FILL_ATTRIBUTION`, fills without a mid (`date, symbol, side, quantity, price`), and the change of the
    account's value in CNY."""

    rows: pd.DataFrame
    unmatched: pd.DataFrame
    change: float


def fill_parts(account: pd.DataFrame, fills: pd.DataFrame, bars: pd.DataFrame, terms: Terms) -> Parts:
    """Attribute every session of an account but the first, which only says what was held before.

    Parameters
    ----------
    account : DataFrame
        Rows of `PAPER_ACCOUNT`, sorted, from the session before the first to attribute.
    fills : DataFrame
        Rows of `PAPER_FILLS` of these sessions.
    bars : DataFrame
        Rows of `BARS` of these sessions, and of the sessions of the fills' decisions.
    terms : Terms

    Returns
    -------
    Parts
        The net results of a session sum to the change of the account's value; where they do not, by half a cent or
        more, a row `ACCOUNT` carries the difference as residual.

    Raises
    ------
    BadInputError
        A fund was held or traded and has no price; a fill is no trade.
    """
    days = account["date"].iloc[1:]
    done = fills[(fills["shares"] > 0.0) & fills["date"].isin(days)].reset_index(drop=True)
    at = bars.set_index(["date", "symbol"])[["open", "close", "adj_factor"]]
    priced = _priced(done, at, terms)
    rows = attribute_fills(priced, _marks(account, done, at), HORIZON, terms.strategy, terms.sectors)
    lost = unmatched_fills(priced)[["date", "symbol", "side", "quantity", "price"]]
    change = float(account["nav"].iloc[-1] - account["nav"].iloc[0]) if len(account) else 0.0
    return Parts(_with_gaps(rows, account, terms), lost, change)


def _priced(done: pd.DataFrame, at: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    today = at.reindex(pd.MultiIndex.from_frame(done[["date", "symbol"]])).reset_index(drop=True)
    decided = at.reindex(pd.MultiIndex.from_arrays([done["decision_date"], done["symbol"]])).reset_index(drop=True)
    share = np.where(done["origin"] == MODELLED, terms.slippage_share, 0.0)
    side = done["side"].map({"buy": 1.0, "sell": -1.0}).astype("float64")
    return pd.DataFrame(
        {
            "date": done["date"],
            "symbol": done["symbol"],
            "side": done["side"],
            "quantity": done["shares"],
            "price": done["price"] + side * share * done["cost"] / done["shares"],
            "fee": done["cost"] * (1.0 - share),
            "mid": today[terms.fills_at],
            "mid_after": today["close"],
            "decision_price": decided["close"] * decided["adj_factor"] / today["adj_factor"],
        }
    )


def _marks(account: pd.DataFrame, done: pd.DataFrame, at: pd.DataFrame) -> pd.DataFrame:
    """One row per session and fund that was held before, is held now, or traded."""
    names = ["date", "positions", "marks", "source"]
    held = [
        (day, json.loads(positions), json.loads(marks), source)
        for day, positions, marks, source in account[names].itertuples(index=False, name=None)
    ]
    found = []
    for (_, old, old_marks, _), (day, new, new_marks, source) in itertools.pairwise(held):
        for symbol in sorted({*old, *new, *done.loc[done["date"] == day, "symbol"]}):
            bar = at.loc[(day, symbol)] if (day, symbol) in at.index else None
            before, adj = old_marks.get(symbol, (np.nan, np.nan))
            grows = symbol in old and bar is not None and np.isfinite(bar["adj_factor"])
            close = new_marks[symbol][0] if symbol in new else np.nan if bar is None else float(bar["close"])
            growth = float(bar["adj_factor"]) / adj if grows and bar is not None else 1.0
            positions = (old.get(symbol, 0.0), new.get(symbol, 0.0))
            found.append((day, symbol, positions[0], before, growth, positions[1], close, source))
    columns = ["date", "symbol", "position_before", "price_before", "growth", "position", "price", "source"]
    return pd.DataFrame(found, columns=columns).astype({"date": "datetime64[ns]"})


def _with_gaps(rows: pd.DataFrame, account: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    change = account.set_index("date")["nav"].diff().iloc[1:]
    gap = change - rows.groupby("date")["net_pnl"].sum().reindex(change.index, fill_value=0.0)
    gap = gap[gap.abs() >= CENT]
    extra = pd.DataFrame({column.name: 0.0 for column in FILL_ATTRIBUTION.columns}, index=range(len(gap)))
    source = str(account["source"].iloc[-1]) if len(account) else ""
    extra = extra.assign(date=gap.index, strategy=terms.strategy, symbol=ACCOUNT, sector="", horizon=HORIZON)
    extra = extra.assign(delay=np.nan, reason="cash that no fill explains", source=source)
    extra = extra.assign(residual=gap.to_numpy(), net_pnl=gap.to_numpy(), n_fills=0, n_unmatched=0)
    both = pd.concat([rows, extra[rows.columns]]) if len(gap) else rows
    return both.sort_values(["date", "symbol"], ignore_index=True)
