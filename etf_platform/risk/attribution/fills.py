"""What the fills of a day earned and cost; the parts and the residual sum to the net result.

Here: the formulas of the specification (governance 2.3) on fills that know their mids. The net result is counted apart,
from cash flows and from positions as somebody else reports them, so that the residual is a check and no plug: a fill
that the account does not know, a wrong position or a wrong price shows there. Not here: finding mids (`mids`), the
conventions of the rotation account (`rotation`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.measures.attribution import FILL_PARTS

KEY = ["date", "symbol"]
SIGN = {"buy": 1.0, "sell": -1.0}
NO_HEDGE, UNMATCHED = "no_hedge", "unmatched"
_DOING = "attributing fills"
_FILLS = ("date", "symbol", "side", "quantity", "price", "fee", "mid", "mid_after")
_MARKS = ("date", "symbol", "position_before", "price_before", "growth", "position", "price", "source")


def attribute_fills(
    fills: pd.DataFrame,
    marks: pd.DataFrame,
    horizon: str,
    strategy: str,
    sectors: Mapping[str, str] | None = None,
    hedges: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rows of `FILL_ATTRIBUTION`: one per session and symbol that was held or traded.

    Parameters
    ----------
    fills : DataFrame
        `date`, `symbol`, `side` (buy or sell), `quantity` > 0, `price`, `fee` >= 0 in money, `mid` at the fill and
        `mid_after` the horizon; `decision_price` may be left out. A NaN in `mid` or `mid_after` sends the price result
        of that fill to the residual (see `unmatched_fills`); its fee stays a fee.
    marks : DataFrame
        One row per session and symbol: `position_before` and `price_before` at the previous mark (price NaN when
        nothing was held), `position` and `price` at this one as the account reports them, `growth` = how many shares
        of today one share of the previous mark has become (splits, reinvested dividends; 1 otherwise), `source`.
    horizon : str
        Label of the horizon behind `mid_after`.
    strategy : str
    sectors : mapping of symbol to sector, optional
    hedges : DataFrame, optional
        `date`, `symbol` (the hedged one), `pnl`, `fee`, `slippage` in money. Rows without one have a hedging cost of 0
        and the reason `no_hedge`.

    Returns
    -------
    DataFrame
        Sorted by key. `delay` is NaN where no fill of the row has a decision price and a mid.

    Raises
    ------
    BadInputError
        A column is missing; a side is neither buy nor sell; a quantity, price or fee is no number; a fill or a held
        position has no mark; marks stand twice.
    """
    _check(fills, marks)
    of_marks, of_fills = _numbered(marks, fills)
    is_wanted = (marks["position_before"] != 0) | (marks["position"] != 0) | np.isin(of_marks, of_fills)
    rows = marks.assign(number=of_marks)[is_wanted].sort_values(KEY).reset_index(drop=True)
    traded = _sums(fills, pd.Index(rows["number"]).get_indexer(of_fills), rows["price"].to_numpy(dtype=np.float64))
    traded = traded.reindex(rows.index, fill_value=0.0)
    hedge = _hedge(hedges, rows)
    before = rows["position_before"].to_numpy(dtype=np.float64)
    value_before = _product(before, rows["price_before"])
    value = _product(rows["position"].to_numpy(dtype=np.float64), rows["price"])
    carried = _product(before * rows["growth"].to_numpy(dtype=np.float64), rows["price"]) - value_before
    table = pd.DataFrame(
        {
            "date": rows["date"],
            "strategy": strategy,
            "symbol": rows["symbol"],
            "sector": [(sectors or {}).get(symbol, "") for symbol in rows["symbol"]],
            "horizon": horizon,
            "n_fills": traded["n_fills"].astype("int64"),
            "n_unmatched": traded["n_unmatched"].astype("int64"),
            "spread_capture": traded["spread"],
            "adverse_selection_cost": traded["adverse"],
            "inventory_cost": carried + traded["late"],
            "hedging_cost": hedge.fillna(0.0).to_numpy(),
            "fees": 0.0 - traded["fee"],
        }
    )
    net = value - value_before + traded["cash"] - traded["fee"] + table["hedging_cost"]
    table["residual"] = net - table[list(FILL_PARTS)].sum(axis=1)
    table["net_pnl"], table["delay"] = net, traded["delay"].where(traded["n_decided"] > 0)
    return table.assign(reason=_reasons(table, hedge), source=rows["source"])


def unmatched_fills(fills: pd.DataFrame) -> pd.DataFrame:
    """The fills that have no mid, at the fill or after the horizon: all their columns, in their order."""
    return fills[fills[["mid", "mid_after"]].isna().any(axis=1)].reset_index(drop=True)


