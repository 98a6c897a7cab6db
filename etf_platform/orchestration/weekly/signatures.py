"""What people have signed in a week, from the ledger. Not here: signing (`cli.gov_signing`), the fold (`manual`)."""

from etf_platform.governance.weekly import manual, signed
from etf_platform.governance.weekly.artefact import folder
from etf_platform.governance.weekly.manual import Manual
from etf_platform.orchestration.platform import Platform


def manual_of(platform: Platform, week: str) -> tuple[Manual, list[str]]:
    """What people have signed in a week, and the signed files that have changed since.

    The list `signed.json` is written again where it is missing and the files are as they were signed.
    """
    from etf_platform.storage.events import events

    where = folder(platform.workspace.reports, week)
    state = manual.fold(events(platform.ops, kinds=manual.KINDS, subject=week), platform.config.governance, week)
    changed = signed.changed(where, state.files)
    if state.files and not changed:
        signed.keep(where, state.files, {mark.by for mark in state.signoffs.values()})
    return state, changed
