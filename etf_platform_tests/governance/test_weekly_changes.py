"""Change record, change log, regression gate and measured times of a week."""

import datetime as dt
from dataclasses import replace

from etf_platform.core.units.event import Event
from etf_platform.governance.experiment_record import Artifact, Conditions, Experiment, Plan, Results
from etf_platform.governance.releases import Release
from etf_platform.governance.weekly import change_rollback_record, changes, daily_regression_gate, timings
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.changes import Commit, Repository
from etf_platform.governance.weekly.daily_regression_gate import Ran

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))
LAST = str(SESSIONS[-1])
ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)


def experiment(name: str = "EXP-20241001-001", impact: str = "less turnover") -> Experiment:
    conditions = Conditions({}, {}, "x", "c1", "s", "0.1.0+aaaaaaaaaaaa", False, "d", {})
    results = Results("2015-01-05", "2024-09-30", {}, (Artifact("a", "p", "s"),))
    return Experiment(
        name,
        Plan("rotation", "top_n 4", "A_SHARE", {"top_n": 4}, expected_impact=impact),
        None,
        "approved",
        conditions,
        results,
    )


RELEASE = Release("R2", "A_SHARE", "EXP-20241001-001", "c1", "{}", "0.1.0+bbbbbbbbbbbb", "R1")

PROMOTED = Event("p", "release.promoted", "R2", "Li Wei", {"stage": "S20"}, SESSIONS[2])


class TestChangeRecord:
    def test_a_change_fills_the_six_fields_of_the_template(self):
        known = {"EXP-20241001-001": experiment()}
        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, known), ABOUT)

        (row,) = found.body["changes"]
        assert [row[name] for name in change_rollback_record.FIELDS] == [
            "EXP-20241001-001", "promoted to S20: top_n 4", "2015-01-05..2024-09-30", "c1", "less turnover", "R1",
        ]  # fmt: skip
        assert found.status == "PASS"

    def test_a_field_that_nobody_filled_in_fails(self):
        known = {"EXP-20241001-001": experiment(impact="")}

        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, known), ABOUT)

        assert (found.status, found.reason) == ("FAIL", "R2: nothing said of expected_impact")

    def test_a_release_without_an_experiment_on_record_blocks(self):
        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, {}), ABOUT)

        assert found.status == "BLOCKED"
        assert "R2 names no experiment on record" in found.reason

    def test_acts_of_other_weeks_are_not_of_this_one(self):
        other = replace(PROMOTED, as_of=dt.date(2024, 11, 11))

        found = change_rollback_record.build(change_rollback_record.Facts([other], {"R2": RELEASE}, {}), ABOUT)

        assert (found.status, found.body["summary"]["changes"]) == ("PASS", 0)


def commit(message: str, digest: str = "c" * 40) -> Commit:
    return Commit(digest, dt.datetime(2024, 11, 6, 12, tzinfo=dt.UTC), message)


class TestChangeLog:
    def test_a_commit_maps_by_its_message_by_the_commit_an_experiment_ran_on_or_by_saying_so(self):
        git = Repository(
            (
                commit("Tune (EXP-20241001-001)"),
                commit("x", "a" * 40),
                commit("Docs\n\nno-strategy-change"),
                commit("y"),
            )
        )

        lines = changes.entries(git, {"EXP-20241001-001"}, {"a" * 12: "EXP-20241001-001"})

        assert [line["maps_to"] for line in lines] == ["EXP-20241001-001", "EXP-20241001-001", "no-strategy-change", ""]
        assert changes.complete(git, lines)[0] == "FAIL"
        assert changes.complete(git, lines[:3]) == ("PASS", "")

    def test_an_experiment_that_is_not_in_the_registry_maps_nothing(self):
        (line,) = changes.entries(Repository((commit("EXP-20240101-009"),)), {"EXP-20241001-001"}, {})

        assert line["maps_to"] == ""

    def test_a_shallow_clone_and_no_checkout_block(self):
        assert changes.complete(Repository((), is_shallow=True), [])[0] == "BLOCKED"
        assert changes.complete(Repository(), [])[0] == "BLOCKED"
        assert changes.change_log(Repository(), [])["shallow"] is None


class TestRegressionGate:
    def test_a_failed_command_fails_the_gate_and_forty_lines_are_kept(self):
        output = "\n".join(str(k) for k in range(50))

        found = daily_regression_gate.build([Ran("a", 0, 0.5, ""), Ran("b", 127, 0.1, output)], LAST, ABOUT)

        assert (found.status, found.reason) == ("FAIL", "`b` ended with 127")
        assert found.body["summary"] == {"commands": 2, "failed": 1, "all_passed": False}
        assert found.body["results"][1]["output_tail"] == [str(k) for k in range(10, 50)]

    def test_no_command_is_blocked_and_not_passed(self):
        found = daily_regression_gate.build([], LAST, ABOUT)

        assert (found.status, found.body["summary"]["all_passed"]) == ("BLOCKED", False)


class TestTimings:
    def test_the_p95_is_judged_against_its_limit(self):
        # 20 rounds 1..20 ms: the 95 % quantile lies at 19.05 ms
        rounds = [k / 1000 for k in range(1, 21)]

        found = timings.build(timings.PERFORMANCE, {"var_monte_carlo": rounds, "backtest": rounds}, {}, ABOUT)

        assert [row["p95_ms"] for row in found.body["measures"]] == [19.05, 19.05]
        assert (found.status, found.body["executed"], found.body["passed"]) == ("PASS", True, True)

    def test_limits_are_those_of_the_specification(self):
        assert timings.LIMITS == {
            "performance_baseline": {"var_monte_carlo": 25.0, "backtest": 30.0},
            "latency_benchmark": {"signal": 10.0, "risk_check": 2.0, "end_to_end": 100.0},
        }

    def test_what_was_not_executed_is_blocked_and_never_passes(self):
        found = timings.build(timings.LATENCY, {"signal": [0.001] * 20, "risk_check": []}, {}, ABOUT)

        assert (found.status, found.body["executed"], found.body["passed"]) == ("BLOCKED", False, False)
        assert "risk_check was not measured" in found.reason
        assert [row["passed"] for row in found.body["measures"]] == [True, False, False]

    def test_a_p95_at_its_limit_passes(self):
        rounds = {"signal": [0.01] * 20, "risk_check": [0.002] * 20, "end_to_end": [0.1] * 20}

        assert timings.build(timings.LATENCY, rounds, {}, ABOUT).status == "PASS"

    def test_a_slow_measure_fails(self):
        rounds = {"signal": [0.02] * 20, "risk_check": [0.001] * 20, "end_to_end": [0.05] * 20}

        found = timings.build(timings.LATENCY, rounds, {}, ABOUT)

        assert (found.status, found.reason) == ("FAIL", "signal P95 20 ms > 10 ms")
