"""A market of five funds over real HTTP on loopback, and a wire to it whose clock the test turns."""

from dataclasses import dataclass, field

import pandas as pd
import pytest

from etf_platform.core.config.live import LiveSource, Provider
from etf_platform.market.calendar import sessions
from etf_platform.market.live import Wire
from etf_platform.market.wire.failover import Surroundings
from etf_platform.market.wire.memory import InProcess
from etf_platform_tests.resources.live_feeds import EASTMONEY, SINA, TENCENT, YAHOO, Market, serve
from etf_platform_tests.resources.replay_server import Replay, replay_server

FUNDS = ("159915.SZ", "159949.SZ", "510050.SH", "510300.SH", "510500.SH")
FIRST, LAST = "2024-10-08", "2025-01-02"
AFTER_CLOSE = pd.Timestamp("2025-01-02 18:00", tz="Asia/Shanghai").timestamp()
PROVIDERS = {"tencent": (10, TENCENT), "eastmoney": (30, EASTMONEY), "sina": (50, SINA), "yahoo": (10, YAHOO)}


@dataclass
class Clock:
    """Seconds since the epoch, as the test says; waiting turns it."""

    now: float = AFTER_CLOSE
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def market():
    days = sessions("XSHG").between(FIRST, LAST)
    return Market(FUNDS, [f"{day:%Y-%m-%d}" for day in days])


@pytest.fixture
def server(market):
    with replay_server() as running:
        serve(running, market)
        yield running


@pytest.fixture
def settings(server: Replay):
    providers = {
        name: Provider(priority=priority, rate=1000, burst=1000, is_high_frequency=True, hosts={h: server.base(h)})
        for name, (priority, h) in PROVIDERS.items()
    }
    order = {"XSHG": ("tencent", "eastmoney", "sina"), "XNYS": ("yahoo",)}
    return LiveSource(kind="live", providers=providers, order=order, timeout_seconds=0.3)


@pytest.fixture
def wire(settings, clock):
    return Wire(settings, Surroundings(InProcess(), clock, lambda: 0.0), clock.sleep)
