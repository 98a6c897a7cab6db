"""Bars of all stocks, range by range: rows judged, and adjustment factors carried on from what is known before.

A range alone and the same days inside a longer one give the same rows, bit for bit: everything that reaches over the
range's start stands in `Before`. Not here: reading rows (`market.sources`), storing them (`orchestration`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from etf_platform.market.calendar import Sessions
from etf_platform.market.codes import lookup
from etf_platform.market.validate import EXCHANGE, Tolerance, broken_counts, validate

LAST = ("symbol", "date", "close", "adj_factor")
# Refusals that hide no move: a misdated row is filed under the next session, where the stock may have a bar of its own,
# and without a trade the price stays.
UNMOVED = ("non_session", "future_date", "zero_volume")

Reader = Callable[[date, date], pd.DataFrame]


def _nothing() -> pd.DataFrame:
    kinds = {"symbol": "str", "date": "datetime64[ns]", "close": "float64", "adj_factor": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in LAST})


@dataclass(frozen=True, eq=False)
class Before:
    """What is known of the stocks before a range.

    Attributes
    ----------
    last : DataFrame
        Last accepted bar of every stock, columns `LAST`.
    refused : mapping of symbol to Timestamp
        Last session under which a row of the stock was refused that may hide a move (see `UNMOVED`).
    broken : mapping of symbol to int
        Broken rows so far: `prior_breaks` of `market.validate`.
    """

    last: pd.DataFrame = field(default_factory=_nothing)
    refused: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    broken: Mapping[str, int] = field(default_factory=dict)

    def after(self, bars: pd.DataFrame, quarantine: pd.DataFrame) -> "Before":
        """What is known after further BARS and QUARANTINE rows, all of them later."""
        both = pd.concat([self.last, bars.sort_values("date", kind="stable")[list(LAST)]], ignore_index=True)
        counts = broken_counts(quarantine)
        return Before(
            both.drop_duplicates("symbol", keep="last").reset_index(drop=True),
            {**self.refused, **last_refused(quarantine)},
            {s: self.broken.get(s, 0) + counts.get(s, 0) for s in {*self.broken, *counts}},
        )


@dataclass(frozen=True, eq=False)
class StockBars:
    """BARS and QUARANTINE of a range, identical repetitions dropped, and symbols of the source that are no stocks."""

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    n_identical: int
    strangers: tuple[str, ...]


def last_refused(quarantine: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Last session of every symbol under which a QUARANTINE row is filed that may hide a move (see `UNMOVED`)."""
    counted = quarantine[~quarantine["rule"].isin(UNMOVED)]
    return {str(symbol): last for symbol, last in counted.groupby("symbol")["date"].max().items()}


def load_stocks(
    read: Reader,
    sessions: Sessions,
    first: date,
    end: date,
    before: Before | None = None,
    has_factor: bool = False,
    max_broken_rows: int = 3,
    tolerance: Tolerance = EXCHANGE,
) -> Iterable[StockBars]:
    """Read and judge [first, end] calendar year by calendar year, so that memory holds one year of rows.

    Parameters
    ----------
    read : callable
        `read(start, end)` gives the raw rows (`market.sources.ROW_COLUMNS`) dated in the range.
    sessions : Sessions
    first, end : date
    before : Before, optional
        What is known before `first`; without it `first` is where every stock begins.
    has_factor : bool
        The rows bring their own `adj_factor`; else it is chained: see `chained`.
    max_broken_rows : int
        See `market.validate.Tolerance`.
    tolerance : Tolerance

    Raises
    ------
    SourceError, BadInputError
        From `read`.
    CalendarEndError
        `end` lies beyond the calendar.
    """
    sessions.between(end, end)
    known = before or Before()
    rule = Tolerance(**{**vars(tolerance), "max_broken_rows": max_broken_rows})
    for start, last in years(first, end):
        found = _judged(read(start, last), sessions, known, has_factor, rule, last)
        yield found
        known = known.after(found.bars, found.quarantine)


def years(first: date, end: date) -> list[tuple[date, date]]:
    """[first, end] cut at the ends of calendar years."""
    return [
        (max(first, date(year, 1, 1)), min(end, date(year, 12, 31)))
        for year in range(first.year, end.year + 1)
        if first <= end
    ]


