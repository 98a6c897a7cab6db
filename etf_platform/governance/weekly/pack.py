"""The documents of a week as its decisions read them: what each says, and BLOCKED where one is missing.

Six findings on the evidence are named here once, for the canary checklist and the sign-off pack alike. Not here:
making the documents (their modules), reading files (`orchestration.weekly`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged
from etf_platform.governance.weekly.artefact import Artefact

Document = Mapping[str, Any]
EVIDENCE = (
    "performance_baseline",
    "latency_benchmark",
    "kpi_snapshot",
    "risk_exceptions",
    "change_rollback_record",
    "operating_audit",
    "pnl_attribution",
    "live_deviation_snapshot",
    "consistency_replay",
    "drift_report",
)
RISK = "风险例外为零 risk exceptions = 0"
CONSISTENCY = "一致性例外为零 consistency exceptions = 0"
NAMED = 5  # exceptions that a reason names
DELIVERABLES = ("kpi_snapshot", "risk_exceptions", "pnl_attribution", "change_rollback_record", "adr")


@dataclass(frozen=True)
class Check:
    """One automatic check: key, label, state, reason (empty for PASS), the count behind it where there is one."""

    key: str
    label: str
    state: State
    reason: str = ""
    count: int | None = None

    def row(self) -> dict[str, Any]:
        """As JSON, without the count."""
        return {key: value for key, value in asdict(self).items() if key != "count"}


@dataclass(frozen=True)
class Pack:
    """One week with its documents; a name that is not in `documents` was never written."""

    about: About
    documents: Mapping[str, Document] = field(default_factory=dict)

    def artefact(self, name: str, judged: Judged, body: Mapping[str, Any]) -> Artefact:
        """An artefact of this week that was made from the documents."""
        return self.about.artefact(name, judged, body)

    def state(self, name: str) -> Judged:
        """State and reason of a document; BLOCKED when it is missing, of another week, or in no state."""
        document = self.documents.get(name)
        if document is None:
            return State.BLOCKED, f"{name} is missing"
        if document.get("week") != self.about.week:
            return State.BLOCKED, f"stale: {name} is of {document.get('week') or 'no week'}"
        said = str(document.get("status", ""))
        if said not in State.__members__:
            return State.BLOCKED, f"{name} has no state"
        return State(said), str(document.get("reason", ""))

    def outdated(self, name: str, of: Iterable[str] = EVIDENCE) -> list[str]:
        """Documents that were made again, with another content, after this one had read them."""
        now = {source.path.rpartition("/")[2]: source.sha256 for source in self.about.inputs}
        read = (self.documents.get(name) or {}).get("inputs", ())
        then = {str(source["path"]).rpartition("/")[2]: source["sha256"] for source in read}
        files = {f"{each}.json": each for each in of}
        return [files[file] for file in files if file in now and file in then and now[file] != then[file]]

    def number(self, name: str, group: str, key: str) -> int | None:
        """A count of a document; None when it is not there."""
        value = (self.documents.get(name) or {}).get(group, {}).get(key)
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, name: str, key: str) -> str:
        """A text of a document; empty when it is not there."""
        return str((self.documents.get(name) or {}).get(key) or "")

    def rows(self, name: str, key: str) -> list[Any]:
        """A list of a document; empty when it is not there."""
        return list((self.documents.get(name) or {}).get(key) or [])


def evidence_checks(pack: Pack) -> list[Check]:
    """The six automatic checks on the operating audit, in the order of the specification."""
    return [
        _none_of(pack, "risk_exceptions_zero", RISK, "exceptions", "risk_exceptions"),
        _none_of(pack, "consistency_exceptions_zero", CONSISTENCY, "consistency_exceptions", "consistency_replay"),
        _ticked(pack, "minimum_regression_passed", "最小回归通过 minimum regression passed"),
        _ticked(pack, "performance_baseline_passed", "性能基线达标 performance baseline passed"),
        _ticked(pack, "latency_baseline_passed", "延迟基线达标 latency baseline passed"),
        rollback_check(pack),
    ]


def rollback_check(pack: Pack) -> Check:
    """The version to fall back on is marked, by a tag."""
    key, label = "rollback_version_marked", "回滚版本已标记 rollback version marked"
    parts = [_ticked(pack, name, label) for name in ("rollback_version_marked", "rollback_marker_from_tag")]
    worst = max(parts, key=lambda part: (State.PASS, State.WARN, State.FAIL, State.BLOCKED).index(part.state))
    return Check(key, label, worst.state, worst.reason)


def replay_check(pack: Pack) -> Check:
    """Online and offline agreed over the week."""
    state, reason = pack.state("consistency_replay")
    return Check("online_offline_replay_passed", "线上线下回放一致 online/offline replay PASS", state, reason)


def blocked_documents(pack: Pack, names: Iterable[str] = EVIDENCE) -> dict[str, str]:
    """Document -> why it is BLOCKED, of those that are missing or blocked."""
    judged = {name: pack.state(name) for name in names}
    return {name: reason for name, (state, reason) in judged.items() if state is State.BLOCKED}


def _none_of(pack: Pack, key: str, label: str, counted: str, source: str) -> Check:
    """No exception of a kind; without a count the document that it comes from says why."""
    count = pack.number("operating_audit", "summary", counted)
    if count is None and "operating_audit" in pack.documents:
        state, reason = pack.state(source)
        return Check(key, label, State.BLOCKED, f"not counted: {source} {state}" + (f" ({reason})" if reason else ""))
    if count is None:
        return Check(key, label, State.BLOCKED, _lacking(pack, counted))
    return Check(key, label, State.FAIL if count else State.PASS, _counted(pack, count, source), count)


def _counted(pack: Pack, count: int, source: str) -> str:
    """How many exceptions, and which, as far as the document says; empty for none."""
    rows = pack.rows(source, "exceptions")
    named = ", ".join(f"{row.get('strategy', '')} {row.get('metric', '')}".strip() for row in rows[:NAMED])
    more = ", ..." if len(rows) > NAMED else ""
    return f"{count} in this week{': ' if named else ''}{named}{more}" if count else ""


def _ticked(pack: Pack, item: str, label: str) -> Check:
    entry = (pack.documents.get("operating_audit") or {}).get("checklist", {}).get(item)
    said = str((entry or {}).get("status", ""))
    if entry is None or said not in State.__members__:
        return Check(item, label, State.BLOCKED, _lacking(pack, item))
    passed = said == State.PASS and entry.get("passed") is True
    state = State.PASS if passed else State.FAIL if said in (State.PASS, State.WARN) else State(said)
    return Check(item, label, state, "" if passed else str(entry.get("reason", "")) or "not passed")


def _lacking(pack: Pack, what: str) -> str:
    return f"operating_audit {f'says nothing of {what}' if 'operating_audit' in pack.documents else 'is missing'}"
