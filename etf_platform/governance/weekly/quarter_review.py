"""The review of a quarter: results against the quarter's goals, gaps, and the backlog that follows.

A goal without data is BLOCKED, never reached. Not here: reading tables, documents and the ledger
(`orchestration.weekly`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, overall
from etf_platform.governance.weekly.artefact import Artefact

NAME = "quarter_review"
MOST_ROLLBACKS = 1
FEWER_FALSE_ALARMS = 0.30


@dataclass(frozen=True)
class Reading:
    """A metric of one strategy at the end of the quarter: value, its value a quarter before, state and reason."""

    strategy: str
    value: float | None
    before: float | None = None
    state: State = State.PASS
    reason: str = ""


@dataclass(frozen=True)
class Week:
    """What one week came to; empty texts where its document is missing.

    `changes`, `attributed`: state of the audit's items `change_log_complete` and `anomalies_attributed`.
    """

    week: str
    recommendation: str = ""
    decision: str = ""
    signoff: str = ""
    changes: State = State.BLOCKED
    attributed: State = State.BLOCKED
    tasks: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Facts:
    """What a review is made from.

    Attributes
    ----------
    quarter : str
        `YYYY-Qn`.
    kpis : mapping of str to sequence of Reading
        availability, var_breach_rate, false_alarm_rate, attribution_coverage; an absent key was never measured.
    rollbacks : sequence of str
        Releases rolled back in the quarter.
    rehearsed : mapping of str to bool
        Release in force -> whether its rollback was rehearsed in the quarter.
    """

    quarter: str
    about: About
    weeks: Sequence[Week]
    kpis: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    rollbacks: Sequence[str] = ()
    rehearsed: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One goal: what was asked, what came of it, what it was a quarter before."""

    key: str
    goal: str
    target: str
    value: str
    baseline: str
    trend: str
    state: State
    reason: str = ""


def build(facts: Facts, config: GovernanceConfig) -> Artefact:
    """The review: FAIL when a goal was missed, BLOCKED when one could not be judged."""
    results = goals(facts, config)
    gaps = [result for result in results if result.state is not State.PASS]
    state, _ = overall((result.state, result.key) for result in results)
    body = {
        "quarter": facts.quarter,
        "results": [asdict(result) for result in results],
        "gaps": [f"{gap.goal}: {gap.value}, asked {gap.target} ({gap.reason or gap.state})" for gap in gaps],
        "backlog": _backlog(facts, gaps),
        "weeks": [
            {"week": w.week, "recommendation": w.recommendation, "decision": w.decision, "signoff": w.signoff}
            for w in facts.weeks
        ],
    }
    return facts.about.artefact(NAME, (state, ", ".join(gap.key for gap in gaps)), body)


def goals(facts: Facts, config: GovernanceConfig) -> list[Result]:
    """The quarter's goals in the order of the specification."""
    weekly = config.weekly
    return [
        _least(facts, "availability", "策略可用率 strategy availability", weekly.min_availability),
        _rollbacks(facts),
        _acceptance(facts),
        _false_alarms(facts),
        _least(facts, "attribution_coverage", "归因覆盖率 attribution coverage", weekly.min_attribution_coverage),
        _share(facts, "located", "异常项已归因 degradations located", [w.attributed for w in facts.weeks]),
        _share(facts, "traceable", "变更可追溯 changes traceable", [w.changes for w in facts.weeks]),
        _revertible(facts),
    ]


def _least(facts: Facts, key: str, goal: str, limit: float) -> Result:
    known = [reading for reading in facts.kpis.get(key, ()) if reading.value is not None]
    asked = f">= {limit:g}"
    if not known:
        return _unknown(key, goal, asked)
    worst = min(known, key=lambda reading: reading.value or 0.0)
    value = worst.value or 0.0
    state = State.PASS if value >= limit else State.FAIL
    return Result(key, goal, asked, f"{value:.4f} ({worst.strategy})", *_before(worst, 1), state)


