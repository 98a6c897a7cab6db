"""Lists of stocks, holdings and a session of all stocks over real HTTP: one failure never loses the others."""

import pandas as pd
import pytest

from etf_platform.core.config.live import LiveSource, Provider
from etf_platform.core.errors import SourceError
from etf_platform.market.calendar import sessions
from etf_platform.market.live import Wire
from etf_platform.market.live_lists import pull_holdings, pull_lists, pull_session
from etf_platform.market.stock_list import from_quotes
from etf_platform.market.wire.failover import Surroundings
from etf_platform.market.wire.memory import InProcess
from etf_platform_tests.resources.live_feeds import SINA, Market, serve
from etf_platform_tests.resources.live_lists import LISTS, PAGES, holdings_page, list_page
from etf_platform_tests.resources.replay_server import replay_server


@pytest.fixture
def server():
    days = [f"{day:%Y-%m-%d}" for day in sessions("XSHG").between("2024-12-30", "2025-01-02")]
    with replay_server() as running:
        serve(running, Market(("600001.SH", "300001.SZ"), days))
        running.hosts |= {LISTS: list_page, PAGES: holdings_page}
        yield running


@pytest.fixture
def wire(server, clock):
    eastmoney = Provider(priority=30, rate=1000, burst=1000, hosts={h: server.base(h) for h in (LISTS, PAGES)})
    sina = Provider(priority=50, rate=1000, burst=1000, is_high_frequency=True, hosts={SINA: server.base(SINA)})
    settings = LiveSource(
        kind="live",
        providers={"eastmoney": eastmoney, "sina": sina},
        order={"XSHG": ("eastmoney", "sina"), "XNYS": ("sina",)},
        timeout_seconds=0.5,
        attempts=1,
    )
    return Wire(settings, Surroundings(InProcess(), clock, lambda: 0.0), clock.sleep)


def _broken(server, host, words):
    answer = server.hosts[host]
    server.hosts[host] = lambda path, query: b"<html>" if words in str(query) else answer(path, query)


def test_the_five_lists_of_stocks_come_together_without_b_shares(wire):
    found = pull_lists(wire)

    listed = from_quotes(found.rows)
    assert found.failures == {}
    assert listed.rows["symbol"].tolist() == [
        "000001.SZ",
        "000002.SZ",
        "300001.SZ",
        "600001.SH",
        "688001.SH",
        "920002.BJ",
    ]
    assert listed.rows["board"].tolist() == ["main", "main", "chinext", "main", "star", "bse"]
    assert found.refused["symbol"].tolist() == ["900901"]


def test_a_list_that_does_not_come_is_named_and_the_others_stay(wire, server):
    _broken(server, LISTS, "m:1+t:23")

    found = pull_lists(wire)
    assert set(found.failures) == {"star"}
    assert "688001.SH" not in set(found.rows["symbol"])
    assert found.rows["symbol"].nunique() == 5


def test_holdings_of_one_fund_that_fails_lose_no_other(wire, server):
    _broken(server, PAGES, "510050")

    found = pull_holdings(wire, ("510300.SH", "510050.SH", "159915.SZ"), 2025)
    assert sorted(set(found.rows["symbol"])) == ["159915.SZ", "510300.SH"]
    assert set(found.failures) == {"510050.SH"}
    assert set(found.rows["stock"]) == {"600519.SH"}
    assert set(found.rows["weight"]) == {0.06}
    assert set(found.rows["as_of"]) == {pd.Timestamp("2024-09-30")}


def test_nothing_at_all_is_an_error(wire, server):
    server.hosts[PAGES] = lambda path, query: b"<html>"

    with pytest.raises(SourceError, match="fetching holdings from eastmoney"):
        pull_holdings(wire, ("510300.SH",), 2025)


def test_a_session_of_all_stocks_is_made_of_quotes_with_the_reference_price(wire, server):
    market = Market(("600001.SH", "300001.SZ"), ["2024-12-30", "2024-12-31", "2025-01-02"])

    found = pull_session(wire, ("600001.SH", "300001.SZ"), sessions("XSHG"), pd.Timestamp("2025-01-02"))
    rows = found.rows.set_index("symbol")
    for symbol in market.symbols:
        bar = market.bar(symbol, 2)
        assert rows.loc[symbol, "close"] == bar["close"]
        assert rows.loc[symbol, "prev_close"] == bar["previous"]
        assert rows.loc[symbol, "volume"] == bar["lots"] * 100
    assert server.count(SINA) == 1
