"""Fail-safe rules of the running product: Dagster's daemon runs operations, its sensors freeze, degrade and retrain.

One home with three strategies, each going wrong in its own way (`resources.operated_home`), and one daemon. Nothing is
written for the rules to see: the metrics, comparisons and drift are those that the runs compute.
"""

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from etf_platform.core import tables as t
from etf_platform.orchestration.instance.config import write_dagster_home
from etf_platform.orchestration.paper_imports import import_fills
from etf_platform.storage.events import events
from etf_platform_tests.resources import operated_home
from etf_platform_tests.resources.command import invoke
from etf_platform_tests.resources.dagster_process import serve_dagster
from etf_platform_tests.resources.operated_home import DAYS, DEVIATING, DRIFTING, MAJOR, POOLS

pytestmark = pytest.mark.ui

CODE_LOCATION = "load_from:\n  - python_module:\n      module_name: etf_platform.definitions\n      attribute: defs\n"
RUNS_OF = """query($job: String!) { runsOrError(filter: {pipelineName: $job}) { __typename
  ... on Runs { results { runId status tags { key value } } } } }"""
JUDGED = ("governance/{}/consistency", "drift/{}/features", "kpi/{}/values", "governance/{}/gates")
PATIENCE = 240  # seconds; nothing is asserted about time
STATUS = ["governance", "portfolio", "status"]


@pytest.fixture(scope="module")
def operated():
    """The home after three sessions under the daemon; what its runs and sensors did."""
    with tempfile.TemporaryDirectory(prefix="etf_ops_") as name:
        folder = Path(name)
        platform = operated_home.make(folder)
        dear = operated_home.dear_fills(platform, DEVIATING, DAYS[0], folder / "broker.csv")
        import_fills(platform, DEVIATING, dear.read_bytes(), dear.name)
        (folder / "workspace.yaml").write_text(CODE_LOCATION)
        workspace = platform.workspace
        with serve_dagster(write_dagster_home(workspace), folder / "workspace.yaml", workspace.to_env()) as served:
            began = time.monotonic()
            seen = live_through(served.api, platform)
            seen["seconds"] = time.monotonic() - began
        seen |= {"platform": platform, "ledger": events(platform.ops), "letters": letters(workspace.home)}
        yield seen
        platform.ops.dispose()


def live_through(api, platform):
    """The first session as the daemon does it, evening and morning; the other two accounts first, then a backfill."""
    first = {"dagster/partition": str(DAYS[0])}
    evening = api.wait_for_run(api.launch_job("portfolio", first), PATIENCE)
    wait_for(lambda: ended(api, "account"))
    morning = api.wait_for_run(api.launch_job("operations", first), PATIENCE)
    wait_for(lambda: on_record(platform, "release.rolled_back") and on_record(platform, "retrain.opened"))
    others = {"dagster/asset_partition_range_start": str(DAYS[1]), "dagster/asset_partition_range_end": str(DAYS[-1])}
    api.wait_for_run(api.launch_job("account", others), PATIENCE)
    keys = [address.format(pool).split("/") for pool in POOLS for address in JUDGED]
    backfill = api.launch_backfill(keys, [str(day) for day in DAYS[1:]])
    wait_for(lambda: ended(api, "retrain"))
    later = api.wait_for_runs_of_backfill(backfill, PATIENCE)
    wait_for(lambda: "major_risk" in {e.payload["rule"] for e in on_record(platform, "freeze.on")})
    wait_for(lambda: any("major_risk" in text for text in letters(platform.workspace.home)))
    return {
        "evening": evening,
        "account": ended(api, "account"),
        "morning": morning,
        "later": later,
        "retrain": ended(api, "retrain"),
        "status": api.asset(STATUS)["assetMaterializations"],
    }


def ended(api, job):
    """Runs of a job that are over."""
    found = api.ask(RUNS_OF, job=job)["runsOrError"]["results"]
    return [run for run in found if run["status"] in ("SUCCESS", "FAILURE", "CANCELED")]


def on_record(platform, kind):
    return events(platform.ops, {kind})


def letters(home):
    """Texts of the letters that were delivered to the folder of alerts."""
    return [path.read_text(encoding="utf-8") for path in sorted((home / "alerts").rglob("*.md"))]


def wait_for(look, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.5)
    return seen


def told(operated, *words):
    """Letters that hold all of these words."""
    return [text for text in operated["letters"] if all(word in text for word in words)]


def of(operated, kind, subject):
    return [event for event in operated["ledger"] if event.kind == kind and event.subject == subject]


