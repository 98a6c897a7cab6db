"""Arrays in, arrays out: runs factors over the symbols of a long layout, with a pool of threads.

Long layout: rows sorted by symbol, then date; symbol *s* holds rows `offsets[s]:offsets[s + 1]`. No frames, no names of
published ids, no rounding: float64 throughout.
"""

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.units.factor import Factor
from etf_platform.factors.jit import kernel_errors, over_symbols
from etf_platform.factors.series import BAR_COLUMNS, DERIVED, derive

CHUNK = 20_000
"""Rows per call of a kernel: 160 kB per series, inside a second-level cache, yet long enough to drown the call."""


@dataclass(frozen=True)
class Failure:
    """A factor that could not be computed; its column is NaN throughout."""

    column: str
    error: str


def compute_arrays(
    factors: Sequence[Factor],
    offsets: np.ndarray,
    bars: Mapping[str, np.ndarray],
    threads: int = 2,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, tuple[Failure, ...]]:
    """Values of every factor on every row.

    Parameters
    ----------
    factors : sequence of Factor
        What to compute, one row of the result each.
    offsets : ndarray of int, shape (n_symbols + 1,)
        First row of every symbol, and the number of rows.
    bars : mapping of str to ndarray of shape (n_rows,)
        Contiguous float64 series, prices already times `adj_factor`; only the needed columns.
    threads : int
        Kernels release the GIL; two threads halve the time on two cores.
    out : ndarray of shape (n_factors, n_rows), optional
        Written in place when given.

    Returns
    -------
    (ndarray of shape (n_factors, n_rows), tuple of Failure)
        NaN before a factor's warm-up and where it is not defined. A failed factor is NaN for all symbols.
    """
    values = np.empty((len(factors), int(offsets[-1]))) if out is None else out
    _require_series(factors)
    ready, failures = _compile(factors)
    chunks = _chunks(offsets)
    if len(chunks) == 1:  # starting threads would take longer than the kernels
        failures.update(_run(ready, chunks[0], bars, values))
    else:
        with ThreadPoolExecutor(threads) as pool:
            for failed in pool.map(lambda chunk: _run(ready, chunk, bars, values), chunks):
                failures.update(failed)
    for row, factor in enumerate(factors):
        if factor.column in failures:
            values[row] = np.nan
    return values, tuple(Failure(column, error) for column, error in failures.items())


def _require_series(factors: Sequence[Factor]) -> None:
    known = {*BAR_COLUMNS, *DERIVED}
    for factor in factors:
        if not known.issuperset(factor.inputs):
            raise UnknownUnitError(
                f"computing factor {factor.column}",
                f"it asks for {sorted(set(factor.inputs) - known)}",
                f"use series out of {', '.join(sorted(known))}",
            )


def _compile(factors: Sequence[Factor]) -> tuple[list[tuple[int, Factor]], dict[str, str]]:
    """Prepare each kernel once, before threads start; which rows can be computed, and why the others cannot."""
    ready, failures = [], {}
    for row, factor in enumerate(factors):
        try:
            over_symbols(factor.kernel, len(factor.inputs))
            ready.append((row, factor))
        except kernel_errors() as error:
            failures[factor.column] = _reason(error)
    return ready, failures


def _chunks(offsets: np.ndarray) -> list[np.ndarray]:
    """Offsets of consecutive symbols with about `CHUNK` rows together: few calls, and all series stay in the cache."""
    cuts = np.searchsorted(offsets, np.arange(CHUNK, offsets[-1], CHUNK))
    edges = np.unique([0, *cuts.tolist(), offsets.size - 1])
    return [offsets[a : b + 1] for a, b in itertools.pairwise(edges.tolist())]


def _run(
    ready: Sequence[tuple[int, Factor]], offsets: np.ndarray, bars: Mapping[str, np.ndarray], values: np.ndarray
) -> dict[str, str]:
    """All factors of a chunk of symbols; returns the failures."""
    start, stop = int(offsets[0]), int(offsets[-1])
    own = offsets - start
    rows = {name: column[start:stop] for name, column in bars.items()}
    series = {name: derive(name, rows, own) for name in {name for _, factor in ready for name in factor.inputs}}
    failures: dict[str, str] = {}
    for row, factor in ready:
        driver = over_symbols(factor.kernel, len(factor.inputs))
        inputs = [series[name] for name in factor.inputs]
        try:
            driver(own, factor.warmup, factor.args, values[row, start:stop], *inputs)
        except kernel_errors() as error:
            failures[factor.column] = _reason(error)
    return failures


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
