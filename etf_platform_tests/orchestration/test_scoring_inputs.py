"""Inputs of the scores in the lake: loaded whole once, appended later, and kept when a source breaks."""

import shutil
from datetime import date

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.errors import PlatformError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.scoring_inputs import calendars, load_asset_bars, write_series

US = "us/QQQ_total_return_adjusted.csv"
VIX = "us/VIX_daily.csv"


def window(start, end=None):
    return Window(date.fromisoformat(start), date.fromisoformat(end or start), "test")


def run(platform, *windows):
    return [(load_asset_bars(platform, "ASSETS", w), write_series(platform, "ASSETS", w)) for w in windows]


def stored(platform):
    return [platform.lake.read(table, "ASSETS") for table in (t.BARS, t.ASSET_SERIES, t.QUARANTINE)]


@pytest.fixture
def simulated(tmp_path):
    def opened(name):
        return Platform.open(Workspace(tmp_path / name, packaged_config()))

    return opened


@pytest.fixture
def recorded(tmp_path):
    """Opens homes on recorded files made by the test: two assets of New York, PE and VIX."""
    config, data = tmp_path / "configs", tmp_path / "data"
    shutil.copytree(packaged_config(), config)
    text = (config / "scoring.yaml").read_text(encoding="utf-8")
    listed = parse_yaml(text)["recorded"]
    assert {"us_total_return"} == {listed["bars"][key]["source"] for key in ("GOLD", "NASDAQ")}
    start, end = text.index("recorded:"), text.index("\nassets:")
    small = (
        "recorded:\n  bars:\n"
        "    GOLD: {source: us_total_return, symbol: GLD.US, is_proxy: true}\n"
        "    NASDAQ: {source: us_total_return, symbol: QQQ.US, is_proxy: true}\n"
        "  series:\n"
        "    pe: {path: macro/pe.csv, date: date, column: pe, asset: HS300}\n"
        "    vix: {path: us/VIX_daily.csv, date: DATE, column: CLOSE, lag_sessions: 1}\n"
    )
    (config / "scoring.yaml").write_text(text[:start] + small + text[end:], encoding="utf-8")
    for folder in ("us", "macro"):
        (data / folder).mkdir(parents=True)
    days = pd.bdate_range("2024-03-04", "2024-03-22").strftime("%Y-%m-%d")
    for name in ("QQQ", "GLD"):
        rows = [f"{day},{400 + i},{405 + i},{399 + i},{402 + i},1000" for i, day in enumerate(days)]
        write(data / f"us/{name}_total_return_adjusted.csv", "date,open,high,low,close,volume", rows)
    write(data / "macro/pe.csv", "date,pe", [f"{day},{12 + i}" for i, day in enumerate(days)])
    write(data / VIX, "DATE,CLOSE", [f"{day},{15 + i}" for i, day in enumerate(days)])

    def opened(name="home"):
        return Platform.open(Workspace(tmp_path / name, config, "us_total_return", data))

    opened.data = data
    return opened


