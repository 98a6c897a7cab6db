"""Weekly replay and drift report."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.tables import CONSISTENCY, DRIFT
from etf_platform.core.units.event import Event
from etf_platform.governance.weekly import (
    consistency_replay,
    drift_report,
)
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.changes import Repository
from etf_platform.governance.weekly.checklist import Facts
from etf_platform.governance.weekly.rollback_marker import Marker

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))
LAST = str(SESSIONS[-1])
ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)

LIMITS = ConsistencyThresholds()

QUIET = {"status": "PASS", "reason": "", "summary": {"n_alerts": 0}, "alerts": []}


def compared(failing: dict[int, str] | None = None, blocked: tuple[int, ...] = (), without: tuple[int, ...] = ()):
    """Rows of one measure a stage on every session; `failing` maps a day to the first stage that differs."""
    rows = []
    for day in SESSIONS:
        if day.day in without:
            continue
        first = (failing or {}).get(day.day)
        for stage in ("data", "signal", "fill"):
            state = "FAIL" if stage == first else "BLOCKED" if day.day in blocked else "PASS"
            row = {"date": pd.Timestamp(day), "stage": stage, "measure": f"{stage}_measure", "limit": 0.001}
            row |= {"value": 0.02 if state == "FAIL" else 0.0, "state": state, "is_first": stage == first}
            row |= {"reason": f"{stage} differs" if state == "FAIL" else "", "config": "c0", "source": "s"}
            rows.append({**row, "examples": '[{"symbol": "510300.SH"}]', "data_version": '{"market/A/bars": 7}'})
    return pd.DataFrame(rows, columns=[c.name for c in CONSISTENCY.columns])


def replay(rows: pd.DataFrame, live: dict | None = QUIET, **facts: object):
    return consistency_replay.build(consistency_replay.Facts({"A_SHARE": rows}, live, **facts), LIMITS, ABOUT)


class TestReplay:
    def test_every_session_alike_passes(self):
        found = replay(compared())

        assert (found.status, found.body["replay_status"]) == ("PASS", "PASS")
        assert found.body["summary"] == {"pairs": 5, "compared": 5, "pending": 0, "failed": 0, "breaches": 0}
        assert found.body["actions"] == []

    def test_a_breach_names_session_stage_and_cause(self):
        found = replay(compared(failing={5: "signal", 6: "signal"}))

        assert (found.status, found.body["replay_status"]) == ("FAIL", "FAIL")
        assert found.reason == "2 session(s) differ: A_SHARE 2024-11-05 signal, A_SHARE 2024-11-06 signal"
        (cause,) = found.body["root_cause_candidates"]
        assert (cause["stage"], cause["sessions"]) == ("signal", ["2024-11-05", "2024-11-06"])
        assert "knew later data" in cause["cause"]
        assert found.body["breaches"][0]["example"] == [{"symbol": "510300.SH"}]

    @pytest.mark.parametrize("how", [{"without": (6,)}, {"blocked": (6,)}])
    def test_a_session_that_was_not_compared_is_pending_and_never_passes(self, how):
        found = replay(compared(**how))

        assert (found.status, found.body["replay_status"]) == ("BLOCKED", "PENDING_DATA")
        assert found.reason == "pending_data: 1 session(s) not compared: A_SHARE 2024-11-06"

    def test_a_breach_stays_a_breach_while_another_session_is_pending(self):
        assert replay(compared(failing={4: "data"}, without=(8,))).body["replay_status"] == "FAIL"

    @pytest.mark.parametrize("name", ["config", "data_version"])
    def test_rows_of_two_configurations_or_data_versions_are_no_comparison(self, name):
        rows = compared()
        rows.loc[rows.index[0], name] = '{"other": 1}'

        found = replay(rows)

        assert found.body["consistency"]["pairs"][0]["status"] == "PENDING_DATA"
        assert found.status == "BLOCKED"

    def test_no_counterpart_at_all_is_pending(self):
        found = replay(CONSISTENCY.no_rows())

        assert (found.status, found.body["replay_status"]) == ("BLOCKED", "PENDING_DATA")

    def test_prices_without_fair_values_keep_the_replay_pending(self):
        live = {"status": "BLOCKED", "reason": "pending_data: no price", "summary": {"n_alerts": 0}, "alerts": []}

        found = replay(compared(), live)

        assert found.body["replay_status"] == "PENDING_DATA"
        assert found.body["consistency"]["offline"]["status"] == "PASS"
        assert replay(compared(), None).body["consistency"]["online"]["reason"] == "missing: no live deviation snapshot"

    def test_a_source_that_has_no_quotes_is_judged_offline_alone_and_the_document_says_so(self):
        live = {"status": "WARN", "reason": "not_applicable: x", "summary": {"n_alerts": 0, "n_rows": 0}, "alerts": []}

        found = replay(compared(), live)

        assert (found.status, found.body["replay_status"]) == ("PASS", "PASS")
        assert found.body["consistency"]["online"] == {"status": "NOT_APPLICABLE", "reason": "not_applicable: x"}
        assert replay(compared(failing={4: "data"}), live).status == "FAIL"

    def test_a_live_alert_fails_it_and_the_top_five_are_shown(self):
        live = {
            "status": "FAIL",
            "reason": "",
            "summary": {"n_alerts": 7},
            "alerts": [{"symbol": str(k)} for k in range(7)],
        }

        found = replay(compared(), live)

        assert (found.status, found.reason) == ("FAIL", "7 live alert(s)")
        assert [alert["symbol"] for alert in found.body["top_alerts"]] == ["0", "1", "2", "3", "4"]

    def test_the_change_of_a_metric_is_against_the_week_before(self):
        names = ("pnl", "max_drawdown_abs", "var_breach_rate", "fill_calibration_error")
        now, was = ({"kpi_snapshot": [{"strategy": "A", "sharpe": s, **dict.fromkeys(names)}]} for s in (0.9, 0.7))

        rows = {row["metric"]: row for row in replay(compared(), kpis=now, kpis_before=was).body["kpi_delta"]}

        assert rows["sharpe"]["delta"] == pytest.approx(0.2)
        assert list(rows) == ["sharpe"], "what neither week knows is left out"


def drift(day: int = 8, **changes: object) -> pd.DataFrame:
    rows = []
    for session in SESSIONS:
        row = {c.name: np.nan for c in DRIFT.columns}
        row |= {"date": pd.Timestamp(session), "feature": "volatility_20", "baseline_n": 250, "recent_n": 20}
        row |= {"level": "stable", "state": "PASS", "stage": "NORMAL", "reason": "", "source": "s", "psi": 0.05}
        rows.append({**row, **(changes if session.day == day else {})})
    return pd.DataFrame(rows)


class TestDrift:
    def test_a_stable_week_passes(self):
        found = drift_report.build({"A_SHARE": drift()}, [], ABOUT)

        assert (found.status, found.body["strategies"][0]["stage"]) == ("PASS", "NORMAL")

    def test_a_major_or_a_degraded_feature_fails_and_an_alert_warns(self):
        major = drift_report.build({"A": drift(level="major", state="FAIL", stage="DEGRADE")}, [], ABOUT)
        alert = drift_report.build({"A": drift(level="alert", state="WARN", stage="ALERT")}, [], ABOUT)

        assert (major.status, major.body["summary"]["majors"]) == ("FAIL", 1)
        assert (alert.status, alert.reason) == ("WARN", "A: volatility_20 alert, ALERT")

    def test_a_session_without_drift_blocks_and_is_named(self):
        rows = drift()

        found = drift_report.build({"A": rows[rows["date"] != pd.Timestamp("2024-11-06")]}, [], ABOUT)

        assert (found.status, found.reason) == ("BLOCKED", "A: missing: 2024-11-06")

    def test_a_feature_without_data_blocks(self):
        found = drift_report.build({"A": drift(level="unknown", state="BLOCKED", reason="missing")}, [], ABOUT)

        assert (found.status, found.body["summary"]["blocked"]) == ("BLOCKED", 1)

    def test_moves_of_the_week_are_listed_and_others_are_not(self):
        def moved(day: int) -> Event:
            said = {"feature": "volatility_20", "from": "NORMAL", "to": "ALERT", "reason": "psi"}
            return Event(f"k{day}", "drift.moved", "A", "system:drift", said, dt.date(2024, 11, day))

        found = drift_report.build({"A": drift()}, [moved(1), moved(5)], ABOUT)

        assert [(move["session"], move["to"]) for move in found.body["moves"]] == [("2024-11-05", "ALERT")]


FIGURES = {"pnl": 1.0, "sharpe": 0.8, "max_drawdown_abs": 0.1, "var_breach_rate": 0.01, "fill_calibration_error": 0.1}


def snapshot(
    week: str = "2024-W45", as_of: str = LAST, experiment_id: str = "EXP-20241001-001", **figures: float
) -> dict:
    row = {
        "strategy": "A_SHARE",
        "as_of": as_of,
        "experiment_id": experiment_id,
        "status": "PASS",
        **FIGURES,
        **figures,
    }
    return {"week": week, "as_of": as_of, "kpi_snapshot": [row]}


RISK = {"week": "2024-W45", "summary": {"exceptions": 0, "blocked": 0}, "exceptions": [], "blocked": []}

GATE = {"as_of": LAST, "summary": {"commands": 1, "failed": 0, "all_passed": True}, "results": []}

TIMED = {"executed": True, "passed": True, "measures": [], "reason": ""}

SIGNED = {"signature": {"by": "Zhao Min", "role": "risk", "session": LAST}}

PAIRS = [{"strategy": "A_SHARE", "session": str(day), "status": "PASS", "first_stage": ""} for day in SESSIONS]


def facts(**changes: object) -> Facts:
    """A week in which every point of the checklist is true."""
    sound = {
        "strategies": ("A_SHARE",), "kpis": snapshot(), "risk": RISK, "risk_digest": "d1", "pairs": PAIRS,
        "regression": GATE, "performance": TIMED, "latency": TIMED, "experiments": {"EXP-20241001-001"},
        "thresholds": SIGNED, "repository": Repository(()), "manual_done": ("adr_signed",),
        "markers": [Marker("A_SHARE", "R2", "R1", "a" * 12, "backup-release-x")],
    }  # fmt: skip
    return Facts(**{**sound, **changes})
