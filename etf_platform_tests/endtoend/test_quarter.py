"""A full quarter on real data, day by day as if live, and what each way of cheating does to the gate; about 20 minutes.

`python -m pytest -m drill etf_platform_tests/endtoend/test_quarter.py -s`
"""

import datetime as dt
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.units.event import BREAKER_MOVED, DRIFT_MOVED, RETRAIN_OPENED
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance.consistency import first_stage, verdict
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.replay import replay
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps import strategies
from etf_platform.orchestration.steps.consistency import write_consistency
from etf_platform.storage.events import events
from etf_platform_tests.resources.command import invoke

pytestmark = pytest.mark.drill

SOURCE, POOL, POOLS = "etf_qfq_eastmoney", "A_SHARE", ("A_SHARE", "QDII", "OTHER")
FIRST, HALF, LAST = dt.date(2024, 10, 8), dt.date(2024, 10, 25), dt.date(2024, 12, 31)
SESSIONS = 61
WEEKS = [f"2024-W{week}" for week in range(41, 53)]  # the last session of W01 of 2025 lies in January
DOCUMENTS = {
    *("kpi_snapshot", "risk_exceptions", "pnl_attribution", "change_rollback_record", "operating_audit"),
    *("consistency_replay", "live_deviation_snapshot", "drift_report", "canary_checklist", "decision_log", "adr"),
    *("manual_status", "signoff_pack", "daily_regression_gate", "performance_baseline", "latency_benchmark"),
}


@dataclass(frozen=True)
class Quarter:
    """Homes of the drill: at the end of the quarter, and as it stood after the session `HALF`."""

    home: Path
    half: Path
    data: Path

    def opened(self, home: Path, config: Path | None = None) -> Platform:
        return Platform.open(Workspace(home, config or packaged_config(), source=SOURCE, data=self.data))


@pytest.fixture(scope="module")
def quarter(shared, tmp_path_factory) -> Quarter:
    shared("data/cn_etf")
    folder = tmp_path_factory.mktemp("quarter")
    made = Quarter(folder / "home", folder / "half", shared("data"))
    options = ("--source", SOURCE, "--data", made.data, "--home", made.home)
    invoke(["backfill", "--from", "2020-01-02", "--to", "2024-09-30", *options])
    platform = made.opened(made.home)
    replay(platform, FIRST, HALF)
    shutil.copytree(made.home, made.half)
    replay(platform, HALF + dt.timedelta(days=1), LAST)
    return made


@pytest.fixture
def copy(quarter, tmp_path):
    def made(of: Path) -> Path:
        return Path(shutil.copytree(of, tmp_path / "home"))

    return made


def test_the_account_has_every_session_and_nothing_of_it_differs_from_the_back_test(quarter):
    platform = quarter.opened(quarter.home)

    states = Counter(
        (pool, verdict(day))
        for pool in POOLS
        for _, day in platform.lake.read(t.CONSISTENCY, pool, start=FIRST, end=LAST).groupby("date")
    )
    accounts = {pool: platform.lake.read(t.PAPER_ACCOUNT, pool) for pool in POOLS}

    print({pool: f"{rows['nav'].iloc[-1]:,.2f}" for pool, rows in accounts.items()})
    assert states == {(pool, "PASS"): SESSIONS for pool in POOLS}
    assert {pool: len(rows) for pool, rows in accounts.items()} == dict.fromkeys(POOLS, SESSIONS)


def test_every_strategy_has_its_metrics_on_every_session_and_week(quarter):
    platform = quarter.opened(quarter.home)

    for strategy in (*POOLS, "portfolio"):
        rows = platform.lake.read(t.KPI_VALUES, strategy, start=FIRST, end=LAST)
        daily, weekly = rows[rows["period"] == "day"], rows[rows["period"] == "week"]
        assert set(daily.groupby("date")["kpi"].nunique()) == {daily["kpi"].nunique()}
        assert (daily["date"].nunique(), weekly["date"].nunique()) == (SESSIONS, len(WEEKS))
        unexplained = rows[(rows["status"] != "PASS") & (rows["reason"] == "")]
        assert unexplained.empty, unexplained[["date", "kpi", "status"]].head()
        last = daily[daily["date"] == daily["date"].max()]
        print(strategy, dict(Counter(last["status"])), len(rows), "rows")


def test_the_alarms_of_the_autumn_have_their_dates(quarter):
    """The break of volatility of September and October 2024 is called about 20 sessions after it began."""
    moves = [
        (str(event.as_of), event.subject, event.payload["to"])
        for event in events(quarter.opened(quarter.home).ops, (DRIFT_MOVED,))
        if event.as_of >= FIRST and event.payload["feature"] in ("volatility_20", "parkinson_20")
    ]

    autumn = [move for move in moves if move[0] <= "2024-11-04"]
    print(*moves, sep="\n")
    assert {("2024-10-30", "A_SHARE", "ALERT"), ("2024-10-31", "A_SHARE", "DEGRADE")} <= set(autumn)
    assert {("2024-11-01", "A_SHARE", "RETRAIN"), ("2024-11-01", "OTHER", "RETRAIN")} <= set(autumn)
    assert ("2024-11-04", "QDII", "RETRAIN") in autumn


def test_what_the_system_did_about_it_is_on_record(quarter):
    known = [event for event in events(quarter.opened(quarter.home).ops) if event.as_of and event.as_of >= FIRST]

    for event in known:
        if event.kind != DRIFT_MOVED:
            print(event.as_of, event.kind, event.subject, event.payload.get("to", ""), event.payload.get("reasons", ""))
    opened = {event.subject for event in known if event.kind == RETRAIN_OPENED}
    halted = [str(e.as_of) for e in known if e.kind == BREAKER_MOVED and e.payload["to"] == "HALTED"]
    assert opened == set(POOLS)
    assert halted == ["2024-10-09"]  # two forecasts of A_SHARE beyond their limits, and again while restricted


