"""Limit-up states: what daily bars, the feed's pool and the order book each can say, and how boards are counted."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.arbitrage.states import last_rows, states_of_bars, states_of_quotes
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import LIMIT_STATES, QUOTES
from etf_platform.storage.lake import Lake

FLAGS = ["at_limit", "sealed", "touched", "opened", "one_word"]


def bar(date, symbol="600000.SH", close=11.0, high=None, low=10.0, first=10.5, limit=11.0, basis="computed"):
    """One row with its limit; the highest price is the close unless given."""
    return {
        "date": pd.Timestamp(date),
        "symbol": symbol,
        "open": first,
        "high": close if high is None else high,
        "low": low,
        "close": close,
        "amount": 1e6,
        "source": "simulated test",
        "board": "main",
        "is_st": pd.NA,
        "basis": basis,
        "rate": 0.1 if np.isfinite(limit) else np.nan,
        "limit_up": limit,
    }


def frame(*rows):
    made = pd.DataFrame(list(rows))
    return made.assign(date=made["date"].astype("datetime64[ns]"), is_st=made["is_st"].astype("boolean"))


def pool_row(date, symbol="600000.SH", boards=3, seal=5e7, pool="limit_up"):
    return {
        "date": pd.Timestamp(date),
        "pool": pool,
        "symbol": symbol,
        "boards_in_row": boards,
        "first_seal": pd.Timestamp("2024-06-03 01:31", tz="UTC"),
        "last_seal": pd.Timestamp("2024-06-03 05:00", tz="UTC"),
        "seal_amount": seal,
        "times_opened": 2,
        "float_cap": 4e9,
        "source": "eastmoney",
    }


def flags(states):
    return [tuple(None if v is pd.NA else bool(v) for v in row) for row in states[FLAGS].itertuples(index=False)]


def test_bars_give_these_flags():
    """At the limit a bar cannot say whether it was sealed; off it, it was not."""
    day = "2024-06-03"
    rows = frame(
        bar(day, "600000.SH"),
        bar(day, "600001.SH", close=10.9, high=11.0),
        bar(day, "600002.SH", close=10.99),
        bar(day, "600003.SH", low=11.0, first=11.0),
        bar(day, "600004.SH", limit=np.nan, basis="no_limit"),
        bar(day, "600005.SH", limit=np.nan, basis="unknown"),
    )

    states = states_of_bars(rows)

    assert flags(states) == [
        (True, None, True, False, False),
        (False, False, True, True, False),
        (False, False, False, False, False),
        (True, None, True, False, True),
        (False, False, False, False, False),
        (None, None, None, None, None),
    ]
    assert states["boards_in_row"].tolist() == [1, 0, 0, 1, 0, 0]
    assert list(states.columns) == [c.name for c in LIMIT_STATES.columns]
    assert LIMIT_STATES.conform(states).num_rows == 6


def test_prices_are_compared_as_ticks():
    """0.1 + 0.2 is not 0.3 in binary, and 1815 cents / 100 may differ from 16.50 * 1.1."""
    rows = frame(bar("2024-06-03", close=16.50 * 1.1, high=16.50 * 1.1, limit=18.15))
    assert 16.50 * 1.1 != 18.15

    assert states_of_bars(rows)["at_limit"].tolist() == [True]


def test_boards_are_counted_over_traded_days_of_the_same_stock():
    """A suspension does not break a row; a day off the limit, without a limit or of unknown limit does."""
    days = [
        "2024-06-03",
        "2024-06-04",
        "2024-06-11",
        "2024-06-12",
        "2024-06-13",
        "2024-06-14",
        "2024-06-17",
        "2024-06-18",
    ]
    one = [bar(d) for d in days]
    one[3] = bar(days[3], close=10.8)
    one[6] = bar(days[6], limit=np.nan, basis="unknown")
    two = [bar(d, "600001.SH") for d in days[1:]]

    states = states_of_bars(frame(*two, *one[::-1]))

    assert states[states["symbol"] == "600000.SH"]["boards_in_row"].tolist() == [1, 2, 3, 0, 1, 2, 0, 1]
    assert states[states["symbol"] == "600001.SH"]["boards_in_row"].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_day_alone_equals_the_day_of_the_history():
    """Random states of thirty stocks with suspensions, first days and a pool that corrects some counts."""
    rng = np.random.default_rng(7)
    days = pd.bdate_range("2024-03-01", periods=40)
    rows = [
        bar(
            d,
            f"6000{s:02d}.SH",
            close=11.0 if rng.random() < 0.7 else 10.5,
            basis="computed" if rng.random() < 0.95 else "unknown",
        )
        for s in range(30)
        for d in days[rng.integers(0, 5) :]
        if rng.random() < 0.9
    ]
    history = frame(*rows)
    pool = pd.DataFrame(
        [pool_row(r["date"], r["symbol"], int(rng.integers(1, 9))) for r in rows if rng.random() < 0.05]
    )

    whole = states_of_bars(history, pool=pool)

    for day in days:
        before = last_rows(whole[whole["date"] < day])
        alone = states_of_bars(history[history["date"] == day], before, pool[pool["date"] == day])
        pd.testing.assert_frame_equal(alone, whole[whole["date"] == day].reset_index(drop=True))
    later = states_of_bars(history[history["date"] <= days[20]], pool=pool)
    pd.testing.assert_frame_equal(later, whole[whole["date"] <= days[20]].reset_index(drop=True))


def test_boards_agree_with_a_plain_loop():
    rng = np.random.default_rng(11)
    days = pd.bdate_range("2024-03-01", periods=60)
    rows = [bar(d, f"60000{s}.SH", close=11.0 if rng.random() < 0.6 else 10.5) for d in days for s in range(8)]
    told = {(r["date"], r["symbol"]): int(rng.integers(1, 20)) for r in rows if rng.random() < 0.05}
    pool = pd.DataFrame([pool_row(d, s, n) for (d, s), n in told.items()])
    expected, standing = [], dict.fromkeys({r["symbol"] for r in rows}, 0)
    for r in rows:
        is_at = r["close"] == 11.0
        standing[r["symbol"]] = told.get((r["date"], r["symbol"]), standing[r["symbol"]] + 1) if is_at else 0
        expected.append(standing[r["symbol"]])

    assert states_of_bars(frame(*rows), pool=pool)["boards_in_row"].tolist() == expected


def test_the_pool_fills_the_seal_and_its_boards_win_also_for_the_next_day():
    rows = frame(bar("2024-06-03"), bar("2024-06-04"), bar("2024-06-03", "600001.SH", close=10.5))
    pool = pd.DataFrame(
        [
            pool_row("2024-06-03", boards=4),
            pool_row("2024-06-03", "600001.SH"),
            pool_row("2024-06-04", boards=9, pool="yesterday"),
        ]
    )

    states = states_of_bars(rows, pool=pool).set_index(["date", "symbol"])

    first, off, second = (states.iloc[i] for i in range(3))
    assert (first["sealed"], first["boards_in_row"], first["seal_amount"], first["times_opened"]) == (True, 4, 5e7, 2)
    assert first["first_seal"] == pd.Timestamp("2024-06-03 01:31", tz="UTC")
    assert first["source"] == "simulated test + eastmoney"
    assert off["boards_in_row"] == 0
    assert np.isnan(off["seal_amount"])
    assert second["boards_in_row"] == 5
    assert second["sealed"] is pd.NA


def test_a_pool_without_a_seal_amount_leaves_sealed_unknown():
    states = states_of_bars(frame(bar("2024-06-03")), pool=pd.DataFrame([pool_row("2024-06-03", seal=np.nan)]))

    assert states["sealed"].isna().all()


def test_rows_that_stand_twice_or_a_state_before_that_is_not_before_are_refused():
    rows = frame(bar("2024-06-03"))
    with pytest.raises(BadInputError, match="stands twice"):
        states_of_bars(frame(bar("2024-06-03"), bar("2024-06-03")))
    with pytest.raises(BadInputError, match="not earlier"):
        states_of_bars(rows, states_of_bars(rows))


def test_no_rows_give_an_empty_table():
    empty = frame(bar("2024-06-03")).iloc[:0]

    assert LIMIT_STATES.conform(states_of_bars(empty)).num_rows == 0


def quote(symbol="300893.SZ", last=15.13, asks=0.0, bid=15.13, bid_shares=1_533_500.0, traded=True):
    values = {c.name: np.nan for c in QUOTES.columns}
    values |= {
        "date": pd.Timestamp("2026-09-30"),
        "symbol": symbol,
        "name": "松原安全",
        "last": last,
        "prev_close": 12.61,
        "open": 13.0 if traded else np.nan,
        "high": last if traded else np.nan,
        "low": 12.9 if traded else np.nan,
        "volume": 1e6,
        "amount": 1e7,
        "limit_up": 15.13,
        "limit_down": 10.09,
        "float_cap": 3e9,
        "bid1": bid,
        "bid1_volume": bid_shares,
        "ask1_volume": asks,
        "status": "normal",
        "is_traded": traded,
        "book_estimated": False,
        "fetched_at": pd.Timestamp("2026-09-30 06:00", tz="UTC"),
        "source": "tencent",
    }
    return values


def limits_of(quotes, basis="feed"):
    rows = {"board": "chinext", "is_st": pd.array([pd.NA] * len(quotes), "boolean"), "basis": basis}
    return pd.DataFrame(rows | {"rate": 0.2, "limit_up": 15.13, "limit_down": 10.09}, index=quotes.index)


def test_quotes_are_sealed_as_the_book_says():
    """15.13 yuan x 15335 lots wait: 23,201,855 yuan. With sellers it is not sealed; without a book it is not known."""
    quotes = pd.DataFrame(
        [
            quote("300893.SZ"),
            quote("300894.SZ", asks=100.0),
            quote("300895.SZ", asks=np.nan, bid=np.nan, bid_shares=np.nan),
            quote("300896.SZ", last=15.0),
            quote("300897.SZ", traded=False),
            quote("300898.SZ", bid=15.12),
        ]
    )

    states = states_of_quotes(quotes, limits_of(quotes))

    assert [f[:2] for f in flags(states)] == [
        (True, True),
        (True, False),
        (True, None),
        (False, False),
        (False, False),
        (True, False),
    ]
    assert round(states["seal_amount"].iloc[0]) == 23_201_855
    assert states["seal_amount"].iloc[1:].isna().all()
    assert states["boards_in_row"].tolist() == [1, 1, 1, 0, 0, 1]
    assert states["change"].iloc[0] == pytest.approx(2.52 / 12.61)
    assert LIMIT_STATES.conform(states[[c.name for c in LIMIT_STATES.columns]]).num_rows == 6


def test_quotes_go_on_from_the_boards_before_and_take_times_from_the_pool():
    quotes = pd.DataFrame([quote()])
    before = pd.DataFrame({"symbol": ["300893.SZ"], "date": [pd.Timestamp("2026-09-29")], "boards_in_row": [2]})
    pool = pd.DataFrame([pool_row("2026-09-30", "300893.SZ", boards=4, seal=1.0)])

    counted = states_of_quotes(quotes, limits_of(quotes), before)
    told = states_of_quotes(quotes, limits_of(quotes), before, pool)

    assert counted["boards_in_row"].tolist() == [3]
    assert told["boards_in_row"].tolist() == [4]
    assert round(told["seal_amount"].iloc[0]) == 23_201_855
    assert told["times_opened"].tolist() == [2]


def test_a_quote_of_unknown_limit_has_unknown_states():
    quotes = pd.DataFrame([quote()])

    states = states_of_quotes(quotes, limits_of(quotes, "unknown").assign(limit_up=np.nan))

    assert flags(states) == [(None,) * 5]


def test_states_come_back_from_the_lake_as_they_were_and_can_be_written_again(tmp_path):
    """A seal with all its facts, one that nobody told about, and an unknown limit."""
    rows = frame(
        bar("2024-06-03"),
        bar("2024-06-03", "600001.SH"),
        bar("2024-06-03", "600002.SH", limit=np.nan, basis="unknown"),
    )
    states = states_of_bars(rows, pool=pd.DataFrame([pool_row("2024-06-03")]))
    lake = Lake(tmp_path / "lake")

    version = lake.write(LIMIT_STATES, "STOCK", states)
    back = lake.read(LIMIT_STATES, "STOCK")

    pd.testing.assert_frame_equal(back.astype({"times_opened": "Int64"}), states)
    assert lake.write(LIMIT_STATES, "STOCK", back) == version
