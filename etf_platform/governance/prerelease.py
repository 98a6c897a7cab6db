"""The checks before a release: each PASS, FAIL or BLOCKED with a reason; only all PASS lets a release start.

Inputs are handed in as values; what is unknown is None and blocks. Not here: reading them (`orchestration`, `cli`),
approvals (`releases`).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.core.units.event import DRILL_PASSED, THRESHOLDS_SIGNED, Event, canonical
from etf_platform.governance.freezes import Freezes
from etf_platform.governance.ledger import counted
from etf_platform.governance.rehearsal import last_passed
from etf_platform.governance.releases import Release, Releases

Judged = tuple[State, str]
THRESHOLDS = ("weekly", "consistency", "stages", "fail_safe", "breaker", "drift", "canary")


@dataclass(frozen=True)
class BacktestFigures:
    """Of the candidate's experiment, out of sample: None = not known.

    `sharpe` annualised; `max_drawdown` <= 0 or its absolute value; `dsr` a probability; `turnover` per year, one way;
    `sharpe_double_cost` with costs times two.
    """

    sharpe: float | None = None
    max_drawdown: float | None = None
    dsr: float | None = None
    turnover: float | None = None
    sharpe_double_cost: float | None = None


@dataclass(frozen=True)
class Inputs:
    """What the checks look at.

    Attributes
    ----------
    config_problems : sequence of str or None
        Of the configuration files; None = not read.
    config_hash, commit : str
        In this checkout.
    is_dirty : bool or None
    max_turnover : float
        Per year, one way.
    regression, consistency : (State, reason) or None
    session : date
        Day of the check.
    """

    release: Release
    releases: Releases
    freezes: Freezes
    events: Sequence[Event]
    session: dt.date
    config_problems: Sequence[str] | None = None
    config_hash: str = ""
    commit: str = ""
    is_dirty: bool | None = None
    backtest: BacktestFigures = BacktestFigures()
    max_turnover: float = 10.0
    regression: Judged | None = None
    consistency: Judged | None = None


@dataclass(frozen=True)
class Check:
    """Outcome of one check."""

    name: str
    state: State
    reason: str


def check(inputs: Inputs, config: GovernanceConfig) -> list[Check]:
    """All pre-release checks, in the order of the specification."""
    outcomes = {
        "configuration": _configuration(inputs),
        "thresholds": _thresholds(inputs, config),
        **{f"backtest_{name}": judged for name, judged in _backtest(inputs, config).items()},
        "regression": _handed(inputs.regression, "the regression was not run"),
        "consistency": _handed(inputs.consistency, "pending_data: nothing to compare"),
        "rollback_target": _rollback_target(inputs),
        "rehearsal": _rehearsal(inputs, config),
        "freeze": _freeze(inputs),
    }
    return [Check(name, state, reason) for name, (state, reason) in outcomes.items()]


def is_clear(checks: Iterable[Check]) -> bool:
    """Whether every check is PASS, and there is one."""
    states = [each.state for each in checks]
    return bool(states) and all(state is State.PASS for state in states)


def thresholds_digest(config: GovernanceConfig) -> str:
    """SHA-256 in hex of every threshold of `governance.yaml`: what the risk role signs."""
    values = config.model_dump(mode="json", include=set(THRESHOLDS))
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def thresholds_event(config: GovernanceConfig, by: str, role: str, session: dt.date) -> Event:
    """The event by which a person puts the thresholds of `governance.yaml` in force; to be sealed by its author."""
    payload = {"digest": thresholds_digest(config)}
    key = f"{THRESHOLDS_SIGNED}/{payload['digest'][:16]}/{by}"
    return Event(key, THRESHOLDS_SIGNED, "governance.yaml", by, payload, session, role)


def thresholds_signature(events: Iterable[Event], config: GovernanceConfig) -> Event | None:
    """The latest signature by the risk role of exactly these thresholds; None when nobody has signed them."""
    wanted = thresholds_digest(config)
    signed = counted(config, (e for e in events if e.kind == THRESHOLDS_SIGNED and e.role == "risk"))
    return next((event for event in reversed(signed) if event.payload.get("digest") == wanted), None)


def _configuration(inputs: Inputs) -> Judged:
    if inputs.config_problems is None or inputs.is_dirty is None or not inputs.commit:
        return State.BLOCKED, "missing: configuration or commit is not known"
    faults = list(inputs.config_problems[:3])
    if inputs.is_dirty:
        faults.append("the checkout has changes that are not committed")
    if inputs.config_hash != inputs.release.config_hash:
        faults.append(f"the configuration is {inputs.config_hash}, proposed was {inputs.release.config_hash}")
    if inputs.commit != inputs.release.commit:
        faults.append(f"the checkout is at {inputs.commit[:8]}, proposed was {inputs.release.commit[:8]}")
    return (State.FAIL, "; ".join(faults)) if faults else (State.PASS, "")


def _thresholds(inputs: Inputs, config: GovernanceConfig) -> Judged:
    if thresholds_signature(inputs.events, config) is None:
        return State.BLOCKED, "missing: nobody in the role of risk has signed these thresholds"
    return State.PASS, ""


def _backtest(inputs: Inputs, config: GovernanceConfig) -> dict[str, Judged]:
    seen, weekly = inputs.backtest, config.weekly
    drawdown = None if seen.max_drawdown is None else abs(seen.max_drawdown)
    return {
        "sharpe": _at_least(seen.sharpe, weekly.min_sharpe),
        "drawdown": _at_most(drawdown, weekly.max_abs_drawdown),
        "dsr": _at_least(seen.dsr, weekly.min_dsr),
        "turnover": _at_most(seen.turnover, inputs.max_turnover),
        "double_cost": _at_least(seen.sharpe_double_cost, weekly.min_sharpe / 2.0, strictly=True),
    }


def _at_least(value: float | None, limit: float, strictly: bool = False) -> Judged:
    if value is None or value != value:
        return State.BLOCKED, "missing"
    passed = value > limit if strictly else value >= limit
    return (State.PASS, "") if passed else (State.FAIL, f"{value:.4g} is below {limit:g}")


def _at_most(value: float | None, limit: float) -> Judged:
    if value is None or value != value:
        return State.BLOCKED, "missing"
    return (State.PASS, "") if value <= limit else (State.FAIL, f"{value:.4g} is above {limit:g}")


def _handed(judged: Judged | None, otherwise: str) -> Judged:
    if judged is None:
        return State.BLOCKED, otherwise
    return judged


def _rollback_target(inputs: Inputs) -> Judged:
    to = inputs.release.rollback_to
    if to == inputs.release.release_id:
        return State.FAIL, "the candidate would be rolled back to itself"
    if not inputs.releases.can_return_to(to):
        return State.FAIL, f"{to or 'nothing'} is no stable release"
    known = inputs.releases.by_id.get(to)
    if known is not None and (known.config_hash, known.commit) == (inputs.release.config_hash, inputs.release.commit):
        return State.FAIL, f"{to} is the same configuration and code"
    return State.PASS, ""


def _rehearsal(inputs: Inputs, config: GovernanceConfig) -> Judged:
    days = config.canary.rehearsal_days
    since = inputs.session - dt.timedelta(days=days)
    if last_passed(inputs.events, inputs.release.rollback_to, since) is not None:
        return State.PASS, ""
    to = inputs.release.rollback_to
    ever = any(e.kind == DRILL_PASSED and e.payload.get("target") == to for e in inputs.events)
    return State.BLOCKED, f"{'stale' if ever else 'missing'}: no passed drill of {to} within {days} days"


def _freeze(inputs: Inputs) -> Judged:
    open_ = inputs.freezes.of(inputs.release.strategy)
    return (State.FAIL, "; ".join(f"frozen: {f.reason}" for f in open_)) if open_ else (State.PASS, "")
