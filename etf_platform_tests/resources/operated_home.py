"""A small home whose three strategies are about to go wrong, each in its own way, by what is real: data, fills, limits.

A_SHARE has an account old enough for a Sharpe ratio and a limit that it cannot meet. QDII has a release in S50 above a
stable one, and fills far worse than modelled. OTHER trades in ranges it has never traded in. Everything until `BEFORE`
is there; the sessions after it have data, and operations have not judged them.
"""

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import yaml

from etf_platform.core import tables as t
from etf_platform.core.config import load_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance import people, releases
from etf_platform.orchestration.assets import steps_of
from etf_platform.orchestration.graph_operations import ACCOUNT
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import data_version
from etf_platform.orchestration.runner import execute, plan_run
from etf_platform.orchestration.step import Window
from etf_platform_tests.resources import release_story as story

MAJOR, DEVIATING, DRIFTING = "A_SHARE", "QDII", "OTHER"
POOLS = {
    MAJOR: ["510050.SH", "510300.SH", "510500.SH", "159915.SZ", "159919.SZ"],
    DEVIATING: ["512480.SH", "512720.SH", "512800.SH", "512980.SH", "512010.SH"],
    DRIFTING: ["512000.SH", "512880.SH", "512660.SH", "512400.SH", "512690.SH"],
}
BEFORE, DAYS = dt.date(2024, 12, 27), [dt.date(2024, 12, 30), dt.date(2024, 12, 31), dt.date(2025, 1, 2)]
OLD_ACCOUNT, SHIFTED_FROM = "2024-11-18", "2024-11-18"
SECRETS = {"Li Wei": "seven quiet rivers flow", "Zhao Min": "a field of winter barley"}
DEVIATION_LIMIT = 50  # basis points


class Hands:
    """The people of the home, who seal what they sign."""

    def __init__(self, config) -> None:
        self.config = config

    def seal(self, event):
        return people.sealed(self.config, event, SECRETS[event.by])


def make(folder: Path) -> Platform:
    """The home in `<folder>/home` with its configuration in `<folder>/configs`."""
    workspace = Workspace(folder / "home", write_config(folder / "configs"), "sample")
    early = Platform.open(workspace)
    results = execute(early, plan_run(early, tuple(POOLS), BEFORE, BEFORE))
    assert [r.problems for r in results if not r.succeeded] == []
    carry(early, MAJOR, BEFORE)
    early.ops.dispose()
    change(folder / "configs", "governance", lambda text: text["account"].update(start=BEFORE.isoformat()))
    platform = Platform.open(workspace)
    for pool in (DEVIATING, DRIFTING):
        carry(platform, pool, BEFORE)
    results = execute(platform, plan_run(platform, tuple(POOLS), DAYS[0], DAYS[-1]), jobs=("daily", "portfolio"))
    assert [r.problems for r in results if not r.succeeded] == []
    widen_ranges(platform, DRIFTING)
    raise_two_releases(platform, DEVIATING)
    propose_third(platform, MAJOR)
    return platform


def carry(platform: Platform, pool: str, day: dt.date) -> None:
    """Run the account of one pool up to a session."""
    (step,) = [step for universe, step in steps_of(platform) if universe == pool and step.job == ACCOUNT]
    platform.perform(step, pool, Window(day, day))


def widen_ranges(platform: Platform, pool: str) -> None:
    """Highs and lows move apart, as on days of panic; closes and volumes stay."""
    bars = platform.lake.read(t.BARS, pool)
    late = bars["date"] >= SHIFTED_FROM
    top, bottom = bars.loc[late, ["open", "close"]].max(axis=1), bars.loc[late, ["open", "close"]].min(axis=1)
    spread = np.random.default_rng(5).uniform(0.05, 0.08, int(late.sum()))
    bars.loc[late, "high"], bars.loc[late, "low"] = (top * (1 + spread)).round(3), (bottom * (1 - spread)).round(3)
    platform.lake.write(t.BARS, pool, bars)


