"""Entries of a Delta log on a local disk: one small JSON file per commit, put there under its number or not at all.

An entry that only names other files takes delta-rs 3 ms (it loads the table again), and us a tenth of that. Commits
that create a table or change its schema, and object stores, stay with delta-rs (`delta`). The format is that of the
Delta protocol (https://github.com/delta-io/delta/blob/master/PROTOCOL.md), reader version 1 and writer version 2.
"""

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deltalake.transaction import AddAction
from pyarrow import fs as pafs

from etf_platform.storage.delta import YEAR, LostRaceError, Part, Place, translated

FOLDER = "_delta_log"
WRITER = "etf_platform"


def is_local(place: Place) -> bool:
    """Whether the log lies on a disk of this machine, where a hard link never replaces a file."""
    return isinstance(place.files, pafs.LocalFileSystem)


def entry(place: Place, version: int) -> str:
    """Path of the entry of a version."""
    return f"{place.path}/{FOLDER}/{version:020d}.json"


def read_entry(place: Place, version: int) -> bytes:
    """The entry of a version; OSError where there is none."""
    return Path(entry(place, version)).read_bytes()


def append(
    place: Place, version: int, files: Sequence[AddAction], gone: Iterable[Part], note: Mapping[str, str]
) -> bytes:
    """Commit a version: these files come, those go; returns the entry as written.

    Raises
    ------
    LostRaceError
        The version exists: somebody else committed first.
    StorageError
        Disk full, no rights; nothing was committed.
    """
    now = int(time.time() * 1000)
    actions = [_commit_info(now, bool(files and files[0].partition_values), note)]
    actions += [_add(file) for file in files]
    actions += [_remove(part, now) for part in gone]
    text = "\n".join(json.dumps(action, separators=(",", ":")) for action in actions).encode()
    _put(place, version, text)
    return text


def _put(place: Place, version: int, text: bytes) -> None:
    """A complete file appears under the number, or none: what is written first has a name that no reader looks for."""
    target = Path(entry(place, version))
    partial = target.with_name(f"_commit_{uuid.uuid4()}.json.tmp")
    with translated(f"writing {place.address}"):
        try:
            partial.write_bytes(text)
            os.link(partial, target)
        except FileExistsError as error:
            raise LostRaceError from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()


def _commit_info(now: int, partitioned: bool, note: Mapping[str, str]) -> dict[str, Any]:
    how = {"mode": "Overwrite", "partitionBy": json.dumps([YEAR] if partitioned else [])}
    head = {"timestamp": now, "operation": "WRITE", "operationParameters": how, "engineInfo": WRITER}
    return {"commitInfo": head | dict(note)}


def _add(file: AddAction) -> dict[str, Any]:
    return {
        "add": {
            "path": file.path,
            "partitionValues": file.partition_values,
            "size": file.size,
            "modificationTime": file.modification_time,
            "dataChange": True,
            "stats": file.stats,
        }
    }


def _remove(part: Part, now: int) -> dict[str, Any]:
    return {
        "remove": {
            "path": part.path,
            "dataChange": True,
            "deletionTimestamp": now,
            "extendedFileMetadata": True,
            "partitionValues": {} if part.year is None else {YEAR: str(part.year)},
            "size": part.size,
        }
    }
