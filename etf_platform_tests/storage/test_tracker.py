"""The tracker's rows are kept once, move only forward, and come back as they were; on SQLite and PostgreSQL."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import StorageError
from etf_platform.storage import tracker
from etf_platform.storage.outbox import transaction

NOW = dt.datetime(2026, 1, 5, 2, 0, 7, tzinfo=dt.UTC)
DAY = dt.date(2026, 1, 5)


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def row(stock="600519.SH", etf="510300.SH", episode=1, day=DAY, **fields) -> dict:
    return {"trade_date": day, "stock": stock, "etf": etf, "episode": episode, "fields": {"score": 71.5, **fields}}


def add(ops, *rows, now=NOW) -> list[str]:
    with transaction(ops) as connection:
        return [made["signal_id"] for made in tracker.add_signals(connection, rows, now)]


def move(ops, ids, state, now=NOW) -> list[str]:
    with transaction(ops) as connection:
        return tracker.move_signals(connection, ids, state, now)


def test_a_signal_comes_back_flat_with_the_time_of_shanghai_in_its_id(ops):
    (made,) = add(ops, row(etf_name="沪深300ETF", premium=float("nan"), others=[{"etf": "510330.SH", "weight": 0.04}]))

    (found,) = tracker.signals(ops)
    assert made == "SIG_20260105100007_600519_0001"
    assert {name: found[name] for name in ("signal_id", "trade_date", "stock", "etf", "episode", "state")} == {
        "signal_id": made,
        "trade_date": DAY,
        "stock": "600519.SH",
        "etf": "510300.SH",
        "episode": 1,
        "state": "new",
    }
    assert (found["etf_name"], found["premium"], found["score"], found["outcome"]) == ("沪深300ETF", None, 71.5, None)
    assert found["others"] == [{"etf": "510330.SH", "weight": 0.04}] and found["created_at"] == NOW
    assert "fields" not in found and tracker.signal(ops, made) == found and tracker.signal(ops, "SIG") is None


def test_a_signal_of_an_episode_is_stored_once_and_the_next_episode_again(ops):
    first = add(ops, row(), row(), row(etf="510050.SH"))
    again = add(ops, row(score=90.0), row(episode=2), now=later(60))

    assert [i[-4:] for i in first] == ["0001", "0002"] and [i[-4:] for i in again] == ["0003"]
    assert tracker.count_signals(ops) == 3 and tracker.count_signals(ops, DAY - dt.timedelta(days=1)) == 0


def test_ids_of_one_second_differ(ops):
    ids = add(ops, *(row(etf=f"5100{i}0.SH") for i in range(10, 60)))

    assert len(set(ids)) == 50


def test_signals_come_newest_first_in_pages_by_day_and_state(ops):
    ids = [i for n in range(5) for i in add(ops, row(episode=n), now=later(n))]
    old = add(ops, row(day=DAY - dt.timedelta(days=3)), now=later(-86400 * 3))
    move(ops, ids[:2], "notified")

    assert [s["signal_id"] for s in tracker.signals(ops, limit=2, offset=1)] == [ids[3], ids[2]]
    assert [s["signal_id"] for s in tracker.signals(ops, DAY, "notified")] == [ids[1], ids[0]]
    assert [s["signal_id"] for s in tracker.signals(ops, limit=None)] == [*reversed(ids), *old]
    assert tracker.count_signals(ops, state="new") == 4


def test_signals_move_only_forward(ops):
    told, open_, new = add(ops, row(), row(episode=2), row(episode=3))

    assert move(ops, [told, open_], "notified") == [told, open_]
    assert move(ops, [told, open_], "notified") == []
    assert move(ops, [told, "SIG_unknown"], "invalidated") == [told]
    assert move(ops, [told, open_, new], "expired") == [open_, new]
    assert move(ops, [told], "notified") == [] and move(ops, [told], "evaluated") == [told]


def test_standing_signals_are_those_that_nothing_ended(ops):
    a, b, c = add(ops, row(), row(episode=2), row(episode=3))
    move(ops, [a], "notified")
    move(ops, [b], "invalidated")

    with transaction(ops) as connection:
        assert [s["signal_id"] for s in tracker.standing_signals(connection, DAY)] == [a, c]
        assert tracker.standing_signals(connection, DAY + dt.timedelta(days=1)) == []


def test_an_outcome_says_what_the_signal_was_and_may_be_corrected(ops):
    a, b = add(ops, row(), row(episode=2))
    move(ops, [a], "invalidated")

    assert tracker.set_outcomes(ops, {a: {"next_open": 0.01}, b: {"next_open": np.float64("nan")}, "SIG": {}}, NOW) == 2
    assert tracker.set_outcomes(ops, {a: {"next_open": 0.02}}, later(60)) == 1
    found = {s["signal_id"]: (s["state"], s["outcome"]) for s in tracker.signals(ops)}
    assert found == {
        a: ("evaluated", {"next_open": 0.02, "was": "invalidated"}),
        b: ("evaluated", {"next_open": None, "was": "expired"}),
    }


def test_the_board_of_a_day_is_replaced_whole(ops):
    for names in (["600519.SH", "000001.SZ"], ["300750.SZ"]):
        with transaction(ops) as connection:
            tracker.replace_board(connection, DAY, NOW, [{"symbol": s, "sealed": np.bool_(True)} for s in names])

    assert [(r["symbol"], r["sealed"], r["at"]) for r in tracker.board(ops)] == [("300750.SZ", True, NOW)]
    assert tracker.board(ops, DAY - dt.timedelta(days=1)) == []


def test_a_quote_replaces_the_one_of_its_symbol_only(ops):
    many = [{"symbol": f"{i:06}.SZ", "price": 1.0} for i in range(1200)]
    with transaction(ops) as connection:
        assert tracker.put_quotes(connection, NOW, many) == 1200
        tracker.put_quotes(connection, later(60), [{"symbol": "000007.SZ", "price": pd.NA, "name": "x"}])

    assert len(tracker.last_quotes(ops)) == 1200
    found = tracker.last_quotes(ops, ["000007.SZ", "000008.SZ", "999999.SH"])
    assert set(found) == {"000007.SZ", "000008.SZ"}
    assert (found["000007.SZ"]["price"], found["000007.SZ"]["name"], found["000008.SZ"]["price"]) == (None, "x", 1.0)


def test_an_episode_begins_once_and_ends(ops):
    began = {"trade_date": DAY, "stock": "600519.SH", "episode": 1, "began_at": NOW, "ended_at": None}
    for ended in (None, later(90)):
        with transaction(ops) as connection:
            tracker.put_episodes(connection, [{**began, "ended_at": ended}])

    assert tracker.episodes(ops, DAY) == [{**began, "ended_at": later(90)}]


def test_what_is_not_committed_is_not_there(ops):
    with pytest.raises(ZeroDivisionError), transaction(ops) as connection:
        tracker.add_signals(connection, [row()], NOW)
        tracker.replace_board(connection, DAY, NOW, [{"symbol": "600519.SH"}])
        raise ZeroDivisionError

    assert tracker.signals(ops) == [] and tracker.board(ops) == []


def test_the_monitor_runs_until_somebody_stops_it(ops):
    assert tracker.monitor(ops)["wanted"] == "running" and not tracker.want(ops, "running", "cli", NOW)

    assert tracker.want(ops, "stopped", "api", later(5)) and not tracker.want(ops, "stopped", "cli", later(9))
    found = tracker.monitor(ops)
    assert (found["wanted"], found["changed_by"], found["changed_at"]) == ("stopped", "api", later(5))


def test_one_scanner_at_a_time_until_its_lease_ends(ops):
    assert tracker.take_lease(ops, "a", NOW, 60) and tracker.take_lease(ops, "a", later(1), 60)
    assert not tracker.take_lease(ops, "b", later(30), 60)
    assert tracker.take_lease(ops, "b", later(61), 60)

    with transaction(ops) as connection:
        assert not tracker.holds_lease(connection, "a") and tracker.holds_lease(connection, "b")
    tracker.drop_lease(ops, "a")
    assert not tracker.take_lease(ops, "c", later(62), 60)
    tracker.drop_lease(ops, "b")
    assert tracker.take_lease(ops, "c", later(62), 60)


def test_of_many_scanners_at_once_one_gets_the_lease(ops):
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda i: tracker.take_lease(ops, f"scanner {i}", NOW, 60), range(8)))

    assert sum(got) == 1


def test_scans_are_remembered_newest_first(ops):
    for at, state in ((NOW, "done"), (later(60), "failed")):
        with transaction(ops) as connection:
            scan = {"at": at, "asked_by": "sensor", "state": state, "detail": "", "figures": {"seconds": np.float64(1)}}
            tracker.record_scan(connection, scan)

    assert [s["state"] for s in tracker.scans(ops)] == ["failed", "done"]
    assert tracker.last_scan(ops)["at"] == NOW and tracker.last_scan(ops)["figures"] == {"seconds": 1.0}


def test_a_back_test_is_put_changed_listed_and_removed(ops):
    assert tracker.put_backtest(ops, "bt", NOW, params={"min_weight": 0.05})
    assert tracker.put_backtest(ops, "bt", later(9), status="completed", progress=1.0, result={"n": np.int64(3)})

    assert not tracker.put_backtest(ops, "gone", NOW, status="failed")
    (found,) = tracker.backtests(ops)
    assert found == tracker.backtest(ops, "bt")
    assert (found["status"], found["result"], found["params"]) == ("completed", {"n": 3}, {"min_weight": 0.05})
    assert (found["created_at"], found["updated_at"]) == (NOW, later(9))
    assert tracker.delete_backtest(ops, "bt") and not tracker.delete_backtest(ops, "bt")


def test_a_database_that_cannot_be_read_gives_one_sentence(ops):
    tracker.LIMIT_SIGNALS.drop(ops)

    with pytest.raises(StorageError, match="reading the limit-up tracker"):
        tracker.signals(ops)
