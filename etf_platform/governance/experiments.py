"""The registry of experiments: every back-test, sweep and retrain that was ever run, as a fold over the ledger.

What was asked, on which versions of which tables, with which code, configuration and packages, and what came of it; an
event that breaks the order draft, running, reviewed, approved, released, rolled_back changes nothing. Not here: running
an experiment, or doing it again (`orchestration.experiments`); setting two side by side (`comparison`).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event, canonical
from etf_platform.governance.experiment_record import (
    Approval,
    Artifact,
    Conditions,
    Experiment,
    Plan,
    Results,
    digest,
)
from etf_platform.governance.ledger import by_system, counted
from etf_platform.storage import events as ledger
from etf_platform.storage import outbox

BY = by_system("experiments")
ZONE = ZoneInfo("Asia/Shanghai")  # the day in an id is the exchange's
ATTEMPTS = 20
KINDS = frozenset(kind for kind in kinds.KINDS if kind.startswith("experiment."))
FOLLOWING = frozenset({"running", "reviewed", "approved"})
_ID = re.compile(r"EXP-(\d{8})-(\d{3,})$")

# status that an event leads to, and from which statuses
_MOVES: Mapping[str, tuple[str, frozenset[str]]] = {
    kinds.EXPERIMENT_RUN: ("running", frozenset({"draft"})),
    kinds.EXPERIMENT_REVIEWED: ("reviewed", frozenset({"draft", "running", "reviewed"})),
    kinds.EXPERIMENT_APPROVED: ("approved", frozenset({"reviewed", "approved"})),
    kinds.EXPERIMENT_RELEASED: ("released", frozenset({"approved"})),
    kinds.EXPERIMENT_ROLLED_BACK: ("rolled_back", frozenset({"released"})),
    kinds.EXPERIMENT_REJECTED: ("rejected", frozenset({"draft", "running", "reviewed", "approved"})),
}


def record(
    engine: sa.Engine,
    plan: Plan,
    conditions: Conditions | None = None,
    results: Results | None = None,
    now: dt.datetime | None = None,
) -> str:
    """Give an experiment the next id of the day and record it, all in one transaction; a draft without results.

    Raises
    ------
    StorageError
        The ops database fails, or others took every id that was tried.
    """
    at = now or dt.datetime.now(dt.UTC)
    for _ in range(ATTEMPTS):
        try:
            with outbox.transaction(engine) as connection:
                taken = ledger.read(connection, {kinds.EXPERIMENT_CREATED})
                name = _next_id((event.subject for event in taken), at)
                ledger.append(connection, _events(name, plan, conditions, results), at)
            return name
        except StorageError as error:
            if not isinstance(error.__cause__, sa.exc.IntegrityError):
                raise
    raise StorageError("recording an experiment", f"{ATTEMPTS} ids were taken by others", "record it again")


def experiments(config: GovernanceConfig, events: Iterable[Event]) -> dict[str, Experiment]:
    """Id -> experiment, in the order of creation; only events that count (`governance.ledger`) are read."""
    found: dict[str, Experiment] = {}
    for event in counted(config, events):
        if event.kind == kinds.EXPERIMENT_CREATED:
            found.setdefault(event.subject, Experiment(event.subject, _plan(event.payload), event.recorded_at))
        elif event.kind in KINDS and event.subject in found:
            found[event.subject] = _after(found[event.subject], event)
    return found


def registry(config: GovernanceConfig, engine: sa.Engine) -> dict[str, Experiment]:
    """All experiments on record.

    Raises
    ------
    StorageError
        The ops database cannot be read.
    """
    return experiments(config, ledger.events(engine, KINDS))


def named(found: Mapping[str, Experiment], name: str) -> Experiment:
    """The experiment of this id.

    Raises
    ------
    BadInputError
        There is none.
    """
    if name not in found:
        raise BadInputError(
            f"looking up {name}", "there is no such experiment", "list them with `etf-platform exp list`"
        )
    return found[name]


def search(found: Iterable[Experiment], text: str) -> list[Experiment]:
    """Experiments in which every word of the text occurs somewhere: ids, plan, decision, notes, tables, status."""
    words = text.casefold().split()
    return [each for each in found if all(word in _haystack(each) for word in words)]


def trials(found: Iterable[Experiment], strategy_id: str) -> int:
    """Parameter sets ever tried for a strategy: what a deflated Sharpe ratio counts; repeated questions count once."""
    tried = {e.question: e.n_trials for e in found if e.plan.strategy_id == strategy_id}
    return sum(tried.values())


def spread_of_trials(found: Iterable[Experiment], strategy_id: str) -> tuple[int, float]:
    """Parameter sets ever tried for a strategy, and the variance (ddof 1) of their annual Sharpe ratios.

    0 while fewer than two ratios are known. Ratios of the same question count once.
    """
    mine = {e.question: e for e in found if e.plan.strategy_id == strategy_id and e.results}
    parts = [e.results.metrics.get("trial_sharpes") or {} for e in mine.values() if e.results]
    known = [part for part in parts if part.get("n")]
    n = sum(part["n"] for part in known)
    if n < 2:
        return trials(mine.values(), strategy_id), 0.0
    mean = sum(part["n"] * part["mean"] for part in known) / n
    squares = sum(part["n"] * (part["variance"] + (part["mean"] - mean) ** 2) for part in known)
    return trials(mine.values(), strategy_id), squares / (n - 1)


def noted(experiment: Experiment, text: str, author: str = "") -> Event:
    """A remark. It is not signed: the author is who was said to have written it."""
    said = {"text": text, "author": author}
    return _act(kinds.EXPERIMENT_NOTED, experiment, said, f"noted/{digest(canonical([said, len(experiment.notes)]))}")


def reviewed(experiment: Experiment, decision: str, author: str = "") -> Event:
    """Somebody looked at the results and decided what follows."""
    return _act(kinds.EXPERIMENT_REVIEWED, experiment, {"decision": decision, "author": author}, "reviewed", decision)


def rejected(experiment: Experiment, decision: str, author: str = "") -> Event:
    """It leads nowhere, and why."""
    return _act(kinds.EXPERIMENT_REJECTED, experiment, {"decision": decision, "author": author}, "rejected", decision)


def approval(experiment: Experiment, name: str, role: str) -> Event:
    """A person's approval of exactly these results; to be sealed by that person (`people.sealed`)."""
    made = [asdict(each) for each in experiment.results.artifacts] if experiment.results else []
    payload = {"params_hash": experiment.params_hash, "artifacts": made}
    key = f"experiment/{experiment.experiment_id}/approved/{role}/{name}"
    return Event(key, kinds.EXPERIMENT_APPROVED, experiment.experiment_id, name, payload, role=role)


