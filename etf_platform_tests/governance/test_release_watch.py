"""The daily look at stored tables: rolls back, freezes, promotes, and may be repeated."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core import tables as declared
from etf_platform.core.config import load_config
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance import breaker, experiments, freezes, releases, rollback, stages
from etf_platform.governance.evidence import CORE_KPIS
from etf_platform.governance.experiment_record import Conditions, Plan, Results
from etf_platform.orchestration import release_watch, releasing
from etf_platform.orchestration.platform import Platform
from etf_platform.storage import events as recorded
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.release_story import append, day

SESSION = dt.date(2024, 10, 17)


@pytest.fixture
def platform(tmp_path, staff) -> Platform:
    """R1 is a candidate in S5 since before the session; its metrics are stored by the tests."""
    config = load_config(packaged_config())
    object.__setattr__(config, "governance", staff.config)
    opened = Platform(Workspace(tmp_path, packaged_config()), config)
    append(opened.ops, story.proposal("R1"))
    story.rise(opened.ops, staff.config, staff, "R1", "S5", start=0)
    return opened


def raise_to_stable(platform: Platform, staff, release) -> None:
    ops, config = platform.ops, staff.config
    at = (release.since - day(0)).days
    for stage in config.stages[1:-1]:
        release, at = releases.fold(recorded.events(ops), config, "A_SHARE").candidate, at + stage.sessions
        if stage.needs_signature:
            append(ops, staff.seal(releases.approval(release, "Zhao Min", "risk", day(at), leaves=stage.name)))
        append(ops, stages.promote(release, "system:test", day(at), config, story.sessions(at, stage.sessions)))
    append(ops, stages.settle(release, "system:test", day(at + 5), story.sessions(at + 5, 5)))


def write_kpis(platform: Platform, session: dt.date, **changes: dict) -> None:
    defaults = {column.name: None for column in declared.KPI_VALUES.columns}
    facts = {
        "date": pd.Timestamp(session),
        "strategy": "A_SHARE",
        "period": "day",
        "value": 0.0,
        "trend": "flat",
        "status": "PASS",
        "reason": "",
        "as_of": pd.Timestamp(session),
        "experiment_id": "",
        "config": "",
        "data_version": "{}",
        "registry_version": 1,
        "source": "simulated test",
    }
    values = {"availability": 1.0, "max_drawdown": -0.05}
    rows = [
        {**defaults, **facts, "kpi": kpi, "value": values.get(kpi, 0.0), **changes.get(kpi, {})}
        for kpi in sorted(CORE_KPIS)
    ]
    frame = pd.DataFrame(rows)
    for name in ("baseline", "warn", "major"):
        frame[name] = frame[name].astype("float64")
    frame["date"] = frame["date"].astype("datetime64[ns]")
    platform.lake.write(declared.KPI_VALUES, "A_SHARE", frame, session, session)


def kinds(events) -> list[str]:
    return [event.kind for event in events]


def test_good_figures_change_nothing(platform):
    write_kpis(platform, SESSION)

    assert release_watch.roll_back_where_due(platform, "A_SHARE", SESSION) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"max_drawdown": {"value": -0.16}}, "drawdown"),
        ({"availability": {"value": 0.98}}, "error_rate"),
        ({"sharpe": {"value": float("nan"), "status": "BLOCKED", "reason": "missing"}}, "kpi_missing"),
    ],
)
def test_a_bad_figure_in_the_tables_rolls_back_once(platform, changes, rule):
    write_kpis(platform, SESSION, **changes)

    done = release_watch.roll_back_where_due(platform, "A_SHARE", SESSION)

    assert done[0].payload["rules"] == [rule]
    acts = ["release.rolled_back", "freeze.on", "decision.made", "incident.opened", "experiment.rolled_back"]
    assert kinds(done) == acts
    assert release_watch.roll_back_where_due(platform, "A_SHARE", SESSION) == []


def test_the_stable_release_is_judged_from_the_session_after_a_rollback(platform, staff):
    append(platform.ops, story.proposal("R2", rollback_to="R1"))
    state = releases.fold(recorded.events(platform.ops), staff.config, "A_SHARE")
    raise_to_stable(platform, staff, state.candidate)
    story.rise(platform.ops, staff.config, staff, "R2", "S5", start=0)
    session, following = dt.date(2024, 11, 14), dt.date(2024, 11, 15)
    write_kpis(platform, session, max_drawdown={"value": -0.30})

    first = release_watch.roll_back_where_due(platform, "A_SHARE", session)

    assert (first[0].subject, first[0].payload["to"]) == ("R2", "R1")
    assert release_watch.roll_back_where_due(platform, "A_SHARE", session) == []
    write_kpis(platform, following, max_drawdown={"value": -0.30})
    later = release_watch.roll_back_where_due(platform, "A_SHARE", following)
    assert (later[0].subject, later[0].payload["to"]) == ("R1", "CASH")


def test_tables_that_were_never_written_are_missing_metrics(platform):
    done = release_watch.roll_back_where_due(platform, "A_SHARE", SESSION)

    assert done[0].payload["rules"] == ["kpi_missing"]


def test_two_sessions_of_major_risk_in_the_tables_freeze(platform, staff):
    bad = {"var_breach_rate": {"status": "FAIL"}}
    write_kpis(platform, SESSION - dt.timedelta(days=1), **bad)
    assert release_watch.apply_fail_safe(platform, "A_SHARE", SESSION - dt.timedelta(days=1)) == []
    write_kpis(platform, SESSION, **bad)

    done = release_watch.apply_fail_safe(platform, "A_SHARE", SESSION)

    assert kinds(done) == ["failsafe.fired", "freeze.on", "incident.opened"]
    assert freezes.fold(recorded.events(platform.ops), staff.config).is_on("A_SHARE")


def test_nothing_is_promoted_while_gates_are_not_judged(platform, staff):
    write_kpis(platform, SESSION)

    assert release_watch.promote_where_possible(platform, "A_SHARE", SESSION) == []


def test_a_candidate_rises_when_every_gate_passes(platform, staff, monkeypatch):
    monkeypatch.setattr(releasing, "gates_of", lambda *given: {"all": (State.PASS, "")})

    done = release_watch.promote_where_possible(platform, "A_SHARE", SESSION)

    assert kinds(done) == ["release.promoted"]
    assert releases.fold(recorded.events(platform.ops), staff.config, "A_SHARE").candidate.stage == "S20"


def test_an_experiment_follows_its_release_from_stable_to_rolled_back(platform, staff, monkeypatch):
    """Nobody approved the experiment by itself: two people signed the release that names it."""
    monkeypatch.setattr(releasing, "gates_of", lambda *given: {"all": (State.PASS, "")})
    ran = Conditions({}, {}, "c", "d", "sample", "1", False, "e", {})
    name = experiments.record(
        platform.ops, Plan("rotation_backtest", "B", "rotation:OTHER", {}), ran, Results(None, None, {}, ())
    )
    append(platform.ops, story.proposal("S1", strategy="OTHER", experiment_id=name))
    n = story.rise(platform.ops, staff.config, staff, "S1", "FULL", start=0)

    statuses = [experiments.registry(staff.config, platform.ops)[name].status]
    done = release_watch.promote_where_possible(platform, "OTHER", day(n + 10))
    statuses.append(experiments.registry(staff.config, platform.ops)[name].status)
    rollback.roll_back(platform.ops, staff.config, story.trigger("S1", day(n + 11)), story.post)
    statuses.append(experiments.registry(staff.config, platform.ops)[name].status)
    assert kinds(done) == ["release.stable", "experiment.released"]
    assert statuses == ["running", "released", "rolled_back"]


def test_the_breaker_moves_and_is_on_record(platform):
    account = pd.DataFrame({"date": pd.to_datetime([day(7), day(8), SESSION]), "nav": [100.0, 110.0, 96.8]})

    measures = release_watch.account_measures(account, SESSION, largest=0.25, var95=0.02, var99=0.03)
    done = release_watch.move_breaker(platform, "A_SHARE", SESSION, measures)

    # 12 % on the day is critical; 12 % from the peak and 0.25 in one fund are warnings
    assert (measures.daily_loss, measures.drawdown) == (pytest.approx(0.12), pytest.approx(0.12))
    assert done[0].payload["to"] == "RESTRICTED"
    assert release_watch.move_breaker(platform, "A_SHARE", SESSION, measures) == []


def test_an_account_without_the_session_has_unknown_losses():
    account = pd.DataFrame({"date": pd.to_datetime([day(7)]), "nav": [100.0]})

    assert release_watch.account_measures(account, SESSION, None, None, None) == breaker.Measures(*[None] * 5)
