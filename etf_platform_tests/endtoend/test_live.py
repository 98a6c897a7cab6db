"""`--source live` through the command line, on providers that stand on loopback: no network, failover, comparison."""

import time

import pandas as pd
import pytest

from etf_platform.market.calendar import sessions
from etf_platform_tests.resources.live_feeds import EASTMONEY, SINA, TENCENT, YAHOO, Market, serve
from etf_platform_tests.resources.replay_server import ERROR_500, replay_server, unused_port

FUNDS = ("159915.SZ", "159949.SZ", "510050.SH", "510300.SH", "510500.SH")
FIRST, LAST, BEFORE = "2023-05-04", "2025-01-02", "2024-12-31"
AFTER_CLOSE = pd.Timestamp("2025-01-02 18:00", tz="Asia/Shanghai")
PROVIDERS = {"tencent": (10, TENCENT), "eastmoney": (30, EASTMONEY), "sina": (50, SINA), "yahoo": (10, YAHOO)}


@pytest.fixture(autouse=True)
def _evening(monkeypatch):
    """It is six o'clock in the evening of the last session, and nobody waits."""

    class Time:
        time = staticmethod(AFTER_CLOSE.timestamp)
        sleep = staticmethod(lambda _seconds: None)

    monkeypatch.setattr("etf_platform.orchestration.live.time", Time)
    monkeypatch.setattr("etf_platform.orchestration.steps.market._now", lambda: AFTER_CLOSE)


@pytest.fixture
def market():
    return Market(FUNDS, [f"{day:%Y-%m-%d}" for day in sessions("XSHG").between(FIRST, LAST)])


@pytest.fixture
def server(market):
    with replay_server() as running:
        serve(running, market)
        yield running


def _source(base):
    providers = {
        name: {"priority": priority, "is_high_frequency": True, "hosts": {host: base(host)}}
        for name, (priority, host) in PROVIDERS.items()
    }
    order = {"XSHG": ["tencent", "eastmoney", "sina"], "XNYS": ["yahoo"]}
    return {"kind": "live", "timeout_seconds": 1, "order": order, "providers": providers}


@pytest.fixture
def live(installed, configured, tmp_path):
    """An installation on a live source whose providers stand below a base address."""

    def make(base, name="home"):
        config = configured(tmp_path / f"{name}_configs", live=_source(base))
        return installed(tmp_path / name, config, source="live")

    return make


def test_without_network_there_is_one_sentence_per_source_exit_code_3_and_nothing_stored(live):
    port = unused_port()
    installation = live(lambda _host: f"http://127.0.0.1:{port}")
    started = time.perf_counter()

    ended = installation.cli("run", "--date", LAST)

    assert ended.code == 3
    said = [line for line in ended.err.splitlines() if line.startswith("Source ")]
    assert said == [
        f"Source {name} gave nothing that may be stored: no connection (refused) (given up after 1 of 5 requests)."
        for name in ("eastmoney", "tencent")
    ]
    assert installation.addresses == []
    assert "simulated" not in ended.text.lower()
    assert time.perf_counter() - started < 20


def test_without_network_the_us_universe_says_so_too(live):
    port = unused_port()
    installation = live(lambda _host: f"http://127.0.0.1:{port}")

    ended = installation.cli("trend", "run", "--date", LAST)

    assert ended.code == 3
    assert "Source yahoo gave nothing that may be stored: no connection (refused)" in ended.err
    assert installation.addresses == []


def test_a_day_from_the_network_is_stored_compared_and_used(live, server, market):
    installation = live(server.base)

    ended = installation.cli("run", "--date", LAST)

    assert ended.code in (0, 2), ended.text
    bars = installation.rows("market/A_SHARE/bars")
    assert set(bars["source"]) == {"live:tencent"}
    assert len(bars) == 5 * len(market.sessions)
    compared = installation.rows("market/A_SHARE/reconciliation")
    assert set(compared["verdict"]) == {"agrees"}
    assert set(compared["other_source"]) == {"live:eastmoney"}
    assert len(compared) == 5
    assert any(address.startswith("kpi/A_SHARE/") for address in installation.addresses)
    hosts = {host for host, _ in server.asked}
    assert hosts == {TENCENT, EASTMONEY}


def test_when_the_first_source_fails_the_second_is_stored_and_named(live, server):
    installation = live(server.base)
    server.spoil(TENCENT, ERROR_500)

    ended = installation.cli("run", "--date", LAST)

    assert ended.code in (0, 2), ended.text
    assert set(installation.rows("market/A_SHARE/bars")["source"]) == {"live:eastmoney"}
