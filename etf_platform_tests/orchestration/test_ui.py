"""The real thing: webserver, daemon and code server on a persistent home, driven through GraphQL and a browser.

With the environment variable `ETF_PLATFORM_PICTURES` set to a folder, the pictures are kept there.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from etf_platform.orchestration.instance.config import write_dagster_home
from etf_platform_tests.resources.browser import open_browser
from etf_platform_tests.resources.dagster_process import serve_dagster

pytestmark = pytest.mark.ui

CHAIN = [["market", "A_SHARE", "bars"], ["factors", "A_SHARE", "panel"], ["strategies", "A_SHARE", "targets"]]
WEEK = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"]
STOPPED_BARS, STOPPED_PANEL = ["market", "OTHER", "bars"], ["factors", "OTHER", "panel"]
LAYERS = ("market", "factors", "strategies", "backtest", "kpi", "reports", "governance")
OF_POOLS = (  # of many assets the page draws a part
    'key:"*/A_SHARE/*" or key:"*/OTHER/*" or (key:"*/portfolio/*" and not group:"governance")'
)
EXPANDED = ",".join(f"global@global:{layer}" for layer in LAYERS)
OPEN_FIRST_PLOT = """const found = [...document.querySelectorAll('*')]
  .find(e => e.children.length == 0 && e.textContent.includes('Show Markdown'));
if (found) { found.click(); } return Boolean(found)"""
WIDTH_OF_PLOT = "const i = document.querySelector('img[src^=\"data:image/png\"]'); return i ? i.naturalWidth : 0"
CODE_LOCATION = "load_from:\n  - python_module:\n      module_name: etf_platform.definitions\n      attribute: defs\n"


@pytest.fixture(scope="module")
def served(small, good_home):
    """A copy of the good home, with a limit that stops the pool OTHER, served by Dagster's own processes.

    It lies in a folder with a short name, because the pages show paths.
    """
    with tempfile.TemporaryDirectory(prefix="etf_") as name:
        folder = Path(name)
        shutil.copytree(good_home, folder / "home")
        workspace = small.open(folder, max_excluded_share=0.0, has_universes=False).workspace
        (folder / "workspace.yaml").write_text(CODE_LOCATION)
        with serve_dagster(write_dagster_home(workspace), folder / "workspace.yaml", workspace.to_env()) as served:
            yield served


@pytest.fixture(scope="module")
def backfill_id(served):
    """Started before everything else: the daemon looks for new backfills every 30 seconds only."""
    return served.api.launch_backfill(CHAIN, WEEK)


@pytest.fixture(scope="module")
def stopped_run(served, backfill_id):
    """A run of bars and panel of the pool that stops itself, while the backfill waits for the daemon."""
    run_id = served.api.launch_run([STOPPED_BARS, STOPPED_PANEL], {"dagster/partition": WEEK[0]})
    return served.api.wait_for_run(run_id)


@pytest.fixture
def pictures(tmp_path):
    return Path(os.environ.get("ETF_PLATFORM_PICTURES") or tmp_path)


def test_the_schedule_the_sensors_and_the_daemon_are_there(served, backfill_id):
    there = served.api.instigators()

    assert "daily" in there["schedules"]
    assert there["sensors"]["portfolio_after_daily_failure"] == "RUNNING"
    assert {"daily", "portfolio", "history", "checks", "maintenance"} <= set(there["jobs"])


def test_a_failing_fuse_stops_the_downstream_asset_for_everybody_to_see(served, stopped_run):
    """The check says ERROR and why, the downstream step was never started, the run failed."""
    check = served.api.checks(STOPPED_BARS)["broken_members"]
    evaluation = check["executionForLatestMaterialization"]["evaluation"]
    started = {step["stepKey"] for step in stopped_run["stepStats"] if step["status"] in ("SUCCESS", "FAILURE")}

    assert stopped_run["status"] == "FAILURE"
    assert check["blocking"]
    assert (evaluation["success"], evaluation["severity"]) == (False, "ERROR")
    assert "159998.SZ" in evaluation["description"]
    assert "market__OTHER__bars" in started
    assert "factors__OTHER__panel" not in started


def test_a_backfill_of_a_week_is_one_run_and_materialises_every_day_of_the_chain(served, backfill_id, stopped_run):
    """The history and the good day before were loaded by the command line's runner, into the same home."""
    runs = served.api.wait_for_runs_of_backfill(backfill_id)

    assert [run["status"] for run in runs] == ["SUCCESS"], [run["stepStats"] for run in runs]
    for key in CHAIN:
        assert served.api.asset(key)["partitionStats"]["numMaterialized"] == 1 + len(WEEK)


def test_the_graph_page_shows_every_layer_with_its_assets(served, stopped_run, pictures):
    with open_browser((1600, 1000)) as browser:
        page = f"{served.url}/asset-groups~{quote(OF_POOLS, safe='')}?expanded={EXPANDED}"
        browser.open(page, contains=(*LAYERS, "capacity", "targets"))
        browser.picture(pictures / "asset_graph.png")


def test_an_assets_page_tells_that_data_are_simulated_and_shows_columns_figures_and_plots(served, pictures):
    with open_browser((1500, 1100)) as browser:
        page = f"{served.url}/assets/backtest/A_SHARE/rotation?view=overview"
        text = browser.open(page, contains=("SIMULATED DATA", "sharpe", "portfolio_value"))
        wait_for(lambda: browser.script(OPEN_FIRST_PLOT))
        width = wait_for(lambda: browser.script(WIDTH_OF_PLOT))
        browser.picture(pictures / "backtest_asset.png")

    assert "cash + holdings at the close [CNY]" in text
    assert width > 400


def wait_for(look, seconds=15):
    """The first true answer of `look`."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "the page did not show it"
        time.sleep(0.2)
    return seen
