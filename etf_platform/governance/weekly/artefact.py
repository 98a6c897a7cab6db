"""One artefact of the weekly pack: its envelope, where its files lie, writing and reading them.

The same inputs give the same bytes, except for `generated_at_utc`; a file whose content has not changed is left as it
is, time included. Not here: what an artefact says (its own module), Markdown (`reports.weekly`).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.units.event import canonical
from etf_platform.governance.folders import sha256
from etf_platform.governance.weekly import signed

SCHEMA_VERSION = 1
TIME = "generated_at_utc"


@dataclass(frozen=True)
class Source:
    """What an artefact was made from: a file or a table.

    Attributes
    ----------
    path : str
        Path below the home, or lake address.
    sha256 : str
        Of the file, or of the rows that were read of a table (`rows_digest`): rows that come later change nothing.
    as_of : str
        Newest date of its content, ISO; empty without one.
    """

    path: str
    sha256: str
    as_of: str = ""


@dataclass(frozen=True)
class Artefact:
    """What one document of a week says.

    Attributes
    ----------
    name : str
        File name without suffix, e.g. `operating_audit`.
    week : str
        ISO week, `YYYY-Www`.
    status : str
        PASS, WARN, FAIL or BLOCKED; sign-off pack and close gate have states of their own.
    reason : str
        Why it is not PASS; empty otherwise.
    body : mapping
        JSON values in the order in which they are written; no NaN.
    inputs : sequence of Source
    commit : str
        Of the code; empty when unknown.
    is_dirty : bool or None
    """

    name: str
    week: str
    status: str
    reason: str
    body: Mapping[str, Any]
    inputs: Sequence[Source] = ()
    commit: str = ""
    is_dirty: bool | None = None

    def document(self, now: dt.datetime) -> dict[str, Any]:
        """The JSON document."""
        return {
            "schema_version": SCHEMA_VERSION,
            "week": self.week,
            TIME: now.astimezone(dt.UTC).isoformat(timespec="seconds"),
            "status": self.status,
            "reason": self.reason,
            "inputs": [vars(source) for source in sorted(self.inputs, key=lambda source: source.path)],
            "git": {"commit": self.commit, "dirty": self.is_dirty},
            **self.body,
        }


def week_of(day: dt.date) -> str:
    """ISO week of a day, `YYYY-Www`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(week: str) -> dt.date:
    """First day of an ISO week.

    Raises
    ------
    BadInputError
        Not of the form `YYYY-Www`, or no such week.
    """
    try:
        year, _, number = week.partition("-W")
        return dt.date.fromisocalendar(int(year), int(number), 1)
    except ValueError as error:
        raise BadInputError("reading an ISO week", f"{week!r}", "write it as 2024-W45") from error


def folder(reports: Path, week: str) -> Path:
    """Where the artefacts of a week lie."""
    return reports / "governance" / week


def source_of(path: Path, home: Path, as_of: str = "") -> Source:
    """A file as an input, by its digest; that of an artefact leaves out its time, so that two homes agree.

    Raises
    ------
    FileNotFoundError
        It does not exist.
    """
    return Source(path.relative_to(home).as_posix(), _digest(path), as_of)


def write(where: Path, artefact: Artefact, markdown: str, now: dt.datetime) -> bool:
    """Write `<name>.json` and `<name>.md`, each whole or not at all; False when nothing had to change.

    `markdown` is text of the document without its time, so that the same document gives the same text.

    Raises
    ------
    SignedFileError
        People have signed one of the files, and it would change.
    """
    document = artefact.document(now)
    earlier = read(where, artefact.name)
    if earlier is not None and _timeless(earlier) == _timeless(document):
        document[TIME] = earlier[TIME]
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    where.mkdir(parents=True, exist_ok=True)
    texts = {where / f"{artefact.name}.json": text, where / f"{artefact.name}.md": markdown}
    changed = {path: wanted for path, wanted in texts.items() if _differs(path, wanted)}
    signed.refuse(where, [path.name for path in changed])
    for path, wanted in changed.items():
        replace_file(path, wanted)
    return bool(changed)


def read(where: Path, name: str) -> dict[str, Any] | None:
    """The JSON document of an artefact; None when it was not written.

    Raises
    ------
    StorageError
        The file is no JSON document.
    """
    path = where / f"{name}.json"
    if not path.exists():
        return None
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StorageError(f"reading {path}", f"no JSON: {error}", "remove the file and make it again") from error
    return document


def _timeless(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != TIME}


def replace_file(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _digest(path: Path) -> str:
    if path.suffix == ".json":
        document = read(path.parent, path.stem)
        if isinstance(document, dict) and TIME in document:
            return hashlib.sha256(canonical(_timeless(document)).encode()).hexdigest()
    return sha256(path)
