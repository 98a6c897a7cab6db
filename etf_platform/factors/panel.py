"""Bars of a pool -> its factor panel: one float32 column per distinct computation.

Prices enter as price * adj_factor, all four together; a price level is divided by the adj_factor of its own row, so
it is in traded prices of that row and never moves with later dividends. The row dated *t* knows the close of *t* and
nothing later.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import etf_platform.factors
from etf_platform.core.catalog import collect
from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.core.units.factor import Factor
from etf_platform.factors.aliases import panel_columns
from etf_platform.factors.compute import Failure, compute_arrays
from etf_platform.factors.series import BAR_COLUMNS, PRICES, required_columns

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
    bars: pd.DataFrame, columns: Sequence[str] | None = None, threads: int = 2, extra: Sequence[Factor] = ()
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
    ordered, offsets = _long(bars, factors)
    arrays = _adjusted(ordered, factors)
    rows = _Rows(ordered)
    block = np.empty((len(factors), len(ordered)), dtype=np.float32)
    failures: list[Failure] = []
    for start in range(0, len(factors), BATCH):
        batch = factors[start : start + BATCH]
        values, failed = compute_arrays(batch, offsets, arrays, threads)
        failures.extend(failed)
        for row, (factor, column) in enumerate(zip(batch, values, strict=True), start):
            block[row] = rows.stored(factor, column)
    panel = pd.DataFrame(block.T, columns=[factor.column for factor in factors], copy=False)
    return PanelResult(pd.concat([rows.keys(), panel], axis=1), tuple(failures))


class _Rows:
    """The stored order of the rows: by date, then symbol; computed by symbol, then date."""

    def __init__(self, ordered: pd.DataFrame) -> None:
        self.ordered = ordered
        self.adjustment = ordered["adj_factor"].to_numpy(np.float64)
        self.order = np.lexsort((np.arange(len(ordered)), ordered["date"].to_numpy()))

    def stored(self, factor: Factor, values: np.ndarray) -> np.ndarray:
        """Values as stored: price levels in traded prices of their row, infinities as NaN."""
        column = values / self.adjustment if factor.scale == "price" else values
        return np.where(np.isfinite(column), column, np.nan)[self.order]

    def keys(self) -> pd.DataFrame:
        return self.ordered[["date", "symbol"]].iloc[self.order].reset_index(drop=True)


def _long(bars: pd.DataFrame, factors: Sequence[Factor]) -> tuple[pd.DataFrame, np.ndarray]:
    """Bars sorted by symbol and date, and the first row of every symbol."""
    names = tuple({name for factor in factors for name in factor.inputs})
    needed = ["date", "symbol", "adj_factor", *required_columns(names)]
    missing = [name for name in needed if name not in bars.columns]
    if missing:
        raise BadInputError("computing a factor panel", f"the bars lack {', '.join(missing)}", "pass complete bars")
    ordered = bars[needed].sort_values(["symbol", "date"], kind="stable", ignore_index=True)
    if ordered.duplicated(["symbol", "date"]).any():
        twice = ordered.loc[ordered.duplicated(["symbol", "date"]), ["symbol", "date"]].iloc[0].tolist()
        raise BadInputError("computing a factor panel", f"{twice} stands twice", "remove the duplicate at its source")
    codes = ordered["symbol"].factorize()[0]
    return ordered, np.concatenate(([0], np.flatnonzero(np.diff(codes)) + 1, [len(ordered)] * (len(ordered) > 0)))


def _adjusted(ordered: pd.DataFrame, factors: Sequence[Factor]) -> dict[str, np.ndarray]:
    """Contiguous float64 series; prices times adj_factor."""
    adjustment = ordered["adj_factor"].to_numpy(np.float64)
    present = [name for name in BAR_COLUMNS if name in ordered.columns]
    series = {name: np.ascontiguousarray(ordered[name].to_numpy(np.float64)) for name in present}
    return {name: column * adjustment if name in PRICES else column for name, column in series.items()}
