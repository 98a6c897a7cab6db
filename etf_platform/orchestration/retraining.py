"""Closes a retrain that was opened: the model is fitted anew on the data up to the session, audited, put on record.

The retrain does not put its model in force. It opens nothing and lifts nothing: releases stay frozen while a retrain is
open, whoever signs, and after it was closed until a person lifts the freeze by a signed record (`governance.freezes`).
The specification says both, "releases frozen until closed" and "lifted only by a signed record"; a freeze that a job
could end by closing its own retrain would be the system signing for itself. The refit becomes a release the way every
change does: a person writes its factors into `factors.yaml`, proposes, and two people sign. Not here: the fit
(`refits`), the audit's limits (`drift.audit`), when a retrain is opened (`governance.reactions`), Dagster.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etf_platform.core.units.event import RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.drift.audit import Audit, audit, record_of
from etf_platform.governance.ledger import by_system
from etf_platform.orchestration.experiments import About, registered
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.refits import HOLDOUT, Refit

BY = by_system("retrain")


@dataclass(frozen=True)
class Retrained:
    """What a retrain ended in.

    Attributes
    ----------
    experiment_id : str
        The refit on record; `etf-platform exp reproduce` does it again.
    audit : Audit
        The refitted model against the baseline: `stable`, `major` or `unknown`.
    model, baseline : mapping
        `selected`, `factors`, `error`, `improvement` of the refit and of what it was set against.
    closed : Event
        As recorded.
    """

    experiment_id: str
    audit: Audit
    model: dict[str, Any]
    baseline: dict[str, Any]
    closed: Event


def retrain(platform: Platform, strategy: str, session: dt.date) -> Retrained | None:
    """Do the open retrain of a pool as of a session and close it; None when none is open.

    The refit sees no row later than `session`. It is registered first; the closing, with its letter, is one
    transaction. Killed in between, the retrain is still open and is done again. The baseline of the audit is the model
    of the last closed retrain; the first one is set against the factors in force, judged on the same sessions.

    Raises
    ------
    BadInputError
        The strategy is no pool, or its panel does not reach the session.
    InsufficientDataError
        Too little history; the retrain stays open, and releases stay frozen.
    """
    from etf_platform.orchestration.releasing import record
    from etf_platform.storage.events import events

    known = events(platform.ops, {RETRAIN_OPENED, RETRAIN_CLOSED}, strategy)
    opened = open_retrain(known, strategy)
    if opened is None:
        return None
    asked = {"pool": strategy, "as_of": session.isoformat(), "holdout": HOLDOUT}
    why = f"{opened.payload.get('reason', 'it was asked for')} (opened {opened.as_of})"
    done = registered(platform, "rotation_retrain", asked, About(hypothesis=why))
    closed = _closing(platform, done.findings.value, done.experiment_id, opened, session, known)
    recorded = record(platform, [closed])
    verdict = Audit(closed.payload["audit"]["level"], closed.payload["audit"]["reason"])
    model, baseline = closed.payload["model"], closed.payload["baseline"]
    return Retrained(done.experiment_id, verdict, model, baseline, recorded[0] if recorded else closed)


def open_retrain(events: Sequence[Event], strategy: str) -> Event | None:
    """The opening of the retrain that is not closed; None when there is none."""
    about = [e for e in events if e.subject == strategy and e.kind in (RETRAIN_OPENED, RETRAIN_CLOSED)]
    return about[-1] if about and about[-1].kind == RETRAIN_OPENED else None


def _closing(
    platform: Platform, fit: Refit, experiment_id: str, opened: Event, session: dt.date, known: Sequence[Event]
) -> Event:
    from etf_platform.orchestration.experiment_kinds import plain

    models = [event.payload["model"] for event in known if event.kind == RETRAIN_CLOSED and "model" in event.payload]
    before, after = fit.in_force, fit.refitted
    model = plain(after.record)
    baseline = models[-1] if models else plain(before.record)
    verdict = audit(record_of(model), record_of(baseline), platform.config.governance.drift)
    payload = {
        "opened": opened.key,
        "experiment": experiment_id,
        "model": model,
        "baseline": baseline,
        "audit": {"level": verdict.level, "reason": verdict.reason},
        "out_of_sample": plain(
            {"refit": fit.refitted.sharpe_out_of_sample, "in_force": fit.in_force.sharpe_out_of_sample}
        ),
        "text": f"Retrain of {opened.subject} closed, audit {verdict.level}; releases stay frozen until somebody signs",
    }
    key = opened.key.replace(RETRAIN_OPENED, RETRAIN_CLOSED, 1)
    return Event(key, RETRAIN_CLOSED, opened.subject, BY, payload, session)
