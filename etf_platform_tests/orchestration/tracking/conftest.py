"""An installation on a live source whose providers play a trading day on loopback; a test sets the clock."""

import dataclasses
import datetime as dt
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etf_platform.alerts.post import Desk
from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.live import Wire
from etf_platform.market.wire.failover import Surroundings
from etf_platform.orchestration.live import OpsMemory
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking.scan import scan_once
from etf_platform.storage import mailroom
from etf_platform_tests.resources.replay_server import Replay, replay_server
from etf_platform_tests.resources.trading_day import SHANGHAI, Day, Fund, Stock, serve_day, source_config

DATE = dt.date(2024, 9, 23)
ONE, TWO, CALM = "600001.SH", "300002.SZ", "600003.SH"
BIG, SMALL_FUND = "510300.SH", "159915.SZ"
STOCKS = (
    Stock(ONE, "模拟一号", 10.00, 11.00, (("09:35", "sealed"), ("10:30", "opened"), ("13:10", "sealed"))),
    Stock(TWO, "模拟二号", 20.00, 24.00, (("10:00", "sealed"),)),
    Stock(CALM, "模拟三号", 30.00, 33.00),
    Stock("600619.SH", "模拟四号", 40.00, 44.00),
)
FUNDS = (Fund(BIG, "模拟基金甲", 4.000, 4.000), Fund(SMALL_FUND, "模拟基金乙", 2.000, 2.010))
WEIGHTS = {BIG: {ONE: 0.12, TWO: 0.03}, SMALL_FUND: {TWO: 0.08, ONE: 0.06, CALM: 0.05}}


@dataclass
class Tracker:
    """The installation, the feeds, and a clock that only a test moves."""

    platform: Platform
    server: Replay
    clock: list[dt.datetime] = field(default_factory=list)

    def at(self, time: str, date: dt.date = DATE) -> dt.datetime:
        """Put the clock to a time in Shanghai."""
        self.clock[:] = [dt.datetime.fromisoformat(f"{date} {time}").replace(tzinfo=SHANGHAI).astimezone(dt.UTC)]
        return self.clock[0]

    def scan(self, time: str, platform: Platform | None = None, channels: tuple[str, ...] = ("file",), **how: Any):
        """One scan at a time of the day."""
        platform, now = platform or self.platform, self.at(time, how.pop("date", DATE))
        desk = Desk(platform.config.alerts, channels, Secrets())
        return scan_once(platform, now, "cli", how.pop("wire", None) or self.wire(platform), desk, **how)

    def wire(self, platform: Platform) -> Wire:
        """The installation's wire on this clock; nobody waits."""
        seconds = lambda: self.clock[0].timestamp()  # noqa: E731
        around = Surroundings(OpsMemory(platform.ops, seconds), seconds, lambda: 0.5)
        return Wire(platform.source, around, lambda _seconds: None)

    def restarted(self) -> Platform:
        """The same home, opened by another process."""
        return Platform.open(self.platform.workspace)

    def with_settings(self, **settings: Any) -> Platform:
        """The platform with parts of its configuration replaced."""
        return Platform(self.platform.workspace, dataclasses.replace(self.platform.config, **settings))

    @property
    def told(self) -> list[str]:
        """Subjects of all letters, oldest first."""
        return [row["subject"] for row in mailroom.letters(self.platform.ops, limit=1000)[::-1]]


def write_configuration(folder: Path, base: Any, **strategy: Any) -> Path:
    """The shipped configuration with the feeds of a replay server and a watch list of the scripted stocks."""
    shutil.copytree(packaged_config(), folder)
    sources = parse_yaml((folder / "sources.yaml").read_text(encoding="utf-8"))
    sources["sources"]["live"] = source_config(base)
    (folder / "sources.yaml").write_text(json.dumps(sources), encoding="utf-8")
    settings = parse_yaml((folder / "arbitrage.yaml").read_text(encoding="utf-8"))
    settings["strategy"] |= strategy
    settings["watch_etfs"] = [BIG]
    (folder / "arbitrage.yaml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    lines = [f'  - {{code: "{s.symbol[:6]}", name: {s.name}, market: {s.symbol[-2:].lower()}}}' for s in STOCKS[:3]]
    (folder / "watchlist.yaml").write_text("\n".join(["my_stocks:", *lines, ""]), encoding="utf-8")
    return folder


def write_holdings(platform: Platform) -> None:
    """What the funds hold, published in August."""
    rows = [
        {
            "as_of": pd.Timestamp("2024-06-30"),
            "published_at": pd.Timestamp("2024-08-30"),
            "published_estimated": False,
            "symbol": fund,
            "stock": stock,
            "stock_name": stock,
            "rank": rank,
            "weight": weight,
            "shares": 1e6,
            "value": 1e7,
            "from_issuer": False,
            "completeness": "full",
            "weight_sum": sum(held.values()),
            "source": "simulated",
            "fetched_at": pd.Timestamp("2024-08-30", tz="UTC"),
            "payload_hash": "0" * 64,
        }
        for fund, held in WEIGHTS.items()
        for rank, (stock, weight) in enumerate(held.items(), 1)
    ]
    frame = pd.DataFrame(rows).sort_values(["as_of", "symbol", "stock"], ignore_index=True)
    platform.lake.write(t.FUND_HOLDINGS, platform.config.arbitrage.funds, frame, DATE.replace(month=6, day=30), DATE)


@pytest.fixture
def desk(tmp_path):
    """Nine in the morning; the feeds work."""
    with replay_server() as server:
        folder = write_configuration(tmp_path / "configs", server.base)
        platform = Platform.open(Workspace(tmp_path / "home", folder, "live"))
        desk = Tracker(platform, server)
        desk.at("09:00")
        serve_day(server, Day(DATE, lambda: desk.clock[0], STOCKS, FUNDS))
        write_holdings(platform)
        yield desk
        platform.ops.dispose()