def _numbered(marks: pd.DataFrame, fills: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """A number for every mark and fill, the same for the same session and symbol."""
    days, _ = pd.factorize(np.concatenate([marks["date"].to_numpy(), fills["date"].to_numpy()]))
    symbols, names = pd.factorize(pd.concat([marks["symbol"], fills["symbol"]]))
    numbers = days * len(names) + symbols
    return numbers[: len(marks)], numbers[len(marks) :]


def _sums(fills: pd.DataFrame, places: np.ndarray, prices: np.ndarray) -> pd.DataFrame:
    """Sums over the fills of every row, indexed by its place; `prices` are those of the rows' marks."""
    mark = prices[places]
    side = fills["side"].map(SIGN).to_numpy(dtype=np.float64)
    quantity, price, mid, after = (
        fills[c].to_numpy(dtype=np.float64) for c in ("quantity", "price", "mid", "mid_after")
    )
    signed, known = side * quantity, np.isfinite(mid) & np.isfinite(after)
    decided = fills.get("decision_price", pd.Series(np.nan, index=fills.index)).to_numpy(dtype=np.float64)
    delay = signed * (decided - mid)
    each = {
        "n_fills": np.ones(len(fills)),
        "n_unmatched": ~known * 1.0,
        "spread": np.where(known, signed * (mid - price), 0.0),
        "adverse": np.where(known, signed * (after - mid), 0.0),
        "late": np.where(known, signed * (mark - after), 0.0),
        "cash": -signed * price,
        "fee": fills["fee"].to_numpy(dtype=np.float64),
        "delay": np.nan_to_num(delay),
        "n_decided": np.isfinite(delay) * 1.0,
    }
    return pd.DataFrame(each).groupby(places).sum()


def _product(quantity: np.ndarray, price: pd.Series) -> np.ndarray:
    """Quantity times price; nothing is worth nothing, whatever the price."""
    return np.where(quantity == 0.0, 0.0, quantity * price.to_numpy(dtype=np.float64))


def _hedge(hedges: pd.DataFrame | None, rows: pd.DataFrame) -> pd.Series:
    """Result of the hedge leg net of its costs; NaN where there is none."""
    if hedges is None or hedges.empty:
        return pd.Series(np.nan, index=rows.index)
    keys = pd.MultiIndex.from_frame(rows[KEY])
    stray = ~pd.MultiIndex.from_frame(hedges[KEY]).isin(keys)
    if stray.any():
        first = hedges[stray].iloc[0]
        raise BadInputError(
            _DOING, f"a hedge of {first['symbol']} on {first['date']:%Y-%m-%d} hedges nothing", "drop it"
        )
    net = hedges["pnl"] - hedges["fee"] - hedges["slippage"]
    return net.groupby([hedges[c].to_numpy() for c in KEY]).sum().reindex(keys)


def _reasons(table: pd.DataFrame, hedge: pd.Series) -> list[str]:
    hedged, lost = hedge.notna().to_numpy(), (table["n_unmatched"] > 0).to_numpy()
    return [", ".join([NO_HEDGE] * (not h) + [UNMATCHED] * bool(u)) for h, u in zip(hedged, lost, strict=True)]


def _check(fills: pd.DataFrame, marks: pd.DataFrame) -> None:
    for name, frame, wanted in (("fills", fills, _FILLS), ("marks", marks, _MARKS)):
        if missing := [c for c in wanted if c not in frame.columns]:
            raise BadInputError(_DOING, f"the {name} have no column {', '.join(missing)}", "pass every declared column")
    if strange := sorted({str(s) for s in fills["side"]} - set(SIGN)):
        raise BadInputError(_DOING, f"a side is {strange[0]!r}", "write buy or sell")
    numbers = fills[["quantity", "price", "fee"]].to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all() or (numbers[:, :2] <= 0.0).any() or (numbers[:, 2] < 0.0).any():
        raise BadInputError(
            _DOING, "a quantity, price or fee is no positive number", "leave out orders that did not fill"
        )
    of_marks, of_fills = _numbered(marks, fills)
    if pd.Index(of_marks).has_duplicates:
        twice = marks.loc[marks.duplicated(KEY)].iloc[0]
        raise BadInputError(
            _DOING, f"{twice['symbol']} has two marks on {twice['date']:%Y-%m-%d}", "pass one per session"
        )
    held_before = marks["position_before"].to_numpy() != 0
    is_used = (marks["position"].to_numpy() != 0) | held_before | np.isin(of_marks, of_fills)
    no_price, none_before = (marks[name].isna().to_numpy() for name in ("price", "price_before"))
    unpriced = marks.loc[(no_price & is_used) | (none_before & held_before), KEY]
    stray = fills.loc[~np.isin(of_fills, of_marks), KEY]
    for row in pd.concat([unpriced, stray]).head(1).itertuples():
        saw = f"{row.symbol} has no mark on {row.date:%Y-%m-%d}"
        raise BadInputError(_DOING, saw, "pass a closing price of every symbol held or traded")