def write(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")


def test_the_first_run_loads_everything_and_the_next_one_appends(simulated):
    platform = simulated("home")
    (bars, series), (later, more) = run(platform, window("2024-03-14"), window("2024-03-18"))

    assert bars.facts["written from"] == series.facts["written from"] == "2019-01-02"
    # Friday the 15th was missed; on the weekend only the crypto asset has bars
    assert (later.facts["written from"], later.facts["rows written"]) == ("2024-03-15", 28 + 1 + 2 + 28 + 1)
    assert more.facts["written from"] == "2024-03-15"


def test_days_alone_leave_the_rows_of_a_backfill(simulated):
    alone, together = simulated("alone"), simulated("together")
    run(alone, window("2024-03-14"), window("2024-03-18"), window("2024-03-15"))
    run(together, window("2024-01-02", "2024-03-18"))

    for mine, theirs in zip(stored(alone), stored(together), strict=True):
        assert mine.equals(theirs)


def test_a_run_of_an_earlier_day_takes_nothing_away(simulated):
    platform = simulated("home")
    run(platform, window("2024-03-18"))
    before = stored(platform)
    run(platform, window("2024-03-04"))

    assert all(a.equals(b) for a, b in zip(before, stored(platform), strict=True))


def test_everything_simulated_is_labelled(simulated):
    platform = simulated("home")
    run(platform, window("2024-03-14"))

    bars, series, _ = stored(platform)
    assert bars["symbol"].nunique() == 29
    assert set(bars["source"]) | set(series["source"]) == {"sample (simulated)"}


def test_recorded_proxies_and_missing_assets_are_named(recorded):
    platform = recorded()
    [(outcome, _)] = run(platform, window("2024-03-22"))

    bars, _, _ = stored(platform)
    assert set(bars["source"]) == {"local:us_total_return (proxy GLD.US)", "local:us_total_return (proxy QQQ.US)"}
    assert "BTC: no recorded bars for BTC-USD" in outcome.facts["assets without bars"]


def test_a_file_that_breaks_costs_no_stored_row_and_no_other_asset(recorded):
    platform = recorded()
    run(platform, window("2024-03-20"))
    (recorded.data / US).write_text("date,open\n2024-03-04,1\n")
    (recorded.data / VIX).write_bytes("日期,CLOSE\n2024-03-04,1\n".encode("gbk"))
    [(bars, series)] = run(platform, window("2024-03-21"))

    rows, values, _ = stored(platform)
    last = rows.groupby("symbol")["date"].max().dt.day.to_dict()
    assert last == {"GC=F": 21, "^IXIC": 20}
    assert values.groupby("name")["date"].max().dt.day.to_dict() == {"pe": 21, "vix": 20}
    assert (
        "no column high" in bars.facts["sources that failed"] or "no column high" in bars.facts["assets without bars"]
    )
    assert "UTF-8" in series.facts["series that failed"]
    assert (rows["symbol"] == "^IXIC").sum() == 13


def test_a_file_that_got_shorter_costs_no_stored_row(recorded):
    platform = recorded()
    run(platform, window("2024-03-20"))
    for name in (US, VIX):
        path = recorded.data / name
        path.write_text("\n".join(path.read_text().splitlines()[:6]) + "\n")
    [(bars, series)] = run(platform, window("2024-03-21"))

    rows, values, _ = stored(platform)
    assert rows[rows["symbol"] == "^IXIC"]["date"].max() == pd.Timestamp("2024-03-20")
    assert values[values["name"] == "vix"]["date"].max() == pd.Timestamp("2024-03-20")
    assert bars.facts["kept although the source no longer gives them"] == "^IXIC 8"
    assert series.facts["kept although the source no longer gives them"] == "vix 8"


def test_a_file_that_is_gone_costs_no_stored_row(recorded):
    platform = recorded()
    run(platform, window("2024-03-20"))
    (recorded.data / US).unlink()
    [(bars, _)] = run(platform, window("2024-03-21"))

    rows, _, _ = stored(platform)
    assert rows.groupby("symbol")["date"].max().dt.day.to_dict() == {"GC=F": 21, "^IXIC": 20}
    assert "no file matches" in bars.facts["sources that failed"]


def test_a_restated_value_is_written_with_a_new_revision_from_its_day_on(recorded):
    platform = recorded()
    run(platform, window("2024-03-20"))
    path = recorded.data / US
    path.write_text(path.read_text().replace("2024-03-08,404,409,403,406,1000", "2024-03-08,404,409,403,407,1000"))
    [(outcome, _)] = run(platform, window("2024-03-21"))

    rows = platform.lake.read(t.BARS, "ASSETS")
    restated = rows[rows["revision"] > 0]
    assert restated[["date", "symbol", "close"]].to_numpy().tolist() == [
        [pd.Timestamp("2024-03-08"), "^IXIC", 407.0],
        [pd.Timestamp("2024-03-11"), "^IXIC", 407.0],  # its reference price is the close before
    ]
    assert (outcome.facts["written from"], outcome.facts["restated rows"]) == ("2024-03-08", 2)


def test_real_rows_are_never_kept_beside_simulated_ones(recorded, tmp_path):
    platform = recorded()
    run(platform, window("2024-03-20"))
    simulated = Platform.open(Workspace(tmp_path / "home", platform.workspace.config, "sample"))
    run(simulated, window("2024-03-21"))

    bars, series, refused = stored(simulated)
    assert set(bars["source"]) == set(series["source"]) == {"sample (simulated)"} and refused.empty


def test_simulated_rows_do_not_stand_in_for_a_broken_file(recorded, tmp_path):
    real = recorded()
    run(Platform.open(Workspace(tmp_path / "home", real.workspace.config, "sample")), window("2024-03-20"))
    (recorded.data / US).write_text("date,open\n2024-03-04,1\n")
    (recorded.data / VIX).write_text("DATE\n2024-03-04\n")
    run(real, window("2024-03-21"))

    bars, series, _ = stored(real)
    assert set(bars["symbol"]) == {"GC=F"} and set(series["name"]) == {"pe"}


def test_when_nothing_can_be_read_the_step_fails_with_the_reason(recorded):
    shutil.rmtree(recorded.data / "us")
    shutil.rmtree(recorded.data / "macro")

    with pytest.raises(PlatformError, match="no file matches"):
        load_asset_bars(recorded(), "ASSETS", window("2024-03-20"))
    with pytest.raises(PlatformError, match="there is no file"):
        write_series(recorded(), "ASSETS", window("2024-03-20"))


def test_refused_rows_of_series_are_shown(recorded):
    path = recorded.data / "macro/pe.csv"
    path.write_text(path.read_text().replace("2024-03-08,16", "2024-03-08,sixteen"))
    [(_, series)] = run(recorded(), window("2024-03-20"))

    assert series.frames["refused rows"][["name", "reason"]].to_numpy().tolist() == [["pe", "no number in 'sixteen'"]]


def test_calendars_are_those_of_the_assets(simulated):
    assert sorted(calendars(simulated("home"))) == ["24/7", "XHKG", "XNYS", "XSHG"]
