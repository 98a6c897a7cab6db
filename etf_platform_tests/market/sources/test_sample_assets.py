"""Simulated assets and series: on their own calendars, labelled, plausible, and the same whatever comes later."""

import pytest

from etf_platform.core.config import load_config
from etf_platform.core.config.scoring import Series
from etf_platform.core.tables import ASSET_SERIES, BARS
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.market.sources.sample_assets import simulate_assets, simulate_series

CONFIG = load_config(packaged_config())
ASSETS, SOURCE = CONFIG.scoring.assets, CONFIG.sources.sources["sample"]


@pytest.fixture(scope="module")
def bars():
    return simulate_assets(SOURCE, "sample", ASSETS, sessions, "2025-06-30")


@pytest.fixture(scope="module")
def series():
    return simulate_series(SOURCE, "sample", sessions, "2025-06-30")


def test_every_asset_has_a_bar_on_every_session_of_its_own_calendar(bars):
    by_symbol = {symbol: set(rows["date"]) for symbol, rows in bars.groupby("symbol")}

    assert len(by_symbol) == len(ASSETS) == 29
    for asset in ASSETS.values():
        assert by_symbol[asset.symbol] == set(sessions(asset.calendar).between(SOURCE.start, "2025-06-30"))


def test_calendars_differ_where_the_exchanges_do(bars):
    days = {symbol: set(rows["date"].dt.strftime("%Y-%m-%d")) for symbol, rows in bars.groupby("symbol")}

    assert "2024-10-02" in days["3032.HK"] and "2024-10-02" not in days["000300.SH"]
    assert "2024-07-04" in days["000300.SH"] and "2024-07-04" not in days["^IXIC"]
    assert "2024-10-05" in days["BTC-USD"] and "2024-10-05" not in days["^IXIC"]


def test_rows_are_labelled_simulated_and_fit_their_tables(bars, series):
    assert bars["source"].unique().tolist() == series["source"].unique().tolist() == ["sample (simulated)"]
    assert BARS.conform(bars).num_rows == len(bars)
    assert ASSET_SERIES.conform(series).num_rows == len(series)


def test_prices_are_ordered_positive_and_never_jump_beyond_reason(bars):
    move = (bars["close"] / bars["prev_close"] - 1.0).abs()

    assert (bars["low"] > 0).all() and (bars["volume"] > 0).all()
    assert (bars[["open", "close", "low"]].max(axis=1) <= bars["high"]).all()
    assert (bars[["open", "close", "high"]].min(axis=1) >= bars["low"]).all()
    assert move.max() < 0.25


def test_a_later_end_changes_no_earlier_row(bars, series):
    early = simulate_assets(SOURCE, "sample", ASSETS, sessions, "2022-06-30")
    flows = simulate_series(SOURCE, "sample", sessions, "2022-06-30")

    assert early.equals(bars[bars["date"] <= "2022-06-30"].reset_index(drop=True))
    assert flows.equals(series[series["date"] <= "2022-06-30"].reset_index(drop=True))


def test_every_series_of_the_configuration_is_there_and_northbound_flow_ends_as_it_did(series):
    last = series.groupby("name")["date"].max().dt.strftime("%Y-%m-%d").to_dict()

    assert set(last) == set(Series.__args__)
    assert {name for name, at in last.items() if at != "2025-06-30"} == {"northbound_net"}
    assert last["northbound_net"] == "2024-08-16"


def test_a_night_of_new_york_is_known_in_shanghai_on_the_day_after(series):
    vix = series[series["name"] == "vix"]

    assert (vix["published_at"] > vix["date"]).all()
