"""One week of one installation, as the gathering of its documents sees it: reads with dates, and the one way to write.

Reading remembers the digest of the rows and of the documents that were read, and the newest date in them: the inputs of
the document.
Nothing after the week's last session is read. Not here: what is read for which document (the other modules), what a
document says (`governance.weekly`).
"""

import datetime as dt
import hashlib
from functools import cached_property
from typing import Any

import pandas as pd

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.schema import Table
from etf_platform.core.units.event import Event
from etf_platform.governance.ledger import counted
from etf_platform.governance.weekly import artefact as pack
from etf_platform.governance.weekly import signed
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Artefact, Source
from etf_platform.governance.weekly.digests import rows_digest
from etf_platform.governance.weekly.manual import KINDS as MANUAL
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.orchestration.weekly.signatures import manual_of


class Week:
    """One week.

    Parameters
    ----------
    platform : Platform
    window : Window
        Its end names the week.

    Raises
    ------
    BadInputError
        The window has no end.
    """

    def __init__(self, platform: Platform, window: Window) -> None:
        if window.end is None:
            raise BadInputError("writing the weekly pack", "no week is named", "run a partition, or pass --week")
        self.platform = platform
        self.name = pack.week_of(window.end)
        self.monday = pack.monday_of(self.name)
        self.sunday = self.monday + dt.timedelta(days=6)
        self.where = pack.folder(platform.workspace.reports, self.name)
        self._tables = StepTables(platform, window)
        self._read: dict[tuple[str, str], str] = {}  # address and first day -> digest of the rows
        self._newest: dict[str, str] = {}
        self._sources: list[Source] = []

    @cached_property
    def sessions(self) -> tuple[dt.date, ...]:
        """Every session of the week at Shanghai."""
        days = self.platform.sessions(PORTFOLIO).between(self.monday, self.sunday)
        return tuple(day.date() for day in days)

    @property
    def last(self) -> dt.date:
        """Last session of the week; its Sunday in a week without one."""
        return self.sessions[-1] if self.sessions else self.sunday

    @property
    def limits(self) -> GovernanceConfig:
        """Limits that the week is judged by."""
        return self.platform.config.governance

    @property
    def pools(self) -> tuple[str, ...]:
        """Strategies that have a running account."""
        return tuple(self.platform.config.pools)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Active strategies: every pool, and all of them together."""
        return (*self.pools, PORTFOLIO)

    def rows(self, table: Table, universe: str, start: dt.date | None = None) -> pd.DataFrame:
        """Rows from `start` (default: Monday) to the week's last session; none when the table was never written."""
        found = self._tables.read_if_there(table, universe, end=self.last, start=start or self.monday)
        if found is None:
            return table.no_rows()
        newest = f"{found['date'].max():%Y-%m-%d}" if len(found) else ""
        address = table.address(universe)
        self._newest[address] = max(self._newest.get(address, ""), newest)
        self._read[address, str(start or self.monday)] = rows_digest(found)
        return found

    def document(self, name: str, week: str = "") -> dict[str, Any] | None:
        """A document of this week, or of another one; None when it was never written."""
        where = pack.folder(self.platform.workspace.reports, week or self.name)
        found = pack.read(where, name)
        if found is not None:
            home = self.platform.workspace.home
            self._sources.append(pack.source_of(where / f"{name}.json", home, str(found.get("as_of") or "")))
        return found

    def digest_of(self, name: str) -> str:
        """Digest of a document of this week, as inputs have it; empty when it was never written."""
        path = self.where / f"{name}.json"
        return pack.source_of(path, self.platform.workspace.home).sha256 if path.exists() else ""

    @property
    def before(self) -> str:
        """The week before."""
        return pack.week_of(self.monday - dt.timedelta(days=7))

    @cached_property
    def events(self) -> list[Event]:
        """Events that count, of sessions up to the week's end."""
        return self.events_until(self.sunday)

    def events_until(self, day: dt.date) -> list[Event]:
        """Events that count, of sessions up to a day."""
        from etf_platform.storage.events import events

        return counted(self.platform.config.governance, events(self.platform.ops, until=day))

    @cached_property
    def signed_items(self) -> list[Event]:
        """What people have signed about this week, whenever they did."""
        from etf_platform.storage.events import events

        return events(self.platform.ops, MANUAL, self.name)

    def about(self, with_inputs: bool = True) -> About:
        """Week, sessions, inputs read so far, code."""
        commit = code_commit()
        tables = [Source(address, self._digest(address), newest) for address, newest in self._newest.items()]
        inputs = (*tables, *dict.fromkeys(self._sources)) if with_inputs else ()
        return About(self.name, self.sessions, inputs, commit.removesuffix(".dirty"), commit.endswith(".dirty"))

    def _digest(self, address: str) -> str:
        """Of everything that was read of a table; of several readings the digest of their digests."""
        read = [digest for (of, _), digest in sorted(self._read.items()) if of == address]
        return read[0] if len(read) == 1 else hashlib.sha256("".join(read).encode()).hexdigest()

    def is_signed(self, name: str) -> bool:
        """Whether people have signed a document of this week: it is not made again."""
        manual_of(self.platform, self.name)  # a list of signed files that somebody removed is there again
        return f"{name}.json" in signed.kept(self.where)

    def write(self, artefact: Artefact, markdown: str) -> Outcome:
        """Write the document and tell what it says.

        Raises
        ------
        SignedFileError
            People have signed it, and it would change.
        """
        changed = pack.write(self.where, artefact, markdown, dt.datetime.now(dt.UTC))
        facts = {"week": self.name, "state": artefact.status, "reason": artefact.reason or "none", "written": changed}
        return self._tables.outcome(facts=facts)

    def left_alone(self, name: str) -> Outcome:
        """What a step tells of a signed document."""
        said = pack.read(self.where, name) or {}
        facts = {
            "week": self.name,
            "state": said.get("status", ""),
            "reason": "signed: left as it is",
            "written": False,
        }
        return Outcome(facts=facts)


def document_of(artefact: Artefact) -> dict[str, Any]:
    """The JSON document without a time: what Markdown is rendered from."""
    return artefact.document(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
