"""Fills and quotes to fills that know their mids, and to day-end marks.

Here: joins in time, per symbol and session. Not here: reading files (`market.sources`), the parts (`fills`).
"""

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.risk.attribution.fills import SIGN

_DOING = "finding mids for fills"
CLOSE = "close"


def with_mids(fills: pd.DataFrame, quotes: pd.DataFrame, horizon: str) -> pd.DataFrame:
    """The fills with `date`, `mid` and `mid_after`.

    Parameters
    ----------
    fills : DataFrame
        `time`, `symbol` and whatever else; a column `mid` that is there already is kept (a feed that interleaves trades
        and quotes knows better than a clock which quote stood before a trade).
    quotes : DataFrame
        `time`, `symbol`, `bid`, `ask`, sorted by time; NaN or non-positive sides give no mid.
    horizon : str
        "close", or a time span such as "1s", "10s", "60s", "5min".

    Returns
    -------
    DataFrame
        In the order of `fills`. `mid`: last quote of the day at or before the fill; `mid_after`: last quote of the day
        at or before fill + horizon, so that a horizon beyond the last quote ends at the day-end mark. NaN where there
        is no such quote.

    Raises
    ------
    BadInputError
        The horizon is no positive time span, or times are not sorted.
    """
    span = _span(horizon)
    book = _mids(quotes)
    out = fills.assign(date=fills["time"].dt.normalize().astype("datetime64[ns]"))
    if "mid" not in out:
        out["mid"] = _as_of(out, out["time"], book)
    end = out["date"] + pd.Timedelta(days=1) - pd.Timedelta(nanoseconds=1)
    until = end if span is None else (out["time"] + span).where(out["time"] + span < end, end)
    return out.assign(mid_after=_as_of(out, until, book))


def marks_from_quotes(fills: pd.DataFrame, quotes: pd.DataFrame, source: str) -> pd.DataFrame:
    """Marks (as `fills.attribute_fills` takes them) of positions that begin flat and change by the fills alone.

    The mark is the last mid of a session; a session without a quote keeps the mark before. `fills` needs `date`,
    `symbol`, `side`, `quantity`. Splits between sessions are not known here: `growth` is 1.

    Raises
    ------
    InsufficientDataError
        A symbol has fills before it has any quote of the same session or an earlier one.
    """
    closing = _mids(quotes).groupby(["symbol", "date"])["mid"].last()
    signed = fills["side"].map(SIGN) * fills["quantity"]
    change = signed.groupby([fills["symbol"], fills["date"]]).sum()
    tables = [
        _marks(str(symbol), steps.droplevel(0), closing, fills["date"]) for symbol, steps in change.groupby(level=0)
    ]
    marks = pd.concat(tables, ignore_index=True)
    if (lost := marks["price"].isna() & (marks["position"] != 0)).any():
        first = marks[lost].iloc[0]
        saw = f"{first['symbol']} has no quote up to {first['date']:%Y-%m-%d}"
        raise InsufficientDataError(_DOING, saw, "pass quotes of every symbol that is traded")
    return marks.assign(source=source).sort_values(["date", "symbol"], ignore_index=True)


def _marks(symbol: str, steps: pd.Series, closing: pd.Series, days: pd.Series) -> pd.DataFrame:
    quoted = closing.loc[symbol] if symbol in closing.index.get_level_values(0) else _no_quotes()
    dates = pd.DatetimeIndex(sorted({*days[days >= steps.index[0]], *quoted.index[quoted.index >= steps.index[0]]}))
    position = steps.reindex(dates, fill_value=0.0).cumsum().to_numpy()
    price = quoted.reindex(quoted.index.union(dates)).ffill().reindex(dates).to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "date": dates,
            "symbol": symbol,
            "position_before": np.append(0.0, position[:-1]),
            "price_before": np.append(np.nan, price[:-1]),
            "growth": 1.0,
            "position": position,
            "price": price,
        }
    )


def _no_quotes() -> pd.Series:
    return pd.Series(dtype=np.float64, index=pd.DatetimeIndex([]))


def _span(horizon: str) -> pd.Timedelta | None:
    if horizon == CLOSE:
        return None
    try:
        span = pd.Timedelta(horizon)
    except ValueError as error:
        raise BadInputError(_DOING, f"the horizon is {horizon!r}", "write close, or a span such as 10s") from error
    if not span > pd.Timedelta(0):
        raise BadInputError(_DOING, f"the horizon is {horizon!r}", "pass a positive span")
    return span


def _mids(quotes: pd.DataFrame) -> pd.DataFrame:
    if not quotes["time"].is_monotonic_increasing:
        raise BadInputError(_DOING, "the times of the quotes are not sorted", "sort them by time")
    both = (quotes["bid"] > 0) & (quotes["ask"] > 0)
    mid = ((quotes["bid"] + quotes["ask"]) / 2.0)[both]
    time = quotes["time"][both].astype("datetime64[ns]")
    return pd.DataFrame({"time": time, "date": time.dt.normalize(), "symbol": quotes["symbol"][both], "mid": mid})


def _as_of(fills: pd.DataFrame, when: pd.Series, book: pd.DataFrame) -> np.ndarray:
    """Last mid of the symbol and session at or before `when`, in the order of `fills`."""
    wanted = pd.DataFrame({"time": when.astype("datetime64[ns]"), "date": fills["date"], "symbol": fills["symbol"]})
    wanted = wanted.assign(place=np.arange(len(wanted))).sort_values("time", kind="stable")
    found = pd.merge_asof(wanted, book, on="time", by=["date", "symbol"])
    return found.sort_values("place")["mid"].to_numpy(dtype=np.float64)
