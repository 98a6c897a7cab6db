"""Bars of a universe in the lake: one commit from several sources, simulated or recorded but never both."""

import shutil
from datetime import date

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.market import load_universe_bars

FUNDS = ("QQQ.US", "SPY.US", "GLD.US")


def _window(start: str, end: str) -> Window:
    return Window(date.fromisoformat(start), date.fromisoformat(end), "test")


@pytest.fixture
def simulated(tmp_path):
    return Platform.open(Workspace(tmp_path / "home", packaged_config()))


@pytest.fixture
def recorded(tmp_path, shared):
    """An installation on a copy of the recorded US files; a pool of it would read Chinese funds."""
    shutil.copytree(shared("data/us"), tmp_path / "data" / "us")
    for file in (tmp_path / "data" / "us").iterdir():
        file.chmod(0o644)
    where = Workspace(tmp_path / "home", packaged_config(), "etf_qfq_eastmoney", tmp_path / "data")
    return Platform.open(where)


def test_an_installation_on_the_simulator_is_simulated_throughout(simulated):
    assert {simulated.source_of("US", s) for s in simulated.config.members("US")} == {"sample"}


def test_on_recorded_data_a_universe_reads_its_own_sources(tmp_path):
    platform = Platform.open(Workspace(tmp_path, packaged_config(), "etf_qfq_eastmoney", tmp_path))

    read_from = {symbol: platform.source_of("US", symbol) for symbol in platform.config.members("US")}
    assert read_from == dict.fromkeys(FUNDS, "us_total_return") | {"^NDX": "us_ndx", "^VIX": "us_vix"}
    assert platform.source_of("A_SHARE", "510300.SH") == "etf_qfq_eastmoney"


def test_a_universe_has_its_own_sessions_and_history(simulated):
    assert (simulated.sessions("US").exchange, simulated.sessions("A_SHARE").exchange) == ("XNYS", "XSHG")
    assert simulated.sessions("portfolio").exchange == "XSHG"
    assert simulated.history_start("US") == date(1985, 10, 1)
    assert simulated.history_start("A_SHARE") == date(2015, 1, 5)


def test_the_first_run_loads_everything_and_the_next_one_what_is_new(simulated):
    first = load_universe_bars(simulated, "US", _window("2024-03-14", "2024-03-14"))
    second = load_universe_bars(simulated, "US", _window("2024-03-18", "2024-03-18"))

    bars = simulated.lake.read(t.BARS, "US")
    assert first.facts["rows"] == len(bars) - 10
    assert second.facts["rows"] == 10  # Friday the 15th was missed
    assert bars["date"].max() == pd.Timestamp("2024-03-18")
    assert len(bars) == 5 * len(simulated.sessions("US").between(bars["date"].min(), "2024-03-18"))


def test_the_recorded_universe_is_one_commit_with_every_row_accounted_for(recorded):
    outcome = load_universe_bars(recorded, "US", _window("2024-08-30", "2024-08-30"))

    assert [w.version for w in outcome.written] == [0, 0, 0, 0]
    told = outcome.frames["rows by symbol and verdict"].set_index(["symbol", "verdict"])["rows"].to_dict()
    assert {k[1]: n for k, n in told.items() if k[0] == "^NDX"} == {
        "accepted": 9_807, "identical repetition dropped": 5_034, "duplicate": 2}  # fmt: skip
    members = recorded.lake.read(t.MEMBERS, "US").set_index("symbol")
    assert members["source"].to_dict() == dict.fromkeys(FUNDS, "local:us_total_return") | {
        "^NDX": "local:us_ndx", "^VIX": "local:us_vix"}  # fmt: skip
    assert members.loc["^NDX", ["rows", "quarantined_rows"]].tolist() == [9_807, 2]


def test_a_restated_file_replaces_all_its_rows(recorded):
    """A later dividend lowers every earlier adjusted price: rows of both files must not stand side by side."""
    load_universe_bars(recorded, "US", _window("2024-08-29", "2024-08-29"))
    file = recorded.workspace.data / "us" / "QQQ_total_return_adjusted.csv"
    rows = pd.read_csv(file)
    rows[["open", "high", "low", "close"]] *= 0.99
    rows.to_csv(file, index=False)

    load_universe_bars(recorded, "US", _window("2024-08-30", "2024-08-30"))

    bars = recorded.lake.read(t.BARS, "US")
    qqq = bars[bars["symbol"] == "QQQ.US"].set_index("date")
    assert (qqq.loc[:"2024-08-29", "revision"] == 1).all()
    assert (bars[bars["symbol"] != "QQQ.US"]["revision"] == 0).all()
    assert qqq["close"].pct_change().abs().max() < 0.17
    assert qqq.loc["1999-03-10", "close"] == pytest.approx(43.12863159179688 * 0.99)


def test_the_bar_of_a_session_still_open_is_not_stored(simulated, monkeypatch):
    monkeypatch.setattr(
        "etf_platform.orchestration.steps.market._now", lambda: pd.Timestamp("2024-03-15 15:59", tz="America/New_York")
    )

    outcome = load_universe_bars(simulated, "US", _window("2024-03-15", "2024-03-15"))

    told = outcome.frames["rows by symbol and verdict"].set_index(["symbol", "verdict"])["rows"].to_dict()
    assert simulated.lake.read(t.BARS, "US")["date"].max() == pd.Timestamp("2024-03-14")
    assert told["QQQ.US", "session still open"] == 1
