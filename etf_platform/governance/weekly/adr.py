"""Decision records `adr/NNNN-title.md`: parts that are generated, and text of people that stays.

Every generated part stands between two comments; the first holds a digest of what was generated. Making the record
again replaces a part only between its comments, and a part that somebody has written into stays below the new one. Once
a person has signed the record (`adr_signed`) nothing but its status changes. Not here: files, the ledger.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units.event import ADR_WRITTEN, MANUAL_DONE, RELEASE_ROLLED_BACK, Event
from etf_platform.governance.ledger import counted
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.manual import ITEMS
from etf_platform.governance.weekly.pack import Pack

NAME = "adr"
STATUSES = ("proposed", "accepted", "superseded", "rolled-back")
_PART = re.compile(
    r"<!-- generated (?P<name>[a-z_]+) (?P<digest>[0-9a-f]{12}) -->\n(?P<text>.*?)<!-- end (?P=name) -->\n", re.DOTALL
)


@dataclass(frozen=True)
class Record:
    """A decision record as the ledger knows it.

    Attributes
    ----------
    number : int
    week, title : str
    supersedes : int
        Number of the record that this one replaces; 0 for none.
    releases : tuple of str
        Releases that it is about.
    status : str
        One of `STATUSES`.
    """

    number: int
    week: str
    title: str
    supersedes: int = 0
    releases: tuple[str, ...] = ()
    status: str = "proposed"

    @property
    def file(self) -> str:
        """File name, `NNNN-title.md`."""
        return f"{self.number:04d}-{slug(self.title)}.md"


def slug(title: str) -> str:
    """A title as part of a file name: letters of any script and digits in lower case, joined by hyphens."""
    return "-".join(re.findall(r"\w+", title.lower().replace("_", " "))) or "decision"


def records(events: Iterable[Event], config: GovernanceConfig) -> list[Record]:
    """All records in the order of their numbers, with the status that follows from later events."""
    known: list[Record] = []
    signed: set[int] = set()
    fallen: set[str] = set()
    for event in counted(config, (e for e in events if e.kind in (ADR_WRITTEN, MANUAL_DONE, RELEASE_ROLLED_BACK))):
        if event.kind == ADR_WRITTEN:
            known.append(_record(event))
        elif event.kind == RELEASE_ROLLED_BACK:
            fallen.add(event.subject)
        elif event.payload.get("item") == "adr_signed":
            signed.add(int(event.payload.get("adr", 0)))
    replaced = {record.supersedes for record in known}
    return [_judged(record, signed, replaced, fallen) for record in sorted(known, key=lambda each: each.number)]


def of_week(known: Sequence[Record], week: str, title: str = "") -> Record | None:
    """The latest record of a week, or that of a title; None when there is none."""
    found = [record for record in known if record.week == week and title in ("", record.title)]
    return found[-1] if found else None


def is_signed(record: Record, events: Iterable[Event], config: GovernanceConfig) -> bool:
    """Whether a person has signed the record: its generated parts stay as they are from then on."""
    done = (e for e in events if e.kind == MANUAL_DONE and e.payload.get("item") == "adr_signed")
    return any(int(event.payload.get("adr", 0)) == record.number for event in counted(config, done))


def written(record: Record, by: str) -> Event:
    """The event that gives a record its number."""
    payload = {
        "number": record.number,
        "title": record.title,
        "supersedes": record.supersedes,
        "releases": list(record.releases),
    }
    return Event(f"{ADR_WRITTEN}/{record.number:04d}", ADR_WRITTEN, record.week, by, payload)


def build(pack: Pack, record: Record, changes: int = 10) -> Artefact:
    """What the generated parts say, as a document of the week; its state is that of the canary checklist."""
    canary = pack.documents.get("canary_checklist") or {}
    audit = pack.documents.get("operating_audit") or {}
    body = {
        "number": record.number,
        "title": record.title,
        "file": f"adr/{record.file}",
        "adr_status": record.status,
        "supersedes": record.supersedes,
        "decision": str(canary.get("recommendation") or "HOLD"),
        "reasons": list(canary.get("blockers", ())),
        "releases": list(record.releases),
        "evidence": [_evidence(pack, name) for name in sorted(pack.documents)],
        "rollback_baseline": dict(canary.get("rollback_baseline") or {"reference": "", "source": ""}),
        "risk_findings": list(audit.get("risk_exceptions") or ()),
        "warnings": list(canary.get("warnings", ())),
        "recent_changes": list((audit.get("change_log") or {}).get("entries") or ())[:changes],
        "follow_up": [task for task in audit.get("incomplete_tasks") or () if task not in ITEMS.values()],
    }
    return pack.artefact(NAME, pack.state("canary_checklist"), body)


def merged(existing: str, head: str, parts: Mapping[str, str], is_signed: bool = False) -> str:
    """The text of a record after it was generated again.

    Parameters
    ----------
    existing : str
        Text of the file; empty for a new one.
    head : str
        Title and status, the first part, named `head`.
    parts : mapping of str to str
        Name -> text of every generated part, in order; each text ends with a line break.
    is_signed : bool
        Only the head may change.
    """
    wanted = {"head": head, **parts}
    if not existing:
        return "\n".join(_part(name, text) for name, text in wanted.items())
    found = {match["name"]: match for match in _PART.finditer(existing)}
    text, before = existing, ""
    for name, fresh in wanted.items():
        if name not in found:
            text = text if is_signed else _inserted(text, before, _part(name, fresh))
        elif not is_signed or name == "head":
            text = _replaced(text, name, fresh)
        before = name
    return text


def _replaced(text: str, name: str, fresh: str) -> str:
    """The part generated anew; what somebody wrote into the old one follows it."""
    match = next(found for found in _PART.finditer(text) if found["name"] == name)
    kept = "" if _digest(match["text"]) == match["digest"] else "\n" + match["text"]
    return text[: match.start()] + _part(name, fresh) + kept + text[match.end() :]


def _inserted(text: str, before: str, part: str) -> str:
    ends = {match["name"]: match.end() for match in _PART.finditer(text)}
    at = ends.get(before, len(text))
    return text[:at] + "\n" + part + text[at:]


def _part(name: str, text: str) -> str:
    return f"<!-- generated {name} {_digest(text)} -->\n{text}<!-- end {name} -->\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _record(event: Event) -> Record:
    payload = event.payload
    names = tuple(str(name) for name in payload.get("releases", ()))
    title, number = str(payload.get("title", "")), int(payload.get("number", 0))
    return Record(number, event.subject, title, int(payload.get("supersedes", 0)), names)


def _judged(record: Record, signed: set[int], replaced: set[int], fallen: set[str]) -> Record:
    status = "accepted" if record.number in signed else "proposed"
    if fallen & set(record.releases):
        status = "rolled-back"
    elif record.number in replaced:
        status = "superseded"
    names = (record.number, record.week, record.title, record.supersedes, record.releases)
    return Record(*names, status)


def _evidence(pack: Pack, name: str) -> dict[str, Any]:
    state, reason = pack.state(name)
    return {"document": name, "status": str(state), "reason": reason}