def account_of(operated, pool):
    return operated["platform"].lake.read(t.PAPER_ACCOUNT, pool).set_index("date")


def test_the_account_followed_the_portfolio_by_its_sensor(operated):
    print(f"three sessions under the daemon: {operated['seconds']:.0f} s")
    started = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in operated["account"]]
    (tags,) = [tags for tags in started if "dagster/sensor_name" in tags]

    assert tags["dagster/sensor_name"] == f"account_after_portfolio_{operated['evening']['status'].lower()}"
    assert tags["dagster/partition"] == str(DAYS[0])
    assert {run["status"] for run in operated["account"]} == {"SUCCESS"}


def test_a_closed_gate_fails_the_run_and_hides_no_figure(operated):
    """The run of the first morning: everything was computed, then the gates closed."""
    steps = {step["stepKey"]: step["status"] for step in operated["morning"]["stepStats"]}

    assert operated["morning"]["status"] == "FAILURE"
    assert {steps[f"{name}__{pool}__{last}"] for pool in POOLS for name, last in (("kpi", "values"),)} == {"SUCCESS"}
    assert {steps[f"governance__{pool}__gates"] for pool in POOLS} == {"SUCCESS"}
    assert [run["status"] for run in operated["later"]] == ["FAILURE"]


def test_two_days_of_major_risk_freeze_releases_and_refuse_a_promotion(operated):
    platform = operated["platform"]
    frozen = of(operated, "freeze.on", MAJOR)
    shared = ("--home", platform.workspace.home, "--config", platform.workspace.config, "--source", "sample")
    refused = invoke(("gov", "promote", "R3", "--date", DAYS[1], *shared))

    assert [(event.payload["rule"], event.as_of) for event in frozen] == [("major_risk", DAYS[1])]
    assert told(operated, MAJOR, "major_risk >= 1 on 2 sessions in a row")
    assert refused.exit_code == 1
    assert f"frozen since {DAYS[1]}" in refused.output


def test_a_live_deviation_degrades_to_the_last_stable_release(operated):
    """R2 stood in S50 above R1, half and half; from the next session on the account follows R1 alone."""
    (back,) = of(operated, "release.rolled_back", "R2")
    shadows = operated["platform"].lake.read(t.PAPER_RELEASES, DEVIATING)
    shares = [
        dict(zip(rows["release_id"], rows["share"], strict=True))
        for rows in (shadows[(shadows["date"] == str(day)) & (shadows["origin"] == "shadow")] for day in DAYS[:2])
    ]

    assert (back.payload["rules"], back.payload["to"], back.as_of) == (["live_deviation"], "R1", DAYS[0])
    assert told(operated, "R2 was rolled back to R1")
    assert DAYS[0] in {event.as_of for event in of(operated, "freeze.on", DEVIATING)}
    assert shares == [{"R1": 0.5, "R2": 0.5}, {"R1": 1.0}]


def test_three_sessions_of_drift_start_a_retrain_and_freeze_until_it_is_closed_and_signed(operated):
    (opened,) = of(operated, "retrain.opened", DRIFTING)
    (closed,) = of(operated, "retrain.closed", DRIFTING)
    frozen = of(operated, "freeze.on", DRIFTING)
    (run, *others) = operated["retrain"]
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}

    assert (tags["dagster/sensor_name"], run["status"], others) == ("retrain_where_open", "SUCCESS", [])
    assert closed.payload["opened"] == opened.key
    assert [event.payload["rule"] for event in frozen] == ["drift_retrain"]
    assert not of(operated, "freeze.off", "releases")
    assert told(operated, DRIFTING, "drift_alarm >= 1 on 3 sessions in a row")


def test_drift_at_retrain_halves_the_exposure_of_the_next_account_day(operated):
    account = account_of(operated, DRIFTING)

    assert [account.loc[str(day), "exposure"] for day in DAYS[:2]] == [1.0, 0.5]


def test_what_is_in_force_is_shown_after_the_acts(operated):
    assert operated["status"]


def test_every_session_was_closed_once_and_in_order(operated):
    with closing(sqlite3.connect(operated["platform"].workspace.home / "ops.db")) as ops:
        held = dict(ops.execute("SELECT name, value FROM cursors WHERE name LIKE 'closing/%'").fetchall())
    fired = [e.as_of for e in operated["ledger"] if e.kind == "failsafe.fired"]

    assert held == {f"closing/{pool}": str(DAYS[-1]) for pool in POOLS}
    assert fired == sorted(fired)
    assert len({e.key for e in operated["ledger"]}) == len(operated["ledger"])
