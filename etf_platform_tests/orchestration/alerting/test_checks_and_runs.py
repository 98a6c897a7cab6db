"""Every failed check evaluation and every failed run is told once: however it was started, whenever a process ends."""

import datetime as dt

import dagster as dg
import pytest
from dagster._core.events import AssetCheckEvaluationPlanned

from etf_platform.orchestration.alerting.checks import WATCH as CHECKS
from etf_platform.orchestration.alerting.runs import WATCH as RUNS
from etf_platform.orchestration.alerting.watch import Watch
from etf_platform.storage import outbox

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
BARS = dg.AssetKey(["market", "OTHER", "bars"])


@dg.asset(key=BARS)
def bars() -> None:
    """Bars."""


@dg.asset(key=["factors", "OTHER", "panel"], deps=[bars])
def panel() -> None:
    """A panel that cannot be made."""
    raise ValueError("the disk is on fire")


@dg.asset_check(asset=BARS)
def broken_members() -> dg.AssetCheckResult:
    """A check that fails."""
    return dg.AssetCheckResult(passed=False, description="3 of 5 members are broken", metadata={"state": "BLOCKED"})


LOCATION = dg.Definitions(
    assets=[bars, panel], asset_checks=[broken_members], jobs=[dg.define_asset_job("daily", selection="*")]
)


def run_daily(post):
    return LOCATION.resolve_job_def("daily").execute_in_process(instance=post.instance, raise_on_error=False)


def test_a_failed_evaluation_is_told_once_over_restarts(post):
    post.evaluate(False)

    assert post.tick(CHECKS).letters == 1
    assert post.tick(CHECKS).events == 0
    assert post.restarted().tick(CHECKS).events == 0
    assert post.told == [("check_failure", "FAIL: broken_members on market/OTHER/bars")]


@pytest.mark.parametrize(
    ("state", "severity", "kind", "level"),
    [
        ("FAIL", ERROR, "check_failure", "error"),
        ("BLOCKED", ERROR, "check_failure", "error"),
        ("WARN", WARN, "check_warning", "warning"),
        (None, WARN, "check_warning", "warning"),
        (None, ERROR, "check_failure", "error"),
    ],
)
def test_the_state_of_our_fuses_and_the_severity_of_others_decide_how_it_is_told(post, state, severity, kind, level):
    post.evaluate(False, severity=severity, metadata={"state": state} if state else {}, description="why it is so")
    post.tick(CHECKS)

    (letter,) = post.letters
    assert (letter["kind"], letter["severity"]) == (kind, level)
    assert "why it is so" in str(letter["event"]["blocks"])


def test_every_failure_of_the_same_check_is_told(post):
    for _ in range(3):
        post.evaluate(False)
    post.tick(CHECKS)

    assert len(post.letters) == 3


def test_passing_evaluations_are_not_told(post):
    post.evaluate(True)

    assert post.tick(CHECKS).events == 0


def test_the_first_pass_after_a_failure_is_told_and_the_second_is_not(post):
    for passed in (False, True, True):
        post.evaluate(passed)
        post.tick(CHECKS)

    assert [kind for kind, _ in post.told] == ["check_failure", "recovered"]
    assert post.letters[0]["order_key"] == post.letters[1]["order_key"]


def test_a_check_that_was_planned_first_and_ends_last_is_told(post):
    """Dagster numbers the history of a check when it is planned; a cursor on that number would pass over it."""
    planned = AssetCheckEvaluationPlanned(asset_key=BARS, check_name="slow")
    event = dg.DagsterEvent(
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value, "daily", event_specific_data=planned
    )
    post.instance.report_dagster_event(event, run_id="slow-run")
    post.evaluate(False, check="quick")
    post.tick(CHECKS)
    ended = dg.AssetCheckEvaluation(asset_key=BARS, check_name="slow", passed=False)
    event = dg.DagsterEvent(dg.DagsterEventType.ASSET_CHECK_EVALUATION.value, "daily", event_specific_data=ended)
    post.instance.report_dagster_event(event, run_id="slow-run")
    post.tick(CHECKS)

    assert [subject.split()[1] for _, subject in post.told] == ["quick", "slow"]


def test_a_check_in_a_run_and_the_run_itself_are_told_with_their_reasons(post):
    run = run_daily(post)
    post.tick(CHECKS)
    post.tick(RUNS)

    check, failed = post.letters
    assert (check["kind"], check["subject"]) == ("check_failure", "BLOCKED: broken_members on market/OTHER/bars")
    assert run.run_id in str(check["event"]["blocks"])
    assert (failed["kind"], failed["subject"]) == ("run_failure", "Run failed: daily")
    assert ["factors/OTHER/panel", "ValueError: the disk is on fire"] in failed["event"]["blocks"][0]["lines"]


def test_every_failed_run_is_told_once(post):
    for _ in range(2):
        run_daily(post)
    for again in (post, post, post.restarted()):
        again.tick(RUNS)

    assert len(post.letters) == 2


def test_a_run_that_died_without_a_step_is_told(post):
    run = post.instance.create_run_for_job(LOCATION.resolve_job_def("daily"))
    post.instance.report_run_failed(run, "the process was killed")
    post.tick(RUNS)

    (letter,) = post.letters
    assert "the process was killed" in str(letter["event"]["blocks"])


def test_what_happened_long_before_the_first_look_is_not_told(post):
    post.evaluate(False)
    run_daily(post)

    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=25)
    assert post.tick(CHECKS, later).events == 0
    assert post.tick(RUNS, later).events == 0


def test_nothing_can_come_between_the_letters_and_the_cursor(post, monkeypatch):
    """The process dies after the letters are written and before the cursor is moved."""
    post.evaluate(False)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "write_cursor", dies)
        with pytest.raises(KeyboardInterrupt):
            post.tick(CHECKS)
    letters_of_the_dead = post.letters
    post.tick(CHECKS)

    assert letters_of_the_dead == []
    assert len(post.letters) == 1


def dies(*given):
    raise KeyboardInterrupt


def test_of_two_daemons_that_look_at_the_same_time_one_tells(post):
    post.evaluate(False)
    other = post.restarted()

    def looked_at_by_both(scene, memory):
        seen = CHECKS.look(scene, memory)
        other.tick(CHECKS)
        return seen

    told = post.tick(Watch("checks", looked_at_by_both))
    assert told.events == 0
    assert len(post.letters) == 1
    assert post.tick(CHECKS).events == 0


def test_a_number_that_sqlite_gives_again_hides_nothing(post):
    """Deleting the latest run frees the numbers of its events."""
    first = run_daily(post)
    post.tick(CHECKS)
    post.instance.delete_run(first.run_id)
    second = run_daily(post)
    for _ in range(3):
        post.evaluate(True, check="other")
    post.tick(CHECKS)

    assert [run.run_id in str(letter["event"]) for run, letter in zip((first, second), post.letters, strict=True)] == [
        True,
        True,
    ]


def test_more_than_one_batch_is_told_in_one_tick(post):
    for number in range(600):
        post.evaluate(False, check=f"check_{number}")

    assert post.tick(CHECKS).letters == 600