def _act(kind: str, experiment: Experiment, payload: Mapping[str, Any], what: str, *of: str) -> Event:
    suffix = f"/{digest(canonical([*of, payload]))[:12]}" if of else ""
    name = experiment.experiment_id
    return Event(f"experiment/{name}/{what}{suffix}", kind, name, BY, payload)


def _next_id(taken: Iterable[str], at: dt.datetime) -> str:
    day = f"{at.astimezone(ZONE):%Y%m%d}"
    matches = (_ID.match(name) for name in taken)
    numbers = [int(match[2]) for match in matches if match and match[1] == day]
    return f"EXP-{day}-{max(numbers, default=0) + 1:03d}"


def _events(name: str, plan: Plan, conditions: Conditions | None, results: Results | None) -> list[Event]:
    created = Event(f"experiment/{name}/created", kinds.EXPERIMENT_CREATED, name, BY, {**asdict(plan)})
    if conditions is None or results is None:
        return [created]
    payload = {"conditions": asdict(conditions), "results": asdict(results)}
    return [created, Event(f"experiment/{name}/run", kinds.EXPERIMENT_RUN, name, BY, payload)]


def _plan(payload: Mapping[str, Any]) -> Plan:
    return Plan(**{f.name: payload[f.name] for f in fields(Plan) if f.name in payload})


def _after(before: Experiment, event: Event) -> Experiment:
    if event.kind == kinds.EXPERIMENT_NOTED:
        return replace(before, notes=(*before.notes, _remark(event)))
    status, allowed = _MOVES[event.kind]
    if event.kind == kinds.EXPERIMENT_RELEASED and event.payload.get("release"):
        allowed = FOLLOWING  # two people have signed the release, whoever looked at the experiment
    if before.status not in allowed:
        return before
    if event.kind == kinds.EXPERIMENT_APPROVED and not _is_about(before, event):
        return before
    return replace(before, status=status, **_learned(before, event))


def _learned(before: Experiment, event: Event) -> dict[str, Any]:
    if event.kind == kinds.EXPERIMENT_RUN:
        made = event.payload["results"]
        artifacts = tuple(Artifact(**each) for each in made["artifacts"])
        results = Results(**{**made, "artifacts": artifacts})
        return {"conditions": Conditions(**event.payload["conditions"]), "results": results}
    if event.kind == kinds.EXPERIMENT_APPROVED:
        return {"approvals": (*before.approvals, Approval(event.role, event.by, event.recorded_at))}
    return {"decision": str(event.payload.get("decision") or before.decision)}


def _is_about(experiment: Experiment, event: Event) -> bool:
    """Whether a person approved the results that are on record."""
    wanted = approval(experiment, event.by, event.role).payload
    return canonical(event.payload) == canonical(wanted)


def _remark(event: Event) -> str:
    author = f" ({event.payload['author']})" if event.payload.get("author") else ""
    return f"{event.recorded_at:%Y-%m-%d}{author}: {event.payload['text']}" if event.recorded_at else ""


def _haystack(experiment: Experiment) -> str:
    return canonical(experiment.record).casefold()
