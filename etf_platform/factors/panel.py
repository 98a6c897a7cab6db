"""Bars of a pool -> its factor panel: one float32 column per distinct computation.

Prices enter as price * adj_factor, all four together; a price level is divided by the adj_factor of its own row, so
it is in traded prices of that row and never moves with later dividends. The row dated *t* knows the close of *t* and
nothing later.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

import etf_platform.factors
from etf_platform.core.catalog import collect
from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.core.places import ordered_places
from etf_platform.core.units.factor import Factor
from etf_platform.factors.aliases import panel_columns
from etf_platform.factors.compute import Failure, compute_arrays
from etf_platform.factors.jit import compiled
from etf_platform.factors.kernels.storing import as_stored
from etf_platform.factors.series import PRICES, required_columns

BATCH = 32
"""Columns held in float64 at a time; the panel itself is float32."""


@dataclass(frozen=True)
class PanelResult:
    """A panel and the factors that could not be computed (their columns are NaN).

    Attributes
    ----------
    frame : DataFrame
        `date`, `symbol`, then float32 factor columns; sorted by date, symbol.
    failures : tuple of Failure
        Column and error text.
    """

    frame: pd.DataFrame
    failures: tuple[Failure, ...]

    @property
    def failed_share(self) -> float:
        """Share of the asked-for columns that failed, as a fraction."""
        return len(self.failures) / max(1, self.frame.shape[1] - 2)


@functools.cache
def known_factors() -> dict[str, Factor]:
    """Every factor of this package by column name."""
    units = collect(etf_platform.factors, Factor)
    return {unit.column: unit for unit in units}


def find_factors(columns: Sequence[str] | None = None) -> tuple[Factor, ...]:
    """Factors by column name; None takes the stored panel's columns.

    Raises
    ------
    UnknownUnitError
        A column that no kernel computes.
    """
    wanted = panel_columns() if columns is None else tuple(columns)
    unknown = [name for name in wanted if name not in known_factors()]
    if unknown:
        raise UnknownUnitError(
            "choosing panel columns",
            f"no factor is called {', '.join(map(repr, unknown))}",
            "list them with `etf-platform factors list`",
        )
    return tuple(known_factors()[name] for name in wanted)


def compute_panel(
    bars: pd.DataFrame,
    columns: Sequence[str] | None = None,
    threads: int = 2,
    extra: Sequence[Factor] = (),
    since: date | None = None,
) -> PanelResult:
    """Factor panel of one pool.

    Parameters
    ----------
    bars : DataFrame
        `date, symbol, open, high, low, close, volume, amount, adj_factor` from the first bar on, in any row order;
        prices as traded in CNY, volume in shares, amount in CNY.
    columns : sequence of str, optional
        Panel columns; default all of the 314 ids, their normalised forms and the optional set.
    threads : int
        Threads over symbols.
    extra : sequence of Factor
        Further factors, not part of this package.
    since : date, optional
        Give only the rows from this day on. They are the same bits as those of the whole panel: recursive factors are
        run from the first bar, the others over the bars that their windows reach.

    Returns
    -------
    PanelResult
        NaN until a factor's window is full and where it is not defined. Failures are reported, not raised.

    Raises
    ------
    BadInputError
        A bar column is missing, or a (date, symbol) stands twice.
    UnknownUnitError
        An unknown column.
    """
    factors = (*find_factors(columns), *extra)
    names = required_columns(tuple({name for factor in factors for name in factor.inputs}))
    order, offsets = _layout(bars, names)
    whole = _Bars.of(bars, names, order, offsets, since)
    block = np.empty((len(factors), whole.wanted.size), dtype=np.float32)
    failures: list[Failure] = []
    for rows, part in _parts(factors, whole, since):
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            chosen = [factors[row] for row in batch]
            values, failed = compute_arrays(chosen, part.offsets, part.series, threads)
            failures.extend(failed)
            part.store(chosen, values, block, np.array(batch))
    panel = pd.DataFrame(block.T, columns=[factor.column for factor in factors], copy=False)
    keys = bars[["date", "symbol"]].take(order[whole.wanted]).reset_index(drop=True)
    return PanelResult(pd.concat([keys, panel], axis=1), tuple(failures))


@dataclass(frozen=True)
class _Bars:
    """Rows by symbol, then date, of which some are wanted.

    Attributes
    ----------
    offsets : ndarray of int
        First row of every symbol, and the number of rows.
    series : dict of str to ndarray
        Contiguous float64; prices times `adjustment`.
    adjustment : ndarray
    wanted : ndarray of int
        Rows to give, in stored order: by date, then symbol.
    """

    offsets: np.ndarray
    series: dict[str, np.ndarray]
    adjustment: np.ndarray
    wanted: np.ndarray

    @classmethod
    def of(
        cls, bars: pd.DataFrame, names: Sequence[str], order: np.ndarray, offsets: np.ndarray, since: date | None
    ) -> "_Bars":
        """The named columns of the bars in this order."""
        days = bars["date"].to_numpy()[order]
        rows = np.arange(days.size) if since is None else np.flatnonzero(days >= np.datetime64(since))
        wanted = rows[np.argsort(days[rows], kind="stable")]
        adjustment = bars["adj_factor"].to_numpy(np.float64)[order]
        series = {name: bars[name].to_numpy(np.float64)[order] for name in names}
        prices = {name: series[name] * adjustment for name in PRICES if name in series}
        return cls(offsets, series | prices, adjustment, wanted)

    def last(self, reach: int) -> "_Bars":
        """The wanted rows, which end every symbol, and `reach - 1` before them."""
        is_wanted = np.zeros(self.adjustment.size, dtype=bool)
        is_wanted[self.wanted] = True
        counts = np.add.reduceat(is_wanted, self.offsets[:-1]) if self.wanted.size else np.zeros(0, dtype=np.intp)
        ends = self.offsets[1:][counts > 0]
        starts = np.maximum(self.offsets[:-1][counts > 0], ends - counts[counts > 0] - reach + 1)
        rows = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)])
        offsets = np.concatenate(([0], np.cumsum(ends - starts)))
        series = {name: column[rows] for name, column in self.series.items()}
        return _Bars(offsets, series, self.adjustment[rows], np.searchsorted(rows, self.wanted))

    def store(self, factors: Sequence[Factor], values: np.ndarray, block: np.ndarray, lines: np.ndarray) -> None:
        """Wanted values into these lines: price levels in traded prices of their row, infinities as NaN, float32."""
        is_price = np.array([factor.scale == "price" for factor in factors])
        compiled(as_stored)(values, is_price, self.adjustment, self.wanted, block, lines)


def _parts(factors: Sequence[Factor], whole: _Bars, since: date | None) -> list[tuple[list[int], _Bars]]:
    """Positions of factors, and the bars that they are computed from."""
    recursive = [row for row, factor in enumerate(factors) if factor.is_recursive]
    others = [row for row, factor in enumerate(factors) if not factor.is_recursive]
    if since is None or not whole.wanted.size or not others:
        return [(list(range(len(factors))), whole)]
    return [(recursive, whole), (others, whole.last(max(factors[row].warmup for row in others)))]


def _layout(bars: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the bars by symbol and date, and the first of every symbol among them."""
    missing = [name for name in ("date", "symbol", "adj_factor", *names) if name not in bars.columns]
    if missing:
        raise BadInputError("computing a factor panel", f"the bars lack {', '.join(missing)}", "pass complete bars")
    order, codes = ordered_places(bars["symbol"], bars["date"])
    days, is_next = bars["date"].to_numpy()[order], np.diff(codes) != 0
    repeated = np.flatnonzero(~is_next & (days[1:] == days[:-1]))
    if repeated.size:
        twice = bars.iloc[order[repeated[0] + 1]][["symbol", "date"]].tolist()
        raise BadInputError("computing a factor panel", f"{twice} stands twice", "remove the duplicate at its source")
    return order, np.concatenate(([0], np.flatnonzero(is_next) + 1, [order.size] * (order.size > 0)))
