"""Simulated rows kept on disk: a world of the simulator never changes, so it is drawn once a year and not once a day.

A file holds everything up to the end of a calendar year and is named after all that its rows depend on: settings,
facts, sessions and the code of this layer. Rows after the asked-for end are never given. Files may be removed at any
time.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from etf_platform import __version__
from etf_platform.core.config.models import Instrument, SampleSource
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.sources.sample import simulate


def kept_world(
    folder: Path,
    source: SampleSource,
    name: str,
    symbols: Sequence[str],
    instruments: Mapping[str, Instrument],
    sessions: Sessions,
    end: DateLike,
) -> pd.DataFrame:
    """As `sample.simulate`, the same bits, from `folder` when it has been drawn before.

    Raises
    ------
    BadInputError, CalendarEndError
        As `sample.simulate`. A folder that cannot be read or written only costs time.
    """
    sessions.between(source.start, end)
    until = min(day(f"{day(end).year}-12-31"), sessions.known_until)
    path = folder / f"{_digest(source, name, symbols, instruments, sessions, until)}.arrow"
    try:
        rows = _kept(path)
    except (OSError, pa.ArrowInvalid):
        rows = simulate(source, name, symbols, instruments, sessions, until)
        _keep(path, rows)
    return rows[rows["date"] <= day(end)].reset_index(drop=True)


def _digest(
    source: SampleSource,
    name: str,
    symbols: Sequence[str],
    instruments: Mapping[str, Instrument],
    sessions: Sessions,
    until: pd.Timestamp,
) -> str:
    wanted = sorted(set(symbols))
    facts = [source.model_dump_json(), name, f"{until:%Y-%m-%d}", *wanted]
    facts += [instruments[symbol].model_dump_json() for symbol in wanted if symbol in instruments]
    known = sessions.index[sessions.index <= until].to_numpy().tobytes()
    return hashlib.sha256("|".join([*facts, _code()]).encode() + known).hexdigest()[:24]


@functools.cache
def _code() -> str:
    """Version of the package and digest of this layer's files: another simulator is another world."""
    files = sorted(Path(__file__).resolve().parents[1].rglob("*.py"))
    bodies = hashlib.sha256(b"|".join(path.read_bytes() for path in files)).hexdigest()
    return f"{__version__}/{pd.__version__}/{bodies}"


def _kept(path: Path) -> pd.DataFrame:
    """Mapped, not decoded: uncompressed columns are read at the speed of memory."""
    with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as stored:
        return stored.read_all().to_pandas(use_threads=False)


def _keep(path: Path, rows: pd.DataFrame) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(rows, preserve_index=False).combine_chunks()
        with pa.OSFile(str(partial), "wb") as file, pa.ipc.new_file(file, table.schema) as stored:
            stored.write_table(table)
        partial.replace(path)