def raise_two_releases(platform: Platform, pool: str) -> None:
    """R1 is stable, R2 stands in S50."""
    config, hands = platform.config.governance, Hands(platform.config.governance)
    story.append(platform.ops, proposal(platform, "R1", pool, "CASH"))
    following = story.rise(platform.ops, config, hands, "R1", "stable")
    story.append(platform.ops, proposal(platform, "R2", pool, "R1"))
    story.rise(platform.ops, config, hands, "R2", "S50", following)


def propose_third(platform: Platform, pool: str) -> None:
    """R3 is approved and has not started."""
    hands = Hands(platform.config.governance)
    story.append(platform.ops, proposal(platform, "R3", pool, "CASH"))
    release = releases.fold(story.ledger.events(platform.ops), hands.config, pool).by_id["R3"]
    for name, role in (("Li Wei", "research"), ("Zhao Min", "risk")):
        story.append(platform.ops, hands.seal(releases.approval(release, name, role, BEFORE)))


def proposal(platform: Platform, release_id: str, pool: str, rollback_to: str):
    """A release of the configuration as it is."""
    facts = {"config_hash": platform.config.digest, "data_version": json.dumps(data_version(platform, pool))}
    return story.proposal(release_id, pool, rollback_to, **facts)


def dear_fills(platform: Platform, pool: str, day: dt.date, file: Path) -> Path:
    """A broker's file: one purchase for half the capital, five per cent above the open."""
    bars = platform.lake.read(t.BARS, pool, start=day, end=day)
    symbol, price = bars["symbol"].iloc[0], round(float(bars["open"].iloc[0]) * 1.05, 3)
    shares = int(500_000 / price / 100) * 100
    line = f"{day},{symbol},broker-1,{BEFORE},buy,{shares},{shares},{price},100"
    file.write_text(f"date,symbol,order_id,decision_date,side,ordered,shares,price,cost\n{line}\n")
    return file


def write_config(folder: Path) -> Path:
    """The shipped configuration with three small pools, a late start, people, and limits that will be broken."""
    shutil.copytree(packaged_config(), folder, ignore=shutil.ignore_patterns("dagster.yaml"))
    for name, edit in (
        ("etf_pools", _pools),
        ("platform", _platform),
        ("sources", lambda text: text["sources"]["sample"].update(start="2023-05-04")),
        ("risk", lambda text: text.update(window=50, test_window=100, min_forecasts=20)),
        ("universes", lambda text: text.update(universes={})),
        ("strategies", lambda text: text["trend"].update(runs=[])),
        ("governance", _governance),
        ("alerts", _alerts),
    ):
        change(folder, name, edit)
    load_config(folder)
    return folder


def change(folder: Path, name: str, edit) -> None:
    """Edit one file of a configuration in place."""
    path = folder / f"{name}.yaml"
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(text)
    path.write_text(json.dumps(text, ensure_ascii=False, default=str), encoding="utf-8")  # PyYAML writes 09:30 bare


def _pools(text: dict) -> None:
    template = text["pools"]["A_SHARE"]
    made = {name: {**template, "name": name, "symbols": symbols} for name, symbols in POOLS.items()}
    text["pools"] = {"assignment": "original_compatible", **made}
    text["capital_constraints"] = dict.fromkeys(POOLS, text["capital_constraints"]["A_SHARE"])
    text["strategy"]["portfolio"]["weights"] = {MAJOR: 0.4, DEVIATING: 0.3, DRIFTING: 0.3}


def _platform(text: dict) -> None:
    text |= {"first_partition": "2024-12-02", "history_start": "2023-05-04"}


def _governance(text: dict) -> None:
    roles = {"Li Wei": ["research"], "Zhao Min": ["risk"]}
    text["people"] = {
        name: {"roles": roles[name], "verifier": people.new_verifier(secret, salt=bytes(16), cost=10)}
        for name, secret in SECRETS.items()
    }
    text["weekly"]["min_sharpe"] = 99.0
    text["account"]["start"] = OLD_ACCOUNT
    text["consistency"]["max_live_deviation_bps"] = DEVIATION_LIMIT
    next(rule for rule in text["fail_safe"] if rule["rule_id"] == "live_deviation")["threshold"] = DEVIATION_LIMIT


def _alerts(text: dict) -> None:
    text["sensors"]["seconds"] |= {"closing": 6, "dispatch": 6}
    text["sensors"]["look_back_hours"] = 24
