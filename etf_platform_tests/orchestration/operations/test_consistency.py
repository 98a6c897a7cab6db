"""The gate between the running account and the back-test: green for an honest week, red where somebody cheated."""

import datetime as dt

import numpy as np
import pytest

from etf_platform.core import tables as t
from etf_platform.orchestration.steps import consistency, strategies


def test_an_honest_week_is_green_every_day(replays, week_home):
    facts = replays.made["facts"]

    assert [(str(day), f["state"], f["reasons"]) for day, f in facts.items()] == [
        (f"2024-03-{day:02d}", "PASS", "none") for day in (4, 5, 6, 7, 8)
    ]


def test_a_changed_price_is_red_at_data(replays, week):
    platform = replays.open(week)
    bars = platform.lake.read(t.BARS, replays.pool, start="2024-03-06", end="2024-03-06")
    bars.loc[0, "close"] += 0.01
    platform.lake.write(t.BARS, replays.pool, bars, "2024-03-06", "2024-03-06")

    assert replays.judge(platform) == ("FAIL", "data")


def test_a_price_that_moved_by_one_tick_is_no_changed_price(replays, week):
    platform = replays.open(week)
    bars = platform.lake.read(t.BARS, replays.pool, start="2024-03-06", end="2024-03-06")
    bars.loc[0, "prev_close"] += 0.001
    platform.lake.write(t.BARS, replays.pool, bars, "2024-03-06", "2024-03-06")

    assert replays.judge(platform) == ("PASS", "none")


def test_a_changed_parameter_is_red_at_signal(replays, week):
    platform = replays.open(week, strategy={"top_n": 3})

    assert replays.judge(platform) == ("FAIL", "signal")


def test_a_changed_cost_is_red_at_fill(replays, week):
    platform = replays.open(week, costs={"slippage": 0.002})

    assert replays.judge(platform) == ("FAIL", "fill")


def test_a_missed_day_is_red_at_data_and_has_a_value_but_no_decision(replays, folder):
    platform = replays.open(folder)

    facts = replays.run(platform, missing=(dt.date(2024, 3, 6),))

    assert {str(day): (f["state"], f["first diverging stage"]) for day, f in facts.items()} == {
        "2024-03-04": ("PASS", "none"),
        "2024-03-05": ("PASS", "none"),
        "2024-03-07": ("FAIL", "data"),
        "2024-03-08": ("FAIL", "data"),
    }
    assert "missed: 2024-03-06" in facts[dt.date(2024, 3, 7)]["reasons"]
    decided, valued = (
        set(replays.rows(platform, table)["date"].dt.day) for table in (t.PAPER_DECISIONS, t.PAPER_ACCOUNT)
    )
    assert (decided, valued) == ({4, 5, 7, 8}, {4, 5, 6, 7, 8})


def test_a_strategy_that_peeks_is_red_at_signal_one_day_later(replays, folder, monkeypatch):
    def peeking(make):
        def made(panel, bars, *rest, **more):
            rows = make(panel, bars, *rest, **more)
            closes = bars.pivot(index="date", columns="symbol", values="close")
            ahead = (closes.shift(-1) / closes).stack()
            tomorrow = ahead.reindex(list(zip(rows["date"], rows["symbol"], strict=True))).to_numpy()
            return rows.assign(score=np.where(np.isfinite(tomorrow), tomorrow, rows["score"]))

        return made

    monkeypatch.setattr(strategies, "targets", peeking(strategies.targets))
    monkeypatch.setattr(strategies, "targets_since", peeking(strategies.targets_since))
    facts = replays.run(replays.open(folder), last=dt.date(2024, 3, 5))

    assert [(f["state"], f["first diverging stage"]) for f in facts.values()] == [("PASS", "none"), ("FAIL", "signal")]


def test_a_factor_that_peeks_is_red_at_feature(replays, week, monkeypatch):
    honest = consistency.compute_panel

    def peeking(bars, **how):
        made = honest(bars, **how)
        frame = made.frame.assign(rsi_14=made.frame.groupby("symbol")["rsi_14"].shift(-1))
        return type(made)(**{**vars(made), "frame": frame})

    monkeypatch.setattr(consistency, "compute_panel", peeking)

    assert replays.judge(replays.open(week)) == ("FAIL", "feature")


def test_without_an_account_it_is_blocked_and_never_green(replays, folder):
    platform = replays.open(folder)

    assert replays.judge(platform, dt.date(2024, 3, 1)) == ("BLOCKED", "data")
    assert set(replays.rows(platform, t.CONSISTENCY)["reason"]) == {"pending_data"}


@pytest.mark.parametrize("day", [dt.date(2024, 3, 11)])
def test_a_day_that_is_not_recorded_is_blocked(replays, week, day):
    assert replays.judge(replays.open(week), day) == ("BLOCKED", "data")
