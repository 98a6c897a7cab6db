"""Bars of the scored assets from the network: providers on loopback, one evening after the other."""

import json
from datetime import date
from shutil import copytree

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.scoring_inputs import load_asset_bars, write_series
from etf_platform_tests.resources.live_feeds import TENCENT, YAHOO, Market, serve
from etf_platform_tests.resources.replay_server import replay_server

DAYS = ("2024-12-30", "2024-12-31", "2025-01-02", "2025-01-03")  # sessions of Shanghai and of New York


@pytest.fixture
def market():
    settings = parse_yaml((packaged_config() / "scoring.yaml").read_text(encoding="utf-8"))
    home = [asset["symbol"] for asset in settings["assets"].values() if asset["calendar"] == "XSHG"]
    return Market([*home, "QQQ.US", "GLD.US"], list(DAYS[:2]))


@pytest.fixture
def live(market, tmp_path):
    with replay_server() as server:
        serve(server, market)
        config = copytree(packaged_config(), tmp_path / "configs")
        settings = parse_yaml((config / "sources.yaml").read_text(encoding="utf-8"))
        providers = {
            name: {"priority": 10, "rate": 1000, "burst": 1000, "hosts": {host: server.base(host)}}
            for name, host in (("tencent", TENCENT), ("yahoo", YAHOO))
        }
        order = {"XSHG": ["tencent"], "XNYS": ["yahoo"]}
        settings["sources"]["live"] = {"kind": "live", "attempts": 1, "order": order, "providers": providers}
        (config / "sources.yaml").write_text(json.dumps(settings), encoding="utf-8")
        scoring = (config / "scoring.yaml").read_text(encoding="utf-8")
        (config / "scoring.yaml").write_text(scoring.replace('"2018-01-02"', f'"{DAYS[0]}"'), encoding="utf-8")
        yield Platform.open(Workspace(tmp_path / "home", config, "live"))


@pytest.fixture
def evening(monkeypatch, market):
    """Lets it be a quarter to five in the afternoon of a session in Shanghai, before New York opens."""

    def turn(day):
        at = pd.Timestamp(f"{day} 16:45", tz="Asia/Shanghai")
        clock = type("Time", (), {"time": staticmethod(at.timestamp), "sleep": staticmethod(lambda _seconds: None)})
        monkeypatch.setattr("etf_platform.orchestration.live.time", clock)
        monkeypatch.setattr("etf_platform.orchestration.steps.scoring_inputs.now", lambda: at)
        market.sessions = [known for known in DAYS if known <= day]
        return load_asset_bars

    return turn


def window(day):
    return Window(date.fromisoformat(day), date.fromisoformat(day), "test")


def newest(live):
    return live.lake.read(t.BARS, "ASSETS").groupby("symbol")["date"].max().dt.strftime("%Y-%m-%d").to_dict()


def test_bars_of_new_york_come_the_day_after_and_are_caught_up(live, evening):
    evening(DAYS[1])(live, "ASSETS", window(DAYS[1]))
    first = newest(live)
    evening(DAYS[2])(live, "ASSETS", window(DAYS[2]))

    assert (first["000300.SH"], first["^IXIC"]) == (DAYS[1], DAYS[0])
    assert (newest(live)["000300.SH"], newest(live)["^IXIC"]) == (DAYS[2], DAYS[1])


def test_assets_that_no_provider_has_are_named_and_proxies_are_labelled(live, evening):
    outcome = evening(DAYS[1])(live, "ASSETS", window(DAYS[1]))

    bars = live.lake.read(t.BARS, "ASSETS")
    assert len(newest(live)) == 26
    assert "HKTECH: no recorded bars for 3032.HK" in outcome.facts["assets without bars"]
    assert bars.loc[bars["symbol"] == "GC=F", "source"].unique().tolist() == ["live:yahoo (proxy GLD.US)"]


def test_a_market_that_does_not_answer_costs_no_other(live, evening, market):
    market.symbols = [symbol for symbol in market.symbols if not symbol.endswith(".US")]
    outcome = evening(DAYS[1])(live, "ASSETS", window(DAYS[1]))

    assert len(newest(live)) == 24
    assert outcome.facts["sources that failed"] != "none"


def test_a_live_source_without_recorded_files_has_no_series_and_says_so(live, evening):
    evening(DAYS[1])
    outcome = write_series(live, "ASSETS", window(DAYS[1]))

    assert outcome.facts["rows"] == 0
    assert "no data folder is given" in outcome.facts["series that failed"]
