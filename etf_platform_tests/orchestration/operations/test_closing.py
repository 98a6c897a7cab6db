"""What a replayed session demands: the order of acts, the breaker's measures, events as if live."""

import datetime as dt
import json

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.orchestration import closing, release_watch
from etf_platform.orchestration.replay import replay
from etf_platform.storage.events import append, events
from etf_platform.storage.outbox import transaction

DAY = dt.date(2024, 3, 7)


def test_the_largest_weight_is_that_of_the_position_of_most_value():
    """300 at 2 yuan of 1,000 are 60 %; a day without a row is unknown, one without positions has none."""
    held = {"positions": json.dumps({"a": 100, "b": 300}), "marks": json.dumps({"a": [3.0, 1.0], "b": [2.0, 1.0]})}
    rows = [
        {"date": pd.Timestamp("2024-03-06"), "nav": 1000.0, "positions": "{}", "marks": "{}"},
        {"date": pd.Timestamp("2024-03-07"), "nav": 1000.0, **held},
    ]
    account = pd.DataFrame(rows)

    found = [closing.largest_weight(account, dt.date(2024, 3, day)) for day in (6, 7, 8)]

    assert found == [0.0, pytest.approx(0.6), None]


def test_the_breaker_sees_the_account_the_portfolios_share_and_the_stored_forecasts(replays, week):
    """The pool is half of the portfolio (top_n 2): a fund of half its account is a quarter of all."""
    platform = replays.open(week)
    account = platform.lake.read(t.PAPER_ACCOUNT, replays.pool)
    row = account[account["date"] == str(DAY)].iloc[0]
    shares, marks = json.loads(row["positions"]), json.loads(row["marks"])

    seen = closing.measures_of(platform, replays.pool, DAY)

    assert seen.concentration == pytest.approx(max(shares[s] * marks[s][0] for s in shares) / row["nav"] / 2)
    assert seen.drawdown == pytest.approx(1 - row["nav"] / account.loc[account["date"] <= str(DAY), "nav"].max())
    assert seen.var95 != seen.var95 and seen.var99 != seen.var99  # too few returns in this home for a forecast


def test_acts_come_in_the_order_breaker_fail_safe_rollback_promotion(replays, week, monkeypatch):
    called = []
    for name in ("move_breaker", "apply_fail_safe", "roll_back_where_due", "promote_where_possible"):
        monkeypatch.setattr(release_watch, name, lambda *given, name=name: called.append((name, given[1])) or [])

    closing.close_session(replays.open(week), replays.last, ("A_SHARE", "OTHER"))

    order = ["move_breaker", "apply_fail_safe", "roll_back_where_due", "promote_where_possible"]
    assert called == [(name, pool) for pool in ("A_SHARE", "OTHER") for name in order]


def test_a_feature_at_retrain_opens_a_retrain_once_with_a_freeze_even_without_a_rule(replays, week):
    platform = replays.open(week)
    object.__setattr__(platform.config.governance, "fail_safe", ())
    moved = {"feature": "turnover", "from": "DEGRADE", "to": "RETRAIN", "level": "major", "reason": "shifted"}
    event = Event(f"drift.moved/{DAY}/OTHER/turnover", kinds.DRIFT_MOVED, "OTHER", "system:drift", moved, DAY)
    with transaction(platform.ops) as connection:
        append(connection, [event])

    first = closing.close_session(platform, DAY, ("OTHER",))
    second = closing.close_session(platform, DAY, ("OTHER",))

    closed = Event(f"retrain.closed/OTHER/{DAY}", kinds.RETRAIN_CLOSED, "OTHER", "system:retrain", {}, DAY)
    with transaction(platform.ops) as connection:
        append(connection, [closed])
    third = closing.close_session(platform, replays.last, ("OTHER",))

    assert [e.kind for e in first] == ["freeze.on", "retrain.opened"]
    assert second == []
    assert third == []  # drift has not been judged again since the retrain was closed


def test_a_replay_closes_every_session_as_the_sensor_does(replays, week):
    """With the shipped limits a fund that is a quarter of all is a warning; it halves the next session's exposure."""
    before = replays.open(week)
    assert closing.last_closed(before, replays.pool) == replays.last
    assert events(before.ops, {kinds.BREAKER_MOVED}) == []
    shipped = replays.small.open(week, "shipped")

    replay(shipped, dt.date(2024, 3, 11), dt.date(2024, 3, 12), (replays.pool,))

    moved = events(shipped.ops, {kinds.BREAKER_MOVED}, replays.pool)
    account = shipped.lake.read(t.PAPER_ACCOUNT, replays.pool).set_index("date")["exposure"]
    assert [(e.payload["to"], e.as_of) for e in moved][:1] == [("WARNING", dt.date(2024, 3, 11))]
    assert (account["2024-03-11"], account["2024-03-12"]) == (1.0, 0.5)


def test_a_deviation_of_the_month_is_not_held_against_the_release_that_came_back():
    """Rolled back at 245; the rest of the month counts from there, the next month from nothing."""
    days = [dt.date(2024, 12, 27), dt.date(2024, 12, 30), dt.date(2024, 12, 31), dt.date(2025, 1, 2)]
    values = dict(zip(days, (10.0, 245.0, 300.0, 20.0), strict=True))

    assert release_watch.answered(values, [days[1]]) == {days[0]: 10.0, days[1]: 245.0, days[2]: 55.0, days[3]: 20.0}
    assert release_watch.answered(values, []) == values
    assert release_watch.answered({days[2]: None}, [days[1]]) == {days[2]: None}


@pytest.mark.parametrize(
    ("levels", "closed", "alarms"),
    [
        ("sAMM", None, "0111"),
        ("sAMM", 2, "0100"),  # the feature that was in alarm when the retrain was closed is accepted
        ("AMsssA", 1, "100001"),  # three clean sessions end that
        ("AMssAA", 1, "100000"),  # two do not
        ("AMsusA", 1, "100000"),  # nor does a session that could not be judged
    ],
)
def test_drift_that_a_retrain_has_accepted_is_no_alarm(levels, closed, alarms):
    """s stable, A alert, M major, u unknown; a second feature is stable throughout."""
    names = {"s": "stable", "A": "alert", "M": "major", "u": "unknown"}
    dates = pd.bdate_range("2024-03-04", periods=len(levels))
    rows = [{"date": d, "feature": "turnover", "level": names[c]} for d, c in zip(dates, levels, strict=True)]
    rows += [{"date": d, "feature": "volatility_20", "level": "stable"} for d in dates]

    found = release_watch.drift_alarms(pd.DataFrame(rows), None if closed is None else dates[closed].date(), 3)

    assert found == {d.date(): float(a) for d, a in zip(dates, alarms, strict=True)}


def test_another_feature_in_alarm_after_the_retrain_counts():
    dates = pd.bdate_range("2024-03-04", periods=3)
    rows = pd.DataFrame({"date": dates, "feature": "turnover", "level": ["stable", "stable", "major"]})

    assert release_watch.drift_alarms(rows, dates[1].date(), 3)[dates[2].date()] == 1.0
