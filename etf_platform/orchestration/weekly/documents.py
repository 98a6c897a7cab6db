"""Documents of a week in their folder: reading them as a pack, writing one, leaving a signed one as it is.

Not here: what they say (`governance.weekly`), which are made when (`decision`, `closing`).
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError, SignedFileError
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Artefact, Source, folder, monday_of, read, source_of, write
from etf_platform.governance.weekly.pack import Pack
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Window

Markdown = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Published:
    """A document as it stands in its file; `kept` says why a signed one was left as it is, else empty."""

    name: str
    document: Mapping[str, Any]
    path: Path
    kept: str = ""


def where_of(platform: Platform, week: str) -> Path:
    """Folder of a week's documents."""
    return folder(platform.workspace.reports, week)


def sessions_of(platform: Platform, week: str) -> tuple[dt.date, ...]:
    """Sessions of the Shanghai exchange in an ISO week."""
    monday = monday_of(week)
    days = platform.sessions(PORTFOLIO).between(monday, monday + dt.timedelta(days=6))
    return tuple(day.date() for day in days)


def window_of(platform: Platform, week: str) -> Window:
    """The sessions of a week.

    Raises
    ------
    BadInputError
        It has none.
    """
    days = sessions_of(platform, week)
    if not days:
        raise BadInputError(f"reading the week {week}", "no session lies in it", "give a week with sessions")
    return Window(days[0], days[-1], f"gov-{week}")


def pack_of(platform: Platform, week: str, names: Iterable[str]) -> Pack:
    """The week with those of the named documents that were written."""
    where, home = where_of(platform, week), platform.workspace.home
    found = {name: document for name in names if (document := read(where, name)) is not None}
    sources = [source_of(where / f"{name}.json", home, _as_of(found[name])) for name in found]
    return Pack(about_of(platform, week, sources), found)


def about_of(platform: Platform, week: str, inputs: Sequence[Source] = ()) -> About:
    """Week, sessions and code."""
    version, _, commit = code_commit().partition("+")
    dirty = commit.endswith(".dirty") if commit else None
    return About(week, sessions_of(platform, week), tuple(inputs), commit.removesuffix(".dirty") or version, dirty)


def publish(platform: Platform, artefact: Artefact, markdown: Markdown, where: Path | None = None) -> Published:
    """Write a document with its text; one that people have signed is left as it is."""
    now = dt.datetime.now(dt.UTC)
    where = where_of(platform, artefact.week) if where is None else where
    path = where / f"{artefact.name}.json"
    try:
        write(where, artefact, markdown(artefact.document(now)), now)
    except SignedFileError as error:
        return Published(artefact.name, read(where, artefact.name) or {}, path, str(error))
    return Published(artefact.name, read(where, artefact.name) or {}, path)


def _as_of(document: Mapping[str, Any]) -> str:
    """Newest day that a document's inputs reach."""
    return max((str(source.get("as_of") or "") for source in document.get("inputs", ())), default="")
