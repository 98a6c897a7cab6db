"""The tracker's data from the network: providers on loopback, one evening after the other."""

import json
from shutil import copytree

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.errors import MissingTableError, SourceError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.wire.failover import AllSourcesFailedError
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.stocks import load_stock_bars, write_holdings, write_stock_list
from etf_platform_tests.resources.live_feeds import SINA, TENCENT, Market, serve
from etf_platform_tests.resources.live_lists import LISTS, PAGES, holdings_page, list_page
from etf_platform_tests.resources.replay_server import EMPTY, replay_server
from etf_platform_tests.resources.stock_files import window

SYMBOLS = ("000001.SZ", "000002.SZ", "300001.SZ", "600001.SH", "688001.SH", "920002.BJ")
DAYS = ("2024-12-30", "2024-12-31", "2025-01-02", "2025-01-03", "2025-01-06")


@pytest.fixture
def market():
    return Market(SYMBOLS, list(DAYS[:2]))


@pytest.fixture
def server(market):
    with replay_server() as running:
        serve(running, market)
        running.hosts |= {LISTS: list_page, PAGES: holdings_page}
        yield running


@pytest.fixture
def live(server, tmp_path):
    config = copytree(packaged_config(), tmp_path / "configs")
    settings = parse_yaml((config / "sources.yaml").read_text(encoding="utf-8"))
    hosts = {"tencent": (TENCENT,), "eastmoney": (LISTS, PAGES), "sina": (SINA,)}
    providers = {
        name: {"priority": 10 * k, "rate": 1000, "burst": 1000, "hosts": {host: server.base(host) for host in of_one}}
        for k, (name, of_one) in enumerate(hosts.items(), 1)
    }
    order = {"XSHG": ["tencent", "eastmoney", "sina"], "XNYS": ["tencent"]}
    settings["sources"]["live"] = {"kind": "live", "attempts": 1, "order": order, "providers": providers}
    (config / "sources.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return Platform.open(Workspace(tmp_path / "home", config, "live"))


@pytest.fixture
def evening(monkeypatch, market):
    """Lets it be six o'clock in the evening of a session, which the providers know."""

    def turn(day):
        at = pd.Timestamp(f"{day} 18:00", tz="Asia/Shanghai")
        clock = type("Time", (), {"time": staticmethod(at.timestamp), "sleep": staticmethod(lambda _seconds: None)})
        monkeypatch.setattr("etf_platform.orchestration.live.time", clock)
        for module in ("stocks", "stock_sources"):
            monkeypatch.setattr(f"etf_platform.orchestration.steps.{module}.now", lambda: at)
        market.sessions = [known for known in DAYS if known <= day]

    return turn


def _closes(live):
    bars = live.lake.read(t.BARS, "STOCK")
    return {
        (f"{day:%Y-%m-%d}", s): close for day, s, close in bars[["date", "symbol", "close"]].itertuples(index=False)
    }


def test_evenings_are_made_of_quotes_and_a_missed_one_of_bars(live, server, market, evening):
    evening(DAYS[1])
    write_stock_list(live, "STOCK", window())
    load_stock_bars(live, "STOCK", window(DAYS[1], DAYS[1]))
    evening(DAYS[2])
    load_stock_bars(live, "STOCK", window(DAYS[2], DAYS[2]))
    assert (server.count(SINA), server.count(TENCENT)) == (2, 0)

    evening(DAYS[4])
    load_stock_bars(live, "STOCK", window(DAYS[4], DAYS[4]))
    bars = live.lake.read(t.BARS, "STOCK")
    assert _closes(live) == {(DAYS[at], s): market.close(s, at) for at in range(1, 5) for s in SYMBOLS}
    assert server.count(TENCENT) == len(SYMBOLS)
    assert set(bars["adj_factor"]) == {1.0}
    assert set(bars["source"]) == {"live:sina", "live:tencent"}


def test_when_no_provider_answers_nothing_is_stored(live, server, evening):
    evening(DAYS[1])
    write_stock_list(live, "STOCK", window())
    server.spoil(SINA, EMPTY)

    with pytest.raises(AllSourcesFailedError):
        load_stock_bars(live, "STOCK", window(DAYS[1], DAYS[1]))
    assert not live.lake.exists(t.BARS, "STOCK")


def test_without_a_list_of_stocks_nobody_is_asked(live, server, evening):
    evening(DAYS[1])

    with pytest.raises(MissingTableError, match="stock_list"):
        load_stock_bars(live, "STOCK", window(DAYS[1], DAYS[1]))
    assert server.count(SINA) == 0


def test_a_list_that_fails_later_keeps_the_stocks_of_its_board(live, server, evening):
    evening(DAYS[1])
    write_stock_list(live, "STOCK", window())
    good = server.hosts[LISTS]
    server.hosts[LISTS] = lambda path, query: b"" if query["fs"] == "m:1+t:23" else good(path, query)

    outcome = write_stock_list(live, "STOCK", window())
    assert live.lake.read(t.STOCK_LIST, "STOCK")["symbol"].tolist() == list(SYMBOLS)
    assert outcome.facts["lists that did not come"].startswith("star: ")


def test_holdings_come_from_pages_and_a_failing_fund_keeps_what_is_stored(live, server, evening):
    evening(DAYS[1])
    write_holdings(live, "FUND", window())
    stored = live.lake.read(t.FUND_HOLDINGS, "FUND")
    assert set(stored["symbol"]) == set(live.config.arbitrage.watch_etfs)

    good = server.hosts[PAGES]
    server.hosts[PAGES] = lambda path, query: b"" if query["code"] == "510300" else good(path, query)
    evening(DAYS[4])
    outcome = write_holdings(live, "FUND", window())
    again = live.lake.read(t.FUND_HOLDINGS, "FUND")
    assert outcome.facts["files or pages that could not be read"].startswith("510300.SH: ")
    assert set(again["symbol"]) == set(stored["symbol"])
    assert (again["published_at"] == pd.Timestamp("2024-10-31")).all()

    server.hosts[PAGES] = lambda path, query: b""
    with pytest.raises(SourceError, match="holdings"):
        write_holdings(live, "FUND", window())
    assert len(live.lake.read(t.FUND_HOLDINGS, "FUND")) == len(again)
