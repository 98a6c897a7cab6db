"""Bars of the scored assets: which source holds each, proxies by name, and what is missing with its reason."""

import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.config.models import LocalSource
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.market.fetch import Feed
from etf_platform.market.scored_assets import live_assets, load_assets, recorded_assets

CONFIG = load_config(packaged_config())
ASSETS, RECORDED = CONFIG.scoring.assets, CONFIG.scoring.recorded.bars


def source(path, **columns):
    named = {name: name for name in ("date", "open", "high", "low", "close", "volume")} | columns
    return LocalSource(kind="local", path=path, columns=named, volume_unit="shares", adjustment="raw")


@pytest.fixture
def load(tmp_path):
    """Loads some recorded assets out of files written by the test."""

    def loader(keys, files, start="2024-01-02", end="2024-01-31"):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        sources = {name: source(f"{name}_{{ticker}}.csv") for name in ("us_total_return", "cn_indices")}

        def feed(name, exchange):
            return Feed(name, sources[name], tmp_path, sessions(exchange), CONFIG.instruments.instruments)

        wanted = [w for w in recorded_assets(ASSETS, RECORDED) if w.key in keys]
        return load_assets(wanted, ASSETS, feed, start, end)

    return loader


HEADER = "date,open,high,low,close,volume\n"
US = HEADER + "2024-01-16,400,405,399,404,1000\n2024-01-17,404,406,401,402,1000\n"
CN = HEADER + "2024-01-16,3300,3310,3290,3305,1000\n2024-01-17,3305,3320,3300,3310,1000\n"


def test_rows_carry_the_assets_own_symbol_and_the_proxy_by_name(load):
    found = load(["NASDAQ", "HS300"], {"us_total_return_QQQ.csv": US, "cn_indices_000300.csv": CN})

    last = found.bars.drop_duplicates("symbol", keep="last").set_index("symbol")
    assert last["close"].to_dict() == {"000300.SH": 3310.0, "^IXIC": 402.0}
    assert last["source"].to_dict() == {
        "000300.SH": "local:cn_indices",
        "^IXIC": "local:us_total_return (proxy QQQ.US)",
    }


def test_proxies_of_new_york_stand_on_its_sessions(load):
    holiday = US + "2024-01-15,400,405,399,400,1000\n"  # Martin Luther King day; a session of Shanghai
    found = load(["NASDAQ"], {"us_total_return_QQQ.csv": holiday})

    assert found.bars["date"].dt.day.tolist() == [16, 17]
    assert found.quarantine[["symbol", "rule"]].to_numpy().tolist() == [["^IXIC", "non_session"]]


def test_an_asset_without_recorded_bars_is_missing_with_its_reason(load):
    found = load(["HS300"], {"cn_indices_000300.csv": CN})

    assert "HS300" not in found.missing
    assert found.missing["BTC"] == "no recorded bars for BTC-USD"
    assert len(found.missing) == len(ASSETS) - 1


def test_a_source_that_fails_costs_no_other_and_says_why(load):
    found = load(
        ["NASDAQ", "HS300"], {"us_total_return_QQQ.csv": "date,open\n2024-01-16,1\n", "cn_indices_000300.csv": CN}
    )

    assert set(found.bars["symbol"]) == {"000300.SH"}
    assert found.unread == ("^IXIC",)
    assert "no column high" in found.missing["NASDAQ"]


def test_a_source_without_a_usable_row_is_named(load):
    found = load(["HS300"], {"cn_indices_000300.csv": HEADER + "2024-01-16,x,3310,3290,3305,1000\n"})

    assert found.missing["HS300"] == "cn_indices holds no usable row of 000300.SH"
    assert found.quarantine[["symbol", "rule"]].to_numpy().tolist() == [["000300.SH", "non_numeric"]]


def test_a_live_source_is_asked_for_what_shanghai_trades_and_for_american_proxies():
    asked = {w.key: w.asked for w in live_assets(ASSETS, RECORDED, "live")}

    assert (asked["KECHUANG50"], asked["NASDAQ"], asked["GOLD"]) == ("000688.SH", "QQQ.US", "GLD.US")
    assert not {"BTC", "HKTECH", "BABA_HK"} & set(asked)


def test_everything_recorded_is_read_and_three_assets_are_missing(shared):
    root = shared("data")

    def feed(name, exchange):
        return Feed(name, CONFIG.sources.sources[name], root, sessions(exchange), CONFIG.instruments.instruments)

    found = load_assets(recorded_assets(ASSETS, RECORDED), ASSETS, feed, "2024-01-02", "2024-12-31")
    raw = pd.read_parquet(root / "cn_etf" / "cn_indices_7_2020_20260507.parquet")
    raw = raw[(raw["symbol"].astype(str) == "000300") & raw["date"].astype(str).str.startswith("2024")]
    assert set(found.missing) == {"BTC", "HKTECH", "BABA_HK"}
    assert found.bars["symbol"].nunique() == 26 and not found.failed
    assert (found.bars["symbol"] == "000300.SH").sum() == len(raw)