def _judged(
    rows: pd.DataFrame, sessions: Sessions, before: Before, has_factor: bool, tolerance: Tolerance, end: date
) -> StockBars:
    listed = {symbol: is_stock(symbol) for symbol in rows["symbol"].unique()}
    ours = rows[rows["symbol"].map(listed).astype(bool)].reset_index(drop=True)
    verdict = validate(ours, sessions, {}, before.broken, tolerance, end)
    bars = verdict.bars
    if not has_factor:
        bars = bars.assign(adj_factor=chained(bars, verdict.quarantine, before))
    strangers = tuple(sorted(str(symbol) for symbol, is_ours in listed.items() if not is_ours))
    return StockBars(bars, verdict.quarantine, verdict.n_identical, strangers)


def is_stock(symbol: object) -> bool:
    """Whether the code table has a stock of a mainland exchange under this symbol; B shares it has not."""
    found = lookup(symbol) if isinstance(symbol, str) else None
    return found is not None and found.kind == "stock" and found.exchange in ("SH", "SZ", "BJ")


def chained(bars: pd.DataFrame, quarantine: pd.DataFrame, before: Before) -> np.ndarray:
    """Adjustment factor of each row: the running product of close before / prev_close over accepted bars.

    `prev_close` is the exchange's ex-rights reference, so the step is 1 but on ex-rights days. It is also 1 on a first
    bar, where prev_close is unknown, and where a row that may hide a move was refused between two bars: there the move
    and an ex-rights cut cannot be told apart, and keeping the move is the smaller error.

    Parameters
    ----------
    bars : DataFrame of n rows
        BARS of one range, unique in date and symbol.
    quarantine : DataFrame
        QUARANTINE of the same range.
    before : Before
        What is known before the range.

    Returns
    -------
    ndarray of shape (n,)
        Multiplied in the order of dates from the value before the range on, so that cutting a range changes no bit.
    """
    if bars.empty:
        return np.empty(0)
    symbol, names = pd.factorize(bars["symbol"])
    order = np.lexsort((bars["date"].to_numpy(), symbol))
    at = symbol[order]
    is_first = np.append(True, at[1:] != at[:-1])
    known = before.last.set_index("symbol").reindex(names)
    closes = _shifted(bars["close"].to_numpy()[order], is_first, known["close"].to_numpy()[at])
    with np.errstate(divide="ignore", invalid="ignore"):
        step = closes / bars["prev_close"].to_numpy()[order]
    gap = _follows_refusal(bars, quarantine, before).to_numpy()[order]
    step = np.where(np.isfinite(step) & (step > 0) & ~gap, step, 1.0)
    factor = known["adj_factor"].fillna(1.0).to_numpy()[at]
    step = np.where(is_first, factor * step, step)
    product = np.empty(len(bars))
    product[order] = pd.Series(step).groupby(at).cumprod().to_numpy()
    return product


def _shifted(values: np.ndarray, is_first: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.where(is_first, before, np.append(np.nan, values[:-1]))


def _follows_refusal(bars: pd.DataFrame, quarantine: pd.DataFrame, before: Before) -> pd.Series:
    """Whether a row that may hide a move was refused after the stock's last bar and before this one."""
    follows = pd.Series(False, index=bars.index)
    counted = quarantine.loc[~quarantine["rule"].isin(UNMOVED), ["symbol", "date"]]
    kept = pd.DataFrame({"symbol": list(before.refused), "date": list(before.refused.values())})
    refused = pd.concat([kept.astype(counted.dtypes.to_dict()), counted]).drop_duplicates()
    if refused.empty:
        return follows
    last = before.last[["symbol", "date"]]
    ours = pd.concat([last, bars.loc[bars["symbol"].isin(refused["symbol"]), ["symbol", "date"]]])
    ours = ours[ours["symbol"].isin(refused["symbol"])].assign(row=lambda f: f.index, is_new=lambda f: True)
    ours["is_new"] = np.arange(len(ours)) >= int(last["symbol"].isin(refused["symbol"]).sum())
    ours = ours.sort_values(["date"], kind="stable")
    ours["previous"] = ours.groupby("symbol")["date"].shift()
    refused = refused.rename(columns={"date": "refused"}).sort_values("refused")
    both = pd.merge_asof(
        ours, refused, left_on="date", right_on="refused", by="symbol", direction="backward", allow_exact_matches=False
    )
    hit = both[both["is_new"] & (both["refused"] > both["previous"])]
    follows.loc[hit["row"]] = True
    return follows
