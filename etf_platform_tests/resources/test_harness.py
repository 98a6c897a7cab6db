"""The harness drives a real Dagster: runs over GraphQL, backfills through the daemon, pictures of its pages."""

from pathlib import Path

import pytest

from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.instance.config import write_dagster_home
from etf_platform_tests.resources.browser import screenshot
from etf_platform_tests.resources.dagster_process import serve_dagster

pytestmark = pytest.mark.ui

BARS, PANEL = ("market", "TINY", "bars"), ("factors", "TINY", "panel")
THREE_WEEKS = [f"2024-01-{day:02}" for day in range(8, 29)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ui")
    home = write_dagster_home(Workspace(home=folder / "home", config=folder))
    workspace = folder / "workspace.yaml"
    location = Path(__file__).with_name("tiny_location.py")
    workspace.write_text(f"load_from:\n  - python_file:\n      relative_path: {location}\n")
    with serve_dagster(home, workspace) as served:
        yield served


@pytest.fixture(scope="module")
def backfill_id(served):
    """A backfill started before everything else: the daemon looks for new ones every 30 seconds only."""
    return served.api.launch_backfill([PANEL], THREE_WEEKS)


def test_a_run_over_graphql_materialises_one_day_and_its_check(served, backfill_id):
    run_id = served.api.launch_run([BARS, PANEL], {"dagster/partition": "2024-01-03"})

    assert served.api.wait_for_run(run_id)["status"] == "SUCCESS"
    assert served.api.asset(PANEL)["partitionStats"]["numMaterialized"] >= 1
    assert served.api.checks(BARS)["bars_are_there"]["executionForLatestMaterialization"]["status"] == "SUCCEEDED"


def test_the_pages_show_the_assets(served, tmp_path):
    """The lineage page folds assets into their groups; an asset's own page lists its partitions."""
    screenshot(f"{served.url}/asset-groups", tmp_path / "groups.png", contains=("market", "factors"))
    text = screenshot(
        f"{served.url}/assets/market/TINY/bars?view=events", tmp_path / "bars.png", contains="row_count", settle=3
    )

    assert "2024-01-03" in text
    assert (tmp_path / "groups.png").stat().st_size > 20_000
    assert (tmp_path / "bars.png").stat().st_size > 20_000


def test_a_backfill_is_one_run_of_the_daemon_and_every_day_of_it_is_shown(served, backfill_id, tmp_path):
    runs = served.api.wait_for_runs_of_backfill(backfill_id)

    days = tuple(THREE_WEEKS[-12:])
    screenshot(f"{served.url}/assets/factors/TINY/panel?view=events", tmp_path / "days.png", contains=days)
    assert [run["status"] for run in runs] == ["SUCCESS"]
    assert served.api.asset(PANEL)["partitionStats"]["numMaterialized"] >= len(THREE_WEEKS)
