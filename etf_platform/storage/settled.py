"""Figures of the years of a table that are over, worked out once: files never change and no name is used twice.

A figure is a function of some rows whose values over all rows follow from those of disjoint parts. Here it is given for
two parts: the years before the last one, from a file beside the lake when the same files have been looked at before,
and the last year, always from its rows. Kept files may be removed at any time. What is counted is not known here.
"""

import contextlib
import datetime as dt
import hashlib
import inspect
import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.places import codes_of
from etf_platform.core.schema import Table
from etf_platform.storage.lake import Lake
from etf_platform.storage.span import Day, Span

Arrays: TypeAlias = Mapping[str, np.ndarray]
Figure: TypeAlias = Callable[[pd.DataFrame], Arrays]
REMEMBERED = 12
_last: OrderedDict[tuple[str, ...], Arrays] = OrderedDict()


def figures(
    lake: Lake, table: Table, universe: str, columns: Sequence[str], figure: Figure, folder: Path, end: Day = None
) -> tuple[list[Arrays], int]:
    """The figure over the years that are over and over the last year up to `end`, and the version that was read.

    Parameters
    ----------
    columns : sequence of str
        Columns that the figure is handed.
    figure : callable
        A module's function, DataFrame -> arrays by name.
    folder : Path
        Where figures are kept; a folder that cannot be read or written only costs time.

    Returns
    -------
    (list of one or two mappings, int)

    Raises
    ------
    MissingTableError
        Never written.
    """
    over, first, version = settled(lake, table, universe, columns, figure, folder, end)
    now = [p.path for p in lake.listing(table, universe).parts if first is not None and p.year == first.year]
    key = (figure.__name__, *columns, _code(figure), *now, str(end))
    last = _remembered(key, lambda: figure(lake.read(table, universe, first, end, columns, version=version)))
    return [last] if over is None else [over, last], version


def settled(
    lake: Lake, table: Table, universe: str, columns: Sequence[str], figure: Figure, folder: Path, end: Day = None
) -> tuple[Arrays | None, dt.date | None, int]:
    """The figure over the years before the last one up to `end` (None where there is only one), the first day of that
    last one, and the version; parameters and errors as of `figures`.
    """
    listing = lake.listing(table, universe)
    wanted = Span.of_read(table, None, end)
    years = sorted({p.year for p in listing.parts if p.year and p.rows and wanted.may_hold(p.year)})
    over = [p.path for p in listing.parts if p.year in years[:-1]]
    first = dt.date(years[-1], 1, 1) if years else None
    if not over:
        return None, first, listing.version
    name = _digest(figure.__name__, *columns)
    path = folder / table.address(universe) / f"{name}-{_digest(*over, _code(figure))}.npz"
    found = _kept(path)
    if found is None:
        until = dt.date(years[-2], 12, 31)
        found = _keep(path, figure(lake.read(table, universe, None, until, columns, version=listing.version)))
    return found, first, listing.version


def is_noted(path: Path, text: str) -> bool:
    """Whether this text was the last one noted here; a note that cannot be read says no."""
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def note(path: Path, text: str) -> None:
    """Note a text; a folder that cannot be written only costs time."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def rows_digest(*frames: pd.DataFrame) -> str:
    """Digest of the values of some frames, row by row in their order."""
    rows = hashlib.sha256()
    for frame in frames:
        rows.update(f"{list(frame.columns)} {len(frame)}".encode())
        for name in frame.columns:
            rows.update(_bytes_of(frame[name]))
    return rows.hexdigest()


def _bytes_of(column: pd.Series) -> bytes:
    """Numbers, days and flags as they lie in memory; of other values the distinct ones and which stands where."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufM":
        return column.to_numpy().tobytes()
    codes, found = codes_of(column)
    return repr([*map(str, found)]).encode() + codes.tobytes()


def _remembered(key: tuple[str, ...], work: Callable[[], Arrays]) -> Arrays:
    """The last year's figure of the same files: fuses of two tables ask for the same one within a run."""
    if key not in _last:
        while len(_last) >= REMEMBERED:
            _last.popitem(last=False)
        _last[key] = work()
    return _last[key]


def _code(figure: Figure) -> str:
    """Another way of counting is another figure."""
    module = inspect.getmodule(figure)
    return f"{np.__version__} {inspect.getsource(module if module is not None else figure)}"


def _digest(*texts: str) -> str:
    return hashlib.sha256("|".join(texts).encode()).hexdigest()[:24]


def _kept(path: Path) -> Arrays | None:
    try:
        with np.load(path) as stored:
            return dict(stored)
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def _keep(path: Path, arrays: Arrays) -> Arrays:
    """Store the arrays in place of what was kept for other files, and give them back."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        stale = set(path.parent.glob(f"{path.name.partition('-')[0]}-*.npz"))
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
        for old in stale - {path}:
            old.unlink(missing_ok=True)
    return arrays
