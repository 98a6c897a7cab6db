"""Holdings and the funds that hold stocks through their steps; the whole tracker's data on the simulator."""

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.stocks import load_fund_bars, load_stock_bars, write_holdings, write_stock_list
from etf_platform_tests.resources.stock_files import DAYS, configured, whole_window, window, write_files


@pytest.fixture
def data(tmp_path):
    return write_files(tmp_path / "data")


@pytest.fixture
def recorded(tmp_path, data):
    return Platform.open(Workspace(tmp_path / "home", configured(tmp_path / "configs"), "cn_stock_raw", data))


def _again(platform, home):
    """The same installation with another, empty home."""
    return Platform.open(Workspace(home, platform.workspace.config, platform.workspace.source, platform.workspace.data))


def _bars(platform, universe):
    return platform.lake.read(t.BARS, universe)


def test_holdings_of_files_and_uploads_with_everything_refused_in_the_facts(recorded):
    folder = recorded.workspace.home / "holdings"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text(
        "fund,stock,weight,as_of\n512010,600276,0.09,2023-12-29\n512010,xyz,0.01,2023-12-29\n"
    )
    (folder / "percent.csv").write_text("fund,stock,weight,as_of\n512010,600276,9.4,2023-12-29\n")

    outcome = write_holdings(recorded, "FUND", whole_window())
    rows = recorded.lake.read(t.FUND_HOLDINGS, "FUND")
    assert rows.groupby("symbol").size().to_dict() == {"510300.SH": 2, "512010.SH": 1, "512880.SH": 1}
    assert "159949.SZ: refused" in outcome.facts["refused"]
    assert "512010.SH xyz: no stock" in outcome.facts["refused"]
    assert outcome.facts["files or pages that could not be read"].startswith("percent.csv: row 2")
    assert outcome.facts["510300.SH"] == (
        "2 stocks, top10, sum 0.0800, as of 2023-12-15, usable from 2023-12-18 (estimated)"
    )


def test_one_broken_file_of_holdings_loses_no_other_and_all_broken_is_an_error(recorded, data):
    (data / "weights.json").write_text("{ cut")
    folder = recorded.workspace.home / "holdings"
    folder.mkdir(parents=True)
    good = folder / "good.csv"
    good.write_text("fund,stock,weight,as_of\n512010,600276,0.09,2023-12-29\n")

    outcome = write_holdings(recorded, "FUND", whole_window())
    assert outcome.facts["rows"] == 1
    assert "weights.json: no JSON" in outcome.facts["files or pages that could not be read"]
    good.unlink()
    with pytest.raises(BadInputError, match=r"weights\.json"):
        write_holdings(recorded, "FUND", whole_window())
    assert len(recorded.lake.read(t.FUND_HOLDINGS, "FUND")) == 1


def test_funds_are_the_watched_ones_and_those_with_holdings(recorded):
    load_fund_bars(recorded, "FUND", window(DAYS[0], DAYS[3]))
    assert set(_bars(recorded, "FUND")["symbol"]) == {"510300.SH"}

    write_holdings(recorded, "FUND", whole_window())
    outcome = load_fund_bars(recorded, "FUND", whole_window())
    assert set(_bars(recorded, "FUND")["symbol"]) == {"510300.SH", "512880.SH"}
    assert outcome.facts["rows"] == 2 * len(DAYS)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """An installation on the simulator with some months of history."""
    folder = tmp_path_factory.mktemp("simulated")
    platform = Platform.open(Workspace(folder / "home", packaged_config()))
    for step, universe in (
        (write_stock_list, "STOCK"),
        (write_holdings, "FUND"),
        (load_fund_bars, "FUND"),
        (load_stock_bars, "STOCK"),
    ):
        step(platform, universe, window("2024-01-02", "2024-06-28"))
    return platform


def test_an_installation_on_the_simulator_has_everything_and_says_so(simulated):
    for table, universe in (
        (t.BARS, "STOCK"),
        (t.STOCK_LIST, "STOCK"),
        (t.BARS, "FUND"),
        (t.FUND_HOLDINGS, "FUND"),
    ):
        rows = simulated.lake.read(table, universe)
        assert len(rows)
        assert rows["source"].str.contains("simulated").all()


def test_simulated_days_alone_are_those_of_the_range(simulated, tmp_path):
    other = _again(simulated, tmp_path / "home")
    day = "2024-05-08"

    for step, universe in ((load_stock_bars, "STOCK"), (load_fund_bars, "FUND")):
        step(other, universe, window(day, day))
        expected = simulated.lake.read(t.BARS, universe, start=day, end=day)
        pd.testing.assert_frame_equal(other.lake.read(t.BARS, universe), expected, check_exact=True)


def test_without_any_holdings_the_table_is_there_and_empty(tmp_path, data):
    config = configured(tmp_path / "configs", holdings=[])
    platform = Platform.open(Workspace(tmp_path / "home", config, "cn_stock_raw", data))

    outcome = write_holdings(platform, "FUND", whole_window())
    assert platform.lake.read(t.FUND_HOLDINGS, "FUND").empty
    assert (outcome.facts["rows"], outcome.facts["refused"]) == (0, "none")
