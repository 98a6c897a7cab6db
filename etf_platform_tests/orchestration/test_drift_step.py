"""The drift step on a small lake: rows, events, and that a day alone is the day of a backfill."""

import datetime as dt
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.states import State
from etf_platform.core.units.event import DRIFT_MOVED, RETRAIN_CLOSED, Event
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance.evidence import drift_gate
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.drift import write_drift
from etf_platform.storage import events, outbox

POOL, FUNDS, LAST = "A_SHARE", 3, dt.date(2024, 3, 29)


def _bars(platform):
    """Three funds from 2022-06 on; from 2024-01-15 on volatility has tripled."""
    days = platform.sessions(POOL).between("2022-06-01", LAST)
    rng = np.random.default_rng(3)
    scale = np.where(days >= "2024-01-15", 3.0, 1.0)
    parts = []
    for k in range(FUNDS):
        close = 2.0 * np.exp(np.cumsum(rng.normal(0, 0.008, days.size) * scale))
        reach = np.exp(np.abs(rng.normal(0, 0.004, days.size)) * scale)
        amount = 1e8 * np.exp(rng.normal(0, 0.3, days.size))
        prices = {"open": close, "high": close * reach, "low": close / reach, "close": close, "prev_close": close}
        facts = {"volume": amount / close, "amount": amount, "adj_factor": 1.0, "amount_estimated": False}
        labels = {"source": "sample (simulated)", "fetched_at": pd.Timestamp(LAST, tz="UTC"), "revision": 0}
        parts.append(pd.DataFrame({"date": days, "symbol": f"51030{k}.SH", **prices, **facts, **labels}))
    return pd.concat(parts).sort_values(["date", "symbol"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift") / "configs"
    shutil.copytree(packaged_config(), folder)
    settings = parse_yaml((folder / "governance.yaml").read_text(encoding="utf-8"))
    settings["drift"] |= {"draws": 100, "history": 500}
    (folder / "governance.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def platform(tmp_path, config):
    platform = Platform.open(Workspace(tmp_path / "home", config))
    platform.lake.write(t.BARS, POOL, _bars(platform))
    return platform


def _run(platform, day, end=None):
    return write_drift(platform, POOL, Window(dt.date.fromisoformat(day), dt.date.fromisoformat(end or day)))


def _rows(platform):
    return platform.lake.read(t.DRIFT, POOL).sort_values(["date", "feature"]).reset_index(drop=True)


def test_a_tripled_volatility_moves_through_the_stages_and_asks_for_a_retrain(platform):
    outcome = _run(platform, "2024-02-27")

    told = events.events(platform.ops, {DRIFT_MOVED}, POOL)
    mine = [event.payload["to"] for event in told if event.payload["feature"] == "volatility_20"]
    assert mine[-1] == "RETRAIN"
    assert (outcome.facts["exposure"], outcome.facts["wants freeze"]) == (0.5, True)
    assert outcome.plots["drift"].startswith(b"\x89PNG")


def test_a_second_run_writes_the_same_rows_and_no_event(platform):
    _run(platform, "2024-02-20")
    before, told = _rows(platform), events.events(platform.ops)

    outcome = _run(platform, "2024-02-20")
    pd.testing.assert_frame_equal(_rows(platform), before, check_exact=True)
    assert outcome.facts["moves recorded"] == 0
    assert events.events(platform.ops) == told


def test_days_one_by_one_are_bit_for_bit_the_backfill_and_leave_the_same_ledger(platform, tmp_path, config):
    other = Platform.open(Workspace(tmp_path / "other", config))
    other.lake.write(t.BARS, POOL, _bars(other))
    days = [str(day.date()) for day in platform.sessions(POOL).between("2024-02-20", "2024-02-23")]

    for day in days:
        _run(platform, day)
    _run(other, days[0], days[-1])
    pd.testing.assert_frame_equal(_rows(platform), _rows(other), check_exact=True)
    ledgers = [[(e.key, e.text) for e in events.events(each.ops)] for each in (platform, other)]
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0])


def test_a_closed_retrain_with_another_model_is_audited_as_one_major(platform):
    fits = [("2024-01-10", {"selected": "a", "error": 0.2}), ("2024-03-05", {"selected": "b", "error": 0.2})]
    with outbox.transaction(platform.ops) as connection:
        made = [
            Event(
                f"{RETRAIN_CLOSED}/{POOL}/{day}",
                RETRAIN_CLOSED,
                POOL,
                "system:test",
                {"model": model},
                dt.date.fromisoformat(day),
            )
            for day, model in fits
        ]
        events.append(connection, made)

    _run(platform, "2024-03-06")
    model = _rows(platform).query("feature == 'model'").set_index("date")[["level", "reason", "stage"]]
    assert model.loc["2024-03-05"].tolist() == ["major", "selected b, was a", "ALERT"]
    assert model.loc["2024-01-10"].tolist() == ["unknown", "no_baseline", "NORMAL"]
    assert model.loc["2024-03-06", "level"] == "stable"


OF_QUOTES = {"turnover", "book_imbalance", "premium"}


def test_features_of_quotes_do_not_apply_to_a_source_without_quotes(platform):
    outcome = _run(platform, "2024-01-12")

    assert outcome.facts["not applicable"] == "turnover, book_imbalance, premium"
    assert OF_QUOTES.isdisjoint(_rows(platform)["feature"])
    assert drift_gate(_rows(platform).query("feature != 'null_rate'"), dt.date(2024, 1, 12)) == (State.PASS, "")


def test_on_a_source_with_quotes_a_day_without_them_blocks(tmp_path, config):
    live = Platform.open(Workspace(tmp_path / "home", config, source="live"))
    live.lake.write(t.BARS, POOL, _bars(live))

    outcome = _run(live, "2024-01-12")
    rows = _rows(live)
    rows = rows[rows["date"] == pd.Timestamp("2024-01-12")].set_index("feature").loc[sorted(OF_QUOTES)]
    assert outcome.facts["not applicable"] == "none"
    assert rows["state"].tolist() == ["BLOCKED"] * 3 and rows["reason"].tolist() == ["missing"] * 3
    gate = drift_gate(_rows(live).query("feature != 'null_rate'"), dt.date(2024, 1, 12))
    assert gate == (State.BLOCKED, "book_imbalance missing; premium missing; turnover missing")
