"""Steps of the weekly pack that decide: canary checklist, decision record, decision log, form, sign-off pack.

Not here: what is decided (`governance.weekly`), reading and writing (`orchestration.weekly`).
"""

from collections.abc import Callable

from etf_platform.core.errors import BadInputError
from etf_platform.governance.weekly.artefact import week_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.weekly import closing, decision
from etf_platform.orchestration.weekly.documents import Published


def write_canary_checklist(platform: Platform, universe: str, window: Window) -> Outcome:
    """HOLD or PROCEED_CANARY for the week of the window's end."""
    return _written(platform, window, decision.canary)


def write_adr(platform: Platform, universe: str, window: Window) -> Outcome:
    """The draft of the week's decision record; text of people stays."""
    return _written(platform, window, decision.draft_adr)


def write_decision_log(platform: Platform, universe: str, window: Window) -> Outcome:
    """APPROVE_CANARY or HOLD_AND_REMEDIATE for the week of the window's end."""
    return _written(platform, window, decision.decide)


def write_manual_status(platform: Platform, universe: str, window: Window) -> Outcome:
    """The form of the week, filled only by sealed events of people."""
    return _written(platform, window, closing.form)


def write_signoff_pack(platform: Platform, universe: str, window: Window) -> Outcome:
    """Nine automatic checks, items, sign-offs."""
    return _written(platform, window, closing.sign_off_pack)


def _written(platform: Platform, window: Window, make: Callable[[Platform, str], Published]) -> Outcome:
    if window.end is None:
        raise BadInputError("writing the weekly pack", "no session is named", "run a partition")
    done = make(platform, week_of(window.end))
    said = ("recommendation", "decision")
    facts = {
        "week": done.document["week"],
        "state": done.document["status"],
        "reason": done.document["reason"] or "none",
        **{name: done.document[name] for name in said if name in done.document},
        "file": str(done.path),
    }
    return Outcome(facts={**facts, "kept": done.kept} if done.kept else facts)