def test_every_week_has_its_pack_as_json_and_markdown(quarter):
    folder = quarter.home / "reports" / "governance"

    for week in WEEKS:
        found = {path.stem for path in (folder / week).glob("*.json")}
        assert found >= DOCUMENTS, (week, DOCUMENTS - found)
        assert {path.stem for path in (folder / week).glob("*.md")} >= DOCUMENTS
        pack = json.loads((folder / week / "signoff_pack.json").read_text(encoding="utf-8"))
        print(week, pack["status"], pack["pending_items"])
        assert pack["status"] == "AUTO_BLOCKED"  # nothing was released, nobody signed


def test_the_last_full_week_written_again_after_later_sessions_has_the_same_bytes(quarter, copy):
    home = copy(quarter.home)
    folder = home / "reports" / "governance" / WEEKS[-1]
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    options = ("--source", SOURCE, "--data", quarter.data, "--home", home)

    for command in ("operating-audit", "pnl-attribution", "consistency-replay", "canary-checklist", "signoff-pack"):
        invoke(["gov", command, "--week", WEEKS[-1], *options])

    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {name for name, content in before.items() if after[name] != content} == set()


def test_a_changed_price_is_red_at_data_and_then_at_the_features_that_saw_it(quarter, copy):
    platform = quarter.opened(copy(quarter.home))
    bars = platform.lake.read(t.BARS, POOL, start="2024-11-13", end="2024-11-13")
    bars.loc[bars["symbol"] == "510300.SH", "close"] *= 1.01
    platform.lake.write(t.BARS, POOL, bars, "2024-11-13", "2024-11-13")

    red = _red(platform)

    assert next(iter(red.items())) == ("2024-11-13", "data")
    assert set(red.values()) == {"data", "feature"}


def test_a_changed_parameter_is_red_at_weight_and_at_signal(quarter, copy, tmp_path):
    config = _configured(tmp_path, "top_n: 5", "top_n: 4")

    red = _red(quarter.opened(copy(quarter.home), config))

    assert red["2024-10-08"] == "weight"  # the same set of funds until the next decision, at other weights
    assert Counter(red.values()).most_common(1)[0][0] == "signal"
    assert set(red.values()) <= {"weight", "signal", "fill", "return"}  # while halted both go for nothing


def test_a_changed_cost_is_red_at_fill(quarter, copy, tmp_path):
    config = _configured(tmp_path, "slippage: 0.001", "slippage: 0.002")

    red = _red(quarter.opened(copy(quarter.home), config))

    assert len(red) > 0
    assert set(red.values()) == {"fill"}


def test_a_missed_decision_day_is_red_at_data_and_then_at_signal(quarter, copy):
    platform = quarter.opened(copy(quarter.half))

    told = replay(platform, dt.date(2024, 10, 28), dt.date(2024, 11, 12), (POOL,), {dt.date(2024, 10, 31)})

    states = _stages(told)
    assert all(states[day] == "none" for day in ("2024-10-28", "2024-10-29", "2024-10-30"))
    assert states["2024-11-01"] == "data"
    assert set(states.values()) == {"none", "data", "signal"}


def test_a_look_ahead_is_red_at_signal_on_the_day_after(quarter, copy, monkeypatch):
    def peeking(make):
        def made(panel, bars, *rest, **more):
            rows = make(panel, bars, *rest, **more)
            if rows is None:
                return None
            closes = bars.pivot(index="date", columns="symbol", values="close")
            ahead = (closes.shift(-1) / closes).stack()
            tomorrow = ahead.reindex(list(zip(rows["date"], rows["symbol"], strict=True))).to_numpy()
            peeks = np.isfinite(tomorrow) & (rows["date"] > pd.Timestamp(HALF)).to_numpy()
            return rows.assign(score=np.where(peeks, tomorrow, rows["score"]))

        return made

    monkeypatch.setattr(strategies, "targets", peeking(strategies.targets))
    monkeypatch.setattr(strategies, "targets_since", peeking(strategies.targets_since))
    platform = quarter.opened(copy(quarter.half))

    told = replay(platform, dt.date(2024, 10, 28), dt.date(2024, 10, 30), (POOL,))

    assert list(_stages(told).values()) == ["none", "signal", "signal"]


def _red(platform: Platform) -> dict[str, str]:
    """Sessions of the quarter that are not PASS when they are judged now, with the first diverging stage."""
    write_consistency(platform, POOL, Window(FIRST, LAST))
    rows = platform.lake.read(t.CONSISTENCY, POOL, start=FIRST, end=LAST)
    red = {f"{day:%Y-%m-%d}": first_stage(of) for day, of in rows.groupby("date") if verdict(of) != "PASS"}
    print(f"{len(red)} of {rows['date'].nunique()} red", dict(Counter(red.values())), "first", next(iter(red), None))
    return red


def _stages(told) -> dict[str, str]:
    stages = {
        str(one.session): str(one.facts["first diverging stage"])
        for one in told
        if one.address == "governance/{pool}/consistency"
    }
    print(stages)
    return stages


def _configured(folder: Path, line: str, changed: str) -> Path:
    """The packaged configuration with one line of `etf_pools.yaml` changed."""
    config = Path(shutil.copytree(packaged_config(), folder / "configs"))
    path = config / "etf_pools.yaml"
    content = path.read_text(encoding="utf-8")
    assert content.count(line) == 1
    path.write_text(content.replace(line, changed), encoding="utf-8")
    return config
