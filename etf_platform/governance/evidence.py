"""What stored tables say about a release: gates, majors, missing metrics, figures of its experiment.

Pure functions over frames and events as they are stored; an absent row is BLOCKED, never PASS. Not here: reading the
tables (`orchestration.releasing`), what follows from it (`stages`, `rollback`, `prerelease`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from etf_platform.core.config.governance import CanaryTest
from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State, worst
from etf_platform.core.units.event import EXPERIMENT_RUN, Event
from etf_platform.governance.prerelease import BacktestFigures
from etf_platform.measures.sequential import PairedVerdict, paired_test
from etf_platform.paper.shadows import paired

Gate = tuple[State, str]
CORE_KPIS = ("nav_return", "sharpe", "max_drawdown", "var_breach_rate", "availability")
DRIFTED = ("DEGRADE", "RETRAIN")  # stages of drift that keep a release from rising
ABSENT = ("missing", "stale")  # reasons that mean: there should be a value and there is none


def consistency_gate(rows: pd.DataFrame, session: dt.date) -> Gate:
    """State of online against offline on a session; `rows` as in table `governance/consistency`."""
    return _gate(_on(rows, session), "state", "stage", "pending_data: nothing was compared")


def drift_gate(rows: pd.DataFrame, session: dt.date) -> Gate:
    """State of drift on a session; `rows` as in table `drift/features`. ALERT tells and leaves the gate open.

    A feature that should have been judged and was not blocks; one that does not apply to the source has no row.
    """
    found = _on(rows, session)
    if found.empty:
        return State.BLOCKED, "missing: no feature was judged"
    moved, unjudged = found[found["stage"] != "NORMAL"], found[found["state"] == State.BLOCKED]
    if len(unjudged) and not moved["stage"].isin(DRIFTED).any():
        said = "; ".join(f"{row['feature']} {row['reason']}" for row in unjudged.head(5).to_dict("records"))
        return State.BLOCKED, said
    said = "; ".join(f"{row['feature']} {row['stage']}" for row in moved.head(5).to_dict("records"))
    return (State.FAIL if moved["stage"].isin(DRIFTED).any() else State.PASS), said


def kpi_gate(rows: pd.DataFrame, strategy: str, session: dt.date, kpis: Sequence[str] = CORE_KPIS) -> Gate:
    """State of the core metrics of a strategy on a session; `rows` as in table `kpi/values`."""
    found = _daily(rows, strategy, kpis)
    found = _on(found, session)
    absent = [name for name in kpis if name not in set(found["kpi"])]
    if absent:
        return State.BLOCKED, f"missing: {', '.join(absent)}"
    return _gate(found, "status", "kpi", "missing")


def missing_kpis(
    rows: pd.DataFrame, strategy: str, session: dt.date, kpis: Sequence[str] = CORE_KPIS
) -> tuple[str, ...]:
    """Core metrics that should have a value on a session and have none; too little history is no gap."""
    found = _on(_daily(rows, strategy, kpis), session).set_index("kpi")
    absent = [name for name in kpis if name not in found.index]
    gaps = [name for name in kpis if name in found.index and str(found.loc[name, "reason"]) in ABSENT]
    return tuple(absent + gaps)


def majors(rows: pd.DataFrame, strategy: str, kpis: Sequence[str] = CORE_KPIS) -> dict[dt.date, str]:
    """Sessions on which a core metric of a strategy was FAIL, and which."""
    failed = _daily(rows, strategy, kpis)
    failed = failed[failed["status"] == State.FAIL]
    return {pd.Timestamp(str(day)).date(): ", ".join(map(str, part["kpi"])) for day, part in failed.groupby("date")}


def value(rows: pd.DataFrame, strategy: str, kpi: str, session: dt.date) -> float | None:
    """Daily value of a metric on a session; None when there is none."""
    found = _on(_daily(rows, strategy, (kpi,)), session)["value"].dropna()
    return float(found.iloc[-1]) if len(found) else None


def drawdown(account: pd.DataFrame, session: dt.date) -> float | None:
    """Loss from the peak of the rows handed in, positive fraction; None without a row of the session.

    `account` has date and nav, sorted, as in table `paper/account`; rows after the session are ignored.
    """
    known = account[account["date"] <= pd.Timestamp(session)]
    if known.empty or known["date"].iloc[-1] != pd.Timestamp(session):
        return None
    nav = known["nav"].to_numpy()
    return float(1.0 - nav[-1] / nav.max())


def backtest_figures(events: Iterable[Event], experiment_id: str) -> BacktestFigures:
    """Out-of-sample figures that the latest run of an experiment recorded; what it did not record is None."""
    runs = [e for e in events if e.kind == EXPERIMENT_RUN and e.subject == experiment_id]
    results: Mapping[str, Any] = (runs[-1].payload.get("results") or {}) if runs else {}
    metrics: Mapping[str, Any] = results.get("metrics") or {}
    figures: Mapping[str, Any] = metrics.get("out_of_sample") or {}
    found = {name: figures.get(name) for name in ("sharpe", "max_drawdown", "sharpe_double_cost")}
    turnover = figures.get("annual_turnover", figures.get("turnover"))
    deflated = figures.get("dsr", figures.get("deflated_sharpe"))
    return BacktestFigures(**found, dsr=deflated, turnover=turnover)


def paired_test_of(
    rows: pd.DataFrame, candidate: str, stable: str, canary: CanaryTest
) -> tuple[Gate, PairedVerdict | None]:
    """Whether a candidate has failed against the stable release on the same days; `rows` as in `paper/releases`.

    Days on which both were in force are tested; the variance comes from the paired days before. Too few of these block
    and fail nothing. Releases that never differed have nothing to test, and pass.
    """
    days = paired(rows, candidate, stable)
    differences, earlier = days.loc[days["is_live"], "difference"], days.loc[~days["is_live"], "difference"]
    if len(earlier) >= canary.min_paired_days and not earlier.any() and not differences.any():
        return (State.PASS, ""), PairedVerdict(len(differences), 0.0, 1.0, None)
    try:
        verdict = paired_test(
            differences.to_numpy(), earlier.to_numpy(), canary.tau_bps / 1e4, canary.bound, canary.min_paired_days
        )
    except InsufficientDataError as error:
        return (State.BLOCKED, f"insufficient: {error.saw}"), None
    said = f"worse than {stable} since its paired day {verdict.failed_at}"
    return ((State.FAIL, said) if verdict.has_failed else (State.PASS, "")), verdict


def _daily(rows: pd.DataFrame, strategy: str, kpis: Sequence[str]) -> pd.DataFrame:
    return rows[(rows["strategy"] == strategy) & (rows["period"] == "day") & rows["kpi"].isin(list(kpis))]


def _on(rows: pd.DataFrame, session: dt.date) -> pd.DataFrame:
    return rows[rows["date"] == pd.Timestamp(session)]


def _gate(rows: pd.DataFrame, state: str, name: str, otherwise: str) -> Gate:
    if rows.empty:
        return State.BLOCKED, otherwise
    closed = rows[rows[state] != State.PASS]
    said = [f"{row[name]} {row[state]} {row['reason']}".rstrip() for row in closed.to_dict("records")]
    return worst(State(text) for text in rows[state]), "; ".join(said[:5])
