"""One bridge from typed errors to Dagster: what is tried again, what is not, and what the UI tells."""

from dataclasses import replace

import dagster as dg
import pytest

from etf_platform.core.errors import BadInputError, SourceUnavailableError, StorageConflictError
from etf_platform.core.states import State
from etf_platform.core.units.fuse import Reading
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.checks import result_of
from etf_platform.orchestration.failures import RETRY, translated
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.units import enabled_fuses

NO_DELAY = dg.RetryPolicy(max_retries=RETRY.max_retries)
SENTENCE = ("fetching bars", "the source has no such fund", "correct etf_pools.yaml")


def run_of(error, attempts_that_fail=99):
    """A run of one asset that raises the error in its first attempts; result, number of attempts, run."""
    attempts = []

    @dg.asset(retry_policy=NO_DELAY)
    def bars(context: dg.AssetExecutionContext) -> None:
        attempts.append(1)
        with translated(context):
            if len(attempts) <= attempts_that_fail:
                raise error

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([bars], instance=instance, raise_on_error=False)
        return result, len(attempts), instance.get_run_by_id(result.run_id)


@pytest.mark.parametrize("kind", [SourceUnavailableError, StorageConflictError])
def test_a_retryable_error_is_tried_again_until_it_works(kind):
    result, attempts, run = run_of(kind("fetching bars", "no answer", "try later"), attempts_that_fail=2)

    assert result.success
    assert attempts == 3
    assert "dagster/max_retries" not in run.tags


def test_a_retryable_error_that_stays_fails_after_the_policys_retries():
    result, attempts, _ = run_of(SourceUnavailableError("fetching bars", "no answer", "try later"))

    assert not result.success
    assert attempts == 4


def test_a_permanent_error_is_tried_once_and_the_run_is_stamped_against_run_retries():
    """Dagster's run-retry daemon reads the tag; the step's policy reads `allow_retries`."""
    result, attempts, run = run_of(BadInputError(*SENTENCE))

    assert not result.success
    assert attempts == 1
    assert run.tags["dagster/max_retries"] == "0"


def test_the_ui_is_told_what_was_done_seen_and_what_to_do():
    result, _, _ = run_of(BadInputError(*SENTENCE))

    (failed,) = [event for event in result.all_events if event.is_step_failure]
    told = failed.step_failure_data.user_failure_data
    shown = {name: value.value for name, value in told.metadata.items()}
    assert told.description == "fetching bars: the source has no such fund; correct etf_pools.yaml."
    assert shown == {
        "error": "BadInputError",
        "doing": SENTENCE[0],
        "saw": SENTENCE[1],
        "what to do": SENTENCE[2],
        "retryable": False,
    }


def test_every_asset_and_check_has_the_retry_policy(small, tmp_path):
    definitions = definitions_of(small.open(tmp_path))
    ops = [op for job in ("daily", "portfolio", "history") for op in definitions.resolve_job_def(job).all_node_defs]

    assert len(ops) > 20
    assert {op.retry_policy for op in ops} == {RETRY}


def test_a_source_that_cannot_be_used_fails_the_real_asset_once_with_a_sentence(small, folder):
    """A folder source without a folder: permanent, so the step does not wait for retries."""
    platform = small.open(folder)
    broken = replace(platform, workspace=replace(platform.workspace, source="tushare_daily", data=folder / "nowhere"))
    with open_instance(broken.workspace) as instance:
        result = (
            definitions_of(broken)
            .resolve_job_def("daily")
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(["market", "OTHER", "bars"])],
                partition_key=small.next_day,
                raise_on_error=False,
            )
        )
        tags = instance.get_run_by_id(result.run_id).tags

    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert str(folder / "nowhere") in failed.step_failure_data.user_failure_data.description
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert tags["dagster/max_retries"] == "0"


@pytest.mark.parametrize(
    ("state", "passed", "severity"),
    [
        (State.PASS, True, "ERROR"),
        (State.WARN, False, "WARN"),
        (State.FAIL, False, "ERROR"),
        (State.BLOCKED, False, "ERROR"),
    ],
)
def test_the_four_states_as_check_results(small, tmp_path, state, passed, severity):
    """Missing input is an error, never a pass; a warning does not block."""
    fuse = next(f for f in enabled_fuses(small.open(tmp_path).config) if f.name == "freshness")
    shown = result_of(fuse, Reading(state=state, reason="why", limit=0.0), dg.AssetKey(["market", "X", "bars"]))

    assert (shown.passed, shown.severity.value, shown.description) == (passed, severity, "why")
    assert shown.metadata["state"].value == state
