"""Documents of a week in their folder: reading them as a pack, writing one, leaving a signed one as it is.

Not here: what they say (`governance.weekly`), which are made when (`decision`, `closing`), tables (`week`).
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError, SignedFileError
from etf_platform.governance.weekly.artefact import Artefact, folder, monday_of, read, write
from etf_platform.governance.weekly.pack import Pack
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.weekly.signatures import manual_of
from etf_platform.orchestration.weekly.week import Week, document_of

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


def named(platform: Platform, week: str) -> Week:
    """The week of a name."""
    return Week(platform, Window(None, monday_of(week) + dt.timedelta(days=6), f"gov-{week}"))


def window_of(platform: Platform, week: str) -> Window:
    """The sessions of a week.

    Raises
    ------
    BadInputError
        It has none.
    """
    days = named(platform, week).sessions
    if not days:
        raise BadInputError(f"reading the week {week}", "no session lies in it", "give a week with sessions")
    return Window(days[0], days[-1], f"gov-{week}")


def pack_of(platform: Platform, week: str, names: Iterable[str]) -> Pack:
    """The week with those of the named documents that were written."""
    about = named(platform, week)
    found = {name: document for name in names if (document := about.document(name)) is not None}
    return Pack(about.about(), found)


def publish(platform: Platform, artefact: Artefact, markdown: Markdown, where: Path | None = None) -> Published:
    """Write a document with its text; one that people have signed is left as it is."""
    manual_of(platform, artefact.week)  # a list of signed files that somebody removed is there again
    where = where_of(platform, artefact.week) if where is None else where
    path = where / f"{artefact.name}.json"
    kept = ""
    try:
        write(where, artefact, markdown(document_of(artefact)), dt.datetime.now(dt.UTC))
    except SignedFileError as error:
        kept = str(error)
    return Published(artefact.name, read(where, artefact.name) or {}, path, kept)