def _rollbacks(facts: Facts) -> Result:
    count, named = len(facts.rollbacks), ", ".join(facts.rollbacks)
    state = State.PASS if count <= MOST_ROLLBACKS else State.FAIL
    asked = f"<= {MOST_ROLLBACKS}"
    return Result("major_rollbacks", "重大回滚次数 major rollbacks", asked, str(count), "", "unknown", state, named)


def _acceptance(facts: Facts) -> Result:
    key, goal, asked = "var_breach_rate", "VaR 例外率 VaR exception rate", "inside the acceptance region"
    known = [reading for reading in facts.kpis.get(key, ()) if reading.value is not None]
    if not known:
        return _unknown(key, goal, asked)
    state, reason = overall((reading.state, f"{reading.strategy} {reading.reason}".strip()) for reading in known)
    worst = max(known, key=lambda reading: reading.value or 0.0)
    state = State.PASS if state is State.WARN else state
    return Result(key, goal, asked, f"{worst.value:.4f} ({worst.strategy})", *_before(worst, -1), state, reason)


def _false_alarms(facts: Facts) -> Result:
    key, goal = "false_alarm_rate", "误报率 false alarms"
    asked = f"{FEWER_FALSE_ALARMS:.0%} below baseline"
    known = [reading for reading in facts.kpis.get(key, ()) if reading.value is not None]
    if not known:
        return _unknown(key, goal, asked)
    worst = max(known, key=lambda reading: reading.value or 0.0)
    shown, value = f"{worst.value:.4f} ({worst.strategy})", worst.value or 0.0
    if worst.before is None:
        return Result(key, goal, asked, shown, "", "unknown", State.BLOCKED, "no_baseline")
    state = State.PASS if value <= (1.0 - FEWER_FALSE_ALARMS) * worst.before + 1e-12 else State.FAIL
    return Result(key, goal, asked, shown, *_before(worst, -1), state)


def _share(facts: Facts, key: str, goal: str, states: Sequence[State]) -> Result:
    """Share of the weeks whose audit says PASS; a week without an audit counts as open."""
    if not states:
        return _unknown(key, goal, "100 %")
    passed = sum(state is State.PASS for state in states)
    blocked = [week.week for week, state in zip(facts.weeks, states, strict=True) if state is State.BLOCKED]
    state = State.PASS if passed == len(states) else State.BLOCKED if blocked else State.FAIL
    reason = f"not judged in {len(blocked)} week(s)" if blocked else ""
    return Result(key, goal, "100 %", f"{passed} of {len(states)} weeks", "", "unknown", state, reason)


def _revertible(facts: Facts) -> Result:
    key, goal, asked = "revertible", "发布可一键回退 releases revertible by one command", "100 %"
    if not facts.rehearsed:
        return Result(key, goal, asked, "no release in force", "", "unknown", State.BLOCKED, "missing")
    done = sum(facts.rehearsed.values())
    state = State.PASS if done == len(facts.rehearsed) else State.FAIL
    reason = ", ".join(name for name, is_done in facts.rehearsed.items() if not is_done)
    value = f"{done} of {len(facts.rehearsed)} rehearsed"
    return Result(key, goal, asked, value, "", "unknown", state, f"not rehearsed: {reason}" if reason else "")


def _unknown(key: str, goal: str, asked: str) -> Result:
    return Result(key, goal, asked, "unknown", "", "unknown", State.BLOCKED, "missing")


def _before(reading: Reading, direction: int) -> tuple[str, str]:
    """Baseline as text, and whether the metric got better, worse or stayed."""
    if reading.before is None or reading.value is None:
        return "", "unknown"
    step = direction * (reading.value - reading.before)
    return f"{reading.before:.4f}", "flat" if abs(step) < 1e-12 else "better" if step > 0 else "worse"


def _backlog(facts: Facts, gaps: Sequence[Result]) -> list[str]:
    """A task per gap, then what the last week's decision left open, each once."""
    tasks = [f"close the gap in {gap.goal}: {gap.reason or gap.value}" for gap in gaps]
    last = next((week for week in reversed(facts.weeks) if week.tasks), None)
    left = [f"{task['role']}: {task['task']} ({task['blocker']})" for task in (last.tasks if last else ())]
    return list(dict.fromkeys(tasks + left))
