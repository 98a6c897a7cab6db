"""The quarter review: goals against limits, no goal reached without data."""

import datetime as dt

import pytest

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.governance.weekly import quarter_review
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.quarter_review import Facts, Reading, Week
from etf_platform.orchestration.weekly.quarter import before, days_of
from etf_platform.reports.weekly import quarter_review as text
from etf_platform_tests.governance.test_weekly_decision import EPOCH, headings

ABOUT = About("2024-W52", (dt.date(2024, 12, 27),))
GOOD = Week("2024-W52", "PROCEED_CANARY", "APPROVE_CANARY", "READY_FOR_CLOSE", State.PASS, State.PASS)
KPIS = {
    "availability": [Reading("A_SHARE", 0.999, 0.99), Reading("QDII", 0.996, 0.998)],
    "var_breach_rate": [Reading("A_SHARE", 0.012, 0.02, State.WARN, "yellow"), Reading("QDII", 0.008)],
    "false_alarm_rate": [Reading("A_SHARE", 0.14, 0.20), Reading("QDII", 0.10, 0.20)],
    "attribution_coverage": [Reading("A_SHARE", 0.95), Reading("QDII", 0.91)],
}


def results(**changes) -> dict[str, quarter_review.Result]:
    facts = {"weeks": [GOOD, GOOD], "kpis": KPIS, "rollbacks": [], "rehearsed": {"REL-1": True}, **changes}
    found = quarter_review.goals(Facts("2024-Q4", ABOUT, **facts), GovernanceConfig())
    return {result.key: result for result in found}


def test_a_quarter_that_reached_every_goal_passes():
    made = results()

    assert {result.state for result in made.values()} == {State.PASS}
    assert (made["availability"].value, made["availability"].baseline, made["availability"].trend) == (
        "0.9960 (QDII)",
        "0.9980",
        "worse",
    )
    assert (made["false_alarm_rate"].value, made["false_alarm_rate"].trend) == ("0.1400 (A_SHARE)", "better")


@pytest.mark.parametrize(
    ("key", "changes", "state"),
    [
        ("availability", {"kpis": {**KPIS, "availability": [Reading("QDII", 0.9949)]}}, "FAIL"),
        ("attribution_coverage", {"kpis": {**KPIS, "attribution_coverage": [Reading("QDII", 0.8999)]}}, "FAIL"),
        ("false_alarm_rate", {"kpis": {**KPIS, "false_alarm_rate": [Reading("QDII", 0.15, 0.20)]}}, "FAIL"),
        ("false_alarm_rate", {"kpis": {**KPIS, "false_alarm_rate": [Reading("QDII", 0.15)]}}, "BLOCKED"),
        ("var_breach_rate", {"kpis": {**KPIS, "var_breach_rate": [Reading("QDII", 0.1, None, State.FAIL)]}}, "FAIL"),
        ("major_rollbacks", {"rollbacks": ["REL-1", "REL-2"]}, "FAIL"),
        ("located", {"weeks": [GOOD, Week("2024-W51", changes=State.PASS)]}, "BLOCKED"),
        ("traceable", {"weeks": [GOOD, Week("2024-W51", changes=State.FAIL, attributed=State.PASS)]}, "FAIL"),
        ("revertible", {"rehearsed": {"REL-1": True, "REL-2": False}}, "FAIL"),
        ("revertible", {"rehearsed": {}}, "BLOCKED"),
        *((key, {"kpis": {}}, "BLOCKED") for key in KPIS),
    ],
)
def test_a_goal_that_was_missed_or_not_measured_is_no_pass(key, changes, state):
    assert results(**changes)[key].state == state


def test_one_rollback_is_allowed():
    assert results(rollbacks=["REL-1"])["major_rollbacks"].state == "PASS"


def test_gaps_become_the_backlog_with_what_the_last_decision_left():
    task = {"role": "risk", "task": "explain it", "blocker": "risk_exceptions=1"}
    weeks = [GOOD, Week("2024-W52", "HOLD", "HOLD_AND_REMEDIATE", "AUTO_BLOCKED", State.PASS, State.PASS, (task,))]
    facts = Facts("2024-Q4", ABOUT, weeks, KPIS, ["REL-1", "REL-2"], {"REL-1": True})

    made = quarter_review.build(facts, GovernanceConfig())

    assert (made.status, made.reason) == ("FAIL", "major_rollbacks")
    assert made.body["gaps"] == ["重大回滚次数 major rollbacks: 2, asked <= 1 (REL-1, REL-2)"]
    assert made.body["backlog"] == [
        "close the gap in 重大回滚次数 major rollbacks: REL-1, REL-2",
        "risk: explain it (risk_exceptions=1)",
    ]
    assert headings(text.markdown(made.document(EPOCH))) == ["Quarter Review", "Results", "Gaps", "Backlog", "Weeks"]


@pytest.mark.parametrize(
    ("quarter", "first", "last"),
    [
        ("2024-Q4", "2024-10-01", "2024-12-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2023-Q2", "2023-04-01", "2023-06-30"),
    ],
)
def test_quarters_are_those_of_the_calendar(quarter, first, last):
    assert [str(day) for day in days_of(quarter)] == [first, last]


def test_the_last_quarter_is_the_one_that_is_over():
    assert before(dt.date(2025, 1, 1)) == days_of("2024-Q4")
    assert before(dt.date(2024, 12, 31)) == days_of("2024-Q3")
    with pytest.raises(BadInputError, match="2024-Q4"):
        days_of("2024-5")
