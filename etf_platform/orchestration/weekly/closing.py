"""Closing a week: the form, the sign-off pack and the close gate from files and ledger, and the events people seal.

Not here: asking people for secrets (`cli.gov_weekly`), the decision before (`decision`).
"""

import datetime as dt
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError
from etf_platform.core.units.event import Event
from etf_platform.governance.weekly import adr, canary_checklist, decision_log, manual, signed, signoff_pack
from etf_platform.governance.weekly.artefact import monday_of, read
from etf_platform.governance.weekly.pack import EVIDENCE
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.weekly.decision import adr_records
from etf_platform.orchestration.weekly.documents import Published, pack_of, publish, where_of, window_of
from etf_platform.orchestration.weekly.signatures import manual_of


def form(platform: Platform, week: str) -> Published:
    """Write the form of a week as far as people have signed it; an empty one before."""
    from etf_platform.reports.weekly.manual_status import markdown

    state, changed = manual_of(platform, week)
    pack = pack_of(platform, week, (canary_checklist.NAME, decision_log.NAME))
    return publish(platform, manual.build(pack, state, changed), markdown)


def sign_off_pack(platform: Platform, week: str) -> Published:
    """Write the sign-off pack of a week."""
    from etf_platform.reports.weekly.signoff_pack import markdown

    state, changed = manual_of(platform, week)
    names = (*EVIDENCE, canary_checklist.NAME, adr.NAME, decision_log.NAME)
    return publish(platform, signoff_pack.build(pack_of(platform, week, names), state, changed), markdown)


def close_gate(platform: Platform, week: str) -> Published:
    """Write the close gate of a week; once it is ready nothing of the week changes any more."""
    from etf_platform.reports.weekly.close_gate import markdown

    pack = pack_of(platform, week, (signoff_pack.NAME, decision_log.NAME))
    done = publish(platform, signoff_pack.gate(pack), markdown)
    if done.document.get("status") == signoff_pack.READY:
        state, _ = manual_of(platform, week)
        where = where_of(platform, week)
        signed.keep(where, signed.files_of(where, with_alive=True), {mark.by for mark in state.signoffs.values()})
    return done


def signoff_event(platform: Platform, week: str, role: str, by: str) -> Event:
    """The event by which a person signs a week off, over the bytes of its files; to be sealed.

    Raises
    ------
    BadInputError
        No decision was written for the week.
    GateClosedError
        As `manual.signoff`.
    """
    where, (state, _) = where_of(platform, week), manual_of(platform, week)
    if read(where, decision_log.NAME) is None:
        raise BadInputError(f"signing off {week}", "no decision was written for it", "run the weekly chain first")
    session = window_of(platform, week).end or monday_of(week)
    return manual.signoff(platform.config.governance, state, week, role, by, signed.files_of(where), session)


def item_event(platform: Platform, week: str, item: str, by: str) -> Event:
    """The event by which a person says that an item is done; that of the record names it. To be sealed.

    Raises
    ------
    BadInputError
        There is no such item, or no record to sign.
    """
    session = window_of(platform, week).end or monday_of(week)
    about: dict[str, Any] = {}
    if item == "adr_signed":
        record = adr.of_week(adr_records(platform), week)
        if record is None:
            raise BadInputError(f"signing the decision record of {week}", "there is none", "run `gov adr-draft` first")
        about = {"adr": record.number, "file": record.file}
    return manual.item_done(platform.config.governance, week, item, by, session, about)


def reopen(platform: Platform, week: str, reason: str, by: str) -> Path | None:
    """Take a signed week up again: copies of what was signed are set aside, sign-offs no longer count.

    Returns
    -------
    Path or None
        Folder of the copies; None when nothing was signed.
    """
    from etf_platform.orchestration.releasing import record

    manual_of(platform, week)
    aside = signed.set_aside(where_of(platform, week))
    if aside is not None:
        record(platform, [manual.reopened(week, by, reason, dt.datetime.now(dt.UTC))])
    return aside
