"""The decision side of a week from files and ledger: canary checklist, decision record, decision log.

Reads documents, events and configuration, has the document built, writes it; decides nothing itself. Not here: the
evidence (the gatherers beside this one), closing a week (`closing`).
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from etf_platform.core.units.event import ADR_WRITTEN, DECISION_MADE, Event
from etf_platform.governance import freezes, releases, stages
from etf_platform.governance.weekly import adr, canary_checklist, decision_log
from etf_platform.governance.weekly.artefact import monday_of, replace_file
from etf_platform.governance.weekly.pack import EVIDENCE
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.weekly.documents import Published, pack_of, publish

BY = "system:weekly"


def canary(platform: Platform, week: str) -> Published:
    """Write the canary checklist of a week."""
    from etf_platform.reports.weekly.canary_checklist import markdown

    config, known = platform.config.governance, events_until(platform, week)
    pack = pack_of(platform, week, EVIDENCE)
    facts = canary_checklist.Facts(pack, config, _frozen(known, platform), _candidates(known, platform))
    return publish(platform, canary_checklist.build(facts), markdown)


def draft_adr(platform: Platform, week: str, title: str = "", supersedes: int = 0) -> Published:
    """Write the decision record of a week; a new one gets the next number.

    A title of its own makes a record of its own; without one it is the latest record of the week.
    """
    from etf_platform.reports.weekly import adr as text
    from etf_platform.storage.events import events

    pack = pack_of(platform, week, (*EVIDENCE, canary_checklist.NAME))
    record = _numbered(platform, week, title, supersedes)
    artefact = adr.build(pack, record)
    document = artefact.document(dt.datetime.now(dt.UTC))
    path = adr_folder(platform) / record.file
    existing = path.read_text(encoding="utf-8") if path.exists() else ""
    is_signed = adr.is_signed(record, events(platform.ops), platform.config.governance)
    merged = adr.merged(existing, text.head(document), text.parts(document), is_signed)
    if merged != existing:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, merged)
    return publish(platform, artefact, text.markdown)


def adr_folder(platform: Platform) -> Path:
    """Folder of the decision records of all weeks."""
    return platform.workspace.reports / "governance" / "adr"


def decide(platform: Platform, week: str) -> Published:
    """Write the decision log of a week."""
    from etf_platform.reports.weekly.decision_log import markdown

    known = events_until(platform, week)
    pack = pack_of(platform, week, (*EVIDENCE, canary_checklist.NAME, adr.NAME))
    acts = [_act(event) for event in known if event.kind == DECISION_MADE and event.as_of in pack.about.sessions]
    return publish(platform, decision_log.build(pack, _frozen(known, platform), acts), markdown)


def events_until(platform: Platform, week: str) -> list[Event]:
    """Events about the week or an earlier day: what was known at its end."""
    from etf_platform.storage.events import events

    return events(platform.ops, until=monday_of(week) + dt.timedelta(days=6))


def adr_records(platform: Platform) -> list[adr.Record]:
    """All decision records that the ledger knows."""
    from etf_platform.storage.events import events

    return adr.records(events(platform.ops), platform.config.governance)


def _numbered(platform: Platform, week: str, title: str, supersedes: int) -> adr.Record:
    """The record of a week and title, with a number taken in one transaction when it is new."""
    from etf_platform.storage import events as ledger
    from etf_platform.storage.outbox import transaction

    found = adr.of_week(adr_records(platform), week, title)
    if found is not None:
        return found
    names = tuple(one.release for one in _candidates(events_until(platform, week), platform))
    with transaction(platform.ops) as connection:
        known = adr.records(ledger.read(connection, {ADR_WRITTEN}), platform.config.governance)
        number = max([*(record.number for record in known), *_numbers(adr_folder(platform))], default=0) + 1
        record = adr.Record(number, week, title or f"{week} canary decision", supersedes, names)
        ledger.append(connection, [adr.written(record, BY)])
    return record


def _numbers(where: Path) -> list[int]:
    return [int(path.name[:4]) for path in where.glob("[0-9][0-9][0-9][0-9]-*.md")]


def _frozen(known: Sequence[Event], platform: Platform) -> list[str]:
    open_ = freezes.fold(known, platform.config.governance).open
    return [f"{one.subject} since {one.since}: {one.reason}" for one in open_]


def _candidates(known: Sequence[Event], platform: Platform) -> list[canary_checklist.Candidate]:
    """Releases that rise, or wait for their start."""
    config = platform.config.governance
    found = []
    for strategy in releases.strategies(known):
        state = releases.fold(known, config, strategy)
        shares = stages.exposures(state, config)
        for name, release in state.by_id.items():
            if not release.is_rolled_back and (not release.stage or release == state.candidate):
                found.append(canary_checklist.Candidate(strategy, name, release.stage, shares.get(name, 0.0)))
    return found


def _act(event: Event) -> str:
    said = event.payload
    return (
        f"{event.as_of} {event.subject}: {said.get('decision', '')} by {event.by} ({said.get('decision_reason', '')})"
    )
