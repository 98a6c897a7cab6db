"""A halting fuse has three gates: the blocking check, the automation condition, the refusal in the asset itself."""

import json
import shutil
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.report import release

REASON = "159998.SZ"  # the member without data, named by the fuse `broken_members`
CHECK_STEP = "market__OTHER__bars__fuses"
POOLS = {
    "A_SHARE": ["510050.SH", "510300.SH", "510500.SH", "159915.SZ", "159919.SZ"],
    "OTHER": ["512480.SH", "512720.SH", "512800.SH", "512980.SH", REASON],
}


class Stopped:
    """A day on which the pool OTHER stops itself, because one member without data is one too many."""

    def __init__(self, small, folder):
        self.small, self.folder, self.day = small, folder, small.next_day
        self.platform = small.open(folder, "strict", max_excluded_share=0.0)
        self.results = small.run(self.platform, self.day)

    def last(self, table, pool):
        return self.platform.lake.read(table, pool, columns=["date"])["date"].max().date().isoformat()

    def skipped(self):
        """Steps of the `daily` run that were never started."""
        with open_instance(self.platform.workspace) as instance:
            stats = instance.get_run_step_stats(self.results["daily"].run_id)
            run = instance.get_run_by_id(self.results["daily"].run_id)
            planned = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
        done = {s.step_key for s in stats if str(s.status).endswith(("SUCCESS", "FAILURE"))}
        return set(planned) - done


@pytest.fixture(scope="module")
def stopped(small, good_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(good_home, folder / "home")
    return Stopped(small, folder)


def materialize(platform, addresses, day):
    """A run of some assets with their checks on one session."""
    with open_instance(platform.workspace) as instance:
        return (
            definitions_of(platform)
            .resolve_job_def("daily")
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(address.split("/")) for address in addresses],
                partition_key=day,
                raise_on_error=False,
            )
        )


def test_the_blocking_check_stops_everything_downstream_in_the_same_pool(stopped):
    everything_below = {"factors", "strategies", "backtest", "kpi", "risk"}

    assert not stopped.results["daily"].succeeded
    assert {step.split("__")[0] for step in stopped.skipped()} == everything_below
    assert {step.split("__")[1] for step in stopped.skipped()} == {"OTHER"}
    assert stopped.last(t.BARS, "OTHER") == stopped.day
    assert {stopped.last(table, "OTHER") for table in (t.PANEL, t.TARGETS, t.EQUITY, t.KPI)} == {stopped.small.good_day}


def test_the_other_pool_goes_on_in_the_same_run(stopped):
    tables = (t.BARS, t.PANEL, t.TARGETS, t.EQUITY, t.KPI)

    assert {stopped.last(table, "A_SHARE") for table in tables} == {stopped.day}


def test_the_run_tells_which_check_failed(stopped):
    problems = dict(stopped.results["daily"].problems)

    assert list(problems) == [CHECK_STEP]
    assert "broken_members" in problems[CHECK_STEP]


def test_the_daily_report_is_written_and_says_blocked_and_why(stopped):
    report = (stopped.platform.workspace.reports / "daily" / f"{stopped.day}.md").read_text(encoding="utf-8")

    told = [line for line in report.splitlines() if "OTHER" in line and "BLOCKED" in line]
    assert told
    assert any("broken_members" in line and REASON in line for line in report.splitlines())


def test_the_snapshot_of_that_day_is_in_quarantine_with_the_reason(stopped):
    """The snapshot of the good day before stands beside it."""
    root = stopped.platform.workspace.resolve(stopped.platform.config.etf_pools.paths.snapshots_root)
    newest = max(root.iterdir(), key=lambda folder: folder.stat().st_mtime)
    meta = json.loads((newest / "snapshot_meta.json").read_text(encoding="utf-8"))

    assert newest.name.startswith("quarantine_")
    assert any("broken_members" in reason and "OTHER" in reason for reason in meta["reasons"])


def test_a_later_run_of_only_the_downstream_asset_is_refused_with_the_fuses_name(stopped):
    """Dagster's own blocking check protects its own run only."""
    result = materialize(stopped.platform, ["factors/OTHER/panel"], stopped.day)

    (failed,) = [event for event in result.all_events if event.is_step_failure]
    told = failed.step_failure_data.user_failure_data.description
    assert "broken_members" in told and REASON in told
    assert stopped.last(t.PANEL, "OTHER") == stopped.small.good_day


def test_the_gate_opens_when_the_fuse_passes_again(stopped):
    """Here the cause is repaired by a limit that tolerates one member of five."""
    home = stopped.folder.with_name("repaired")
    shutil.copytree(stopped.folder / "home", home / "home")
    platform = stopped.small.open(home, max_excluded_share=0.2)
    result = materialize(platform, ["market/OTHER/bars"], stopped.day)
    later = materialize(platform, ["factors/OTHER/panel"], stopped.day)

    assert result.success and later.success
    assert platform.lake.read(t.PANEL, "OTHER", columns=["date"])["date"].max().date() == date(2024, 3, 4)


WITHOUT_IT = {"A_SHARE": POOLS["A_SHARE"], "OTHER": POOLS["OTHER"][:4]}
NEXT = {"factors/OTHER/panel"}


@pytest.mark.parametrize(("pools", "asked"), [(POOLS, set()), (WITHOUT_IT, NEXT)], ids=["failed", "passed"])
def test_automation_asks_for_downstream_assets_only_when_the_blocking_checks_passed(small, folder, pools, asked):
    """`evaluate_automation_conditions` right after new bars and their checks, at 19:00 of the day."""
    platform = small.open(folder, max_excluded_share=0.0, pools=pools)
    definitions, now = definitions_of(platform), datetime(2024, 3, 4, 19, tzinfo=ZoneInfo("Asia/Shanghai"))
    with open_instance(platform.workspace) as instance:
        before = dg.evaluate_automation_conditions(definitions, instance, evaluation_time=now)
    materialize(platform, ["market/OTHER/bars"], small.next_day)
    with open_instance(platform.workspace) as instance:
        after = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor, evaluation_time=now)

    requested = {r.key.to_user_string() for r in after.results if not r.true_subset.is_empty}
    assert requested == asked


@pytest.mark.parametrize(("source", "waits"), [("sample", set()), ("live", {"sources_agree"})])
def test_a_release_waits_for_the_fuses_of_the_session_that_this_source_has(tmp_path, source, waits):
    """Names are told at another time of the day; without a second provider there is nothing to agree with."""
    platform = Platform.open(Workspace(tmp_path, packaged_config(), source))

    state, reasons = release(platform, pd.Timestamp("2024-03-01"))

    never_judged = {reason.split()[1] for reason in reasons}
    assert state is State.BLOCKED
    assert never_judged & {"sources_agree", "names_agree"} == waits
    assert {"freshness", "coverage", "calendar_end", "backtest_thresholds"} <= never_judged
