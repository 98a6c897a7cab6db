"""E[g]: equal to a slow plain count, blind to the future, one session as all of them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from etf_platform.arbitrage.board_returns import board_returns, carried_on, settled
from etf_platform.arbitrage.buckets import time_bucket
from etf_platform.arbitrage.expectation import all_expectations, expectations, expected_gain, gains, tercile_of
from etf_platform.core.tables import BOARD_RETURNS, EXPECTATIONS, LIMIT_STATES

DAYS = pd.bdate_range("2024-01-01", periods=40).as_unit("ns")
SHRINKAGE = 50.0


def _market(n_stocks=45, seed=5):
    """Bars and states of a random market with boards, seals and suspended days."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n_stocks):
        symbol = f"{[600000, 300000, 688000][i % 3] + i:06d}.{'SZ' if i % 3 == 1 else 'SH'}"
        close = 10.0
        in_row = 0
        for day in DAYS:
            if rng.random() < 0.15:
                continue
            before, rate = close, 0.1 if i % 3 == 0 else 0.2
            limit = round(before * (1 + rate) + 1e-9, 2)
            is_board = rng.random() < 0.2
            close = limit if is_board else round(before * (1 + rng.normal(0, 0.02)), 2)
            in_row = in_row + 1 if is_board else 0
            opened = round(before * (1 + rng.normal(0.005, 0.01)), 2)
            known = is_board and rng.random() < 0.7
            rows.append(
                {
                    "date": day,
                    "symbol": symbol,
                    "open": opened,
                    "high": max(opened, close),
                    "low": min(opened, close),
                    "close": close,
                    "prev_close": before,
                    "volume": 1e5,
                    "amount": 1e6,
                    "board": ["main", "chinext", "star"][i % 3],
                    "is_st": False,
                    "basis": "computed",
                    "rate": rate,
                    "limit_up": limit,
                    "at_limit": is_board,
                    "touched": is_board,
                    "boards_in_row": in_row,
                    "seal_amount": rng.uniform(1e6, 1e8) if known else np.nan,
                    "float_cap": 1e9 if known else np.nan,
                    "first_seal": day.tz_localize("UTC") + pd.Timedelta(hours=rng.uniform(1.5, 6.9)) if known else None,
                    "source": "simulated: random",
                }
            )
    frame = pd.DataFrame(rows).sort_values(["date", "symbol"], ignore_index=True)
    frame["first_seal"] = frame["first_seal"].astype("datetime64[us, UTC]")
    for column in {c.name for c in LIMIT_STATES.columns} - set(frame.columns):
        frame[column] = None
    return frame


@pytest.fixture(scope="module")
def market():
    return _market()


@pytest.fixture(scope="module")
def returns(market):
    return board_returns(market, market)


def _slow_returns(market):
    """What each board did next, row by row."""
    bars = {(row.symbol, row.date): row for row in market.itertuples()}
    after = dict(pairwise(DAYS))
    made = []
    for row in market[market["at_limit"]].itertuples():
        own = next((bars[row.symbol, day] for day in DAYS if day > row.date and (row.symbol, day) in bars), None)
        free = []
        for other in (bar for (_, day), bar in bars.items() if day == row.date and not bar.touched):
            step = bars.get((other.symbol, after.get(row.date)))
            floor = np.floor(other.prev_close * (1 - other.rate) * 100 + 0.5 + 1e-9) / 100
            if step is not None and other.low > floor + 1e-9:
                free.append(step.open / step.prev_close - 1)
        gain = own.open / own.prev_close - 1 if own else np.nan
        mean = np.mean(free) if free else np.nan
        made.append((row.date, row.symbol, own.date if own else pd.NaT, gain, mean, gain - mean))
    return pd.DataFrame(
        made, columns=["date", "symbol", "known_on", "next_open", "market_next_open", "extra_next_open"]
    )


def test_what_a_board_did_next_is_what_a_plain_loop_finds(market, returns):
    slow = _slow_returns(market)

    slow["known_on"] = slow["known_on"].astype("datetime64[ns]")
    pd.testing.assert_frame_equal(returns[slow.columns.tolist()], slow, check_dtype=False, rtol=1e-12)
    assert returns["known_on"].isna().sum() > 0 and (returns["known_on"] > returns["date"] + pd.Timedelta("4D")).any()
    BOARD_RETURNS.conform(returns)


def test_a_board_has_no_outcome_before_its_stock_trades_again(market, returns):
    """Cut off after any day, the rows before it say what the whole history says, and nothing that came later."""
    cut = DAYS[20]
    early = board_returns(market[market["date"] <= cut], market[market["date"] <= cut])

    whole = returns[returns["date"] <= cut].reset_index(drop=True)
    known = (whole["known_on"] <= cut).to_numpy()
    pd.testing.assert_frame_equal(early[known], whole[known], check_exact=True)
    assert early.loc[~known, "next_open"].isna().all() and (~known).sum() > 2


def test_waiting_boards_are_settled_by_the_next_days_bars_alone(market, returns):
    cut = DAYS[20]
    slice_before = market[market["date"] <= cut]
    waiting = board_returns(slice_before, slice_before)
    waiting = waiting[waiting["known_on"].isna() & (waiting["date"] < cut)]

    done = settled(waiting, market[market["date"] > cut])
    same = returns.merge(done[["date", "symbol"]], on=["date", "symbol"])
    pd.testing.assert_frame_equal(done, same, check_exact=True)
    assert len(done) > 0


@pytest.mark.parametrize("length", [1, 3, 17])
def test_pieces_one_after_another_are_bit_for_bit_the_whole(market, returns, length):
    """Each piece begins with the last day of the one before, whose boards find their market only now."""
    known = returns.iloc[:0]
    for begin in range(0, len(DAYS), length):
        piece = market[market["date"].isin(DAYS[max(begin - 1, 0) : begin + length])]
        known = carried_on(known, piece, piece)

    pd.testing.assert_frame_equal(known, returns, check_exact=True)
    assert carried_on(returns, market.iloc[:0], market.iloc[:0]) is returns


def _slow_expectation(returns, day):
    """Every bucket of one session by plain counting."""
    ratios = returns["seal_ratio"]

    def edges(when):
        known = ratios[(returns["date"] < when) & ratios.notna()].to_numpy()
        return np.quantile(known, [1 / 3, 2 / 3]) if len(known) >= 30 else (np.nan, np.nan)

    def seal(row):
        low, high = edges(row.date)
        if np.isnan(row.seal_ratio) or np.isnan(low):
            return "unknown"
        return "low" if row.seal_ratio <= low else "middle" if row.seal_ratio <= high else "high"

    known = [r for r in returns.itertuples() if r.known_on < day and r.extra_next_open == r.extra_next_open]
    told = [
        (
            r.extra_next_open,
            r.known_on,
            r.board,
            ["1", "2", "3+"][min(r.boards_in_row, 3) - 1],
            seal(r),
            r.first_seal_bucket,
        )
        for r in known
    ]
    overall = np.mean([t[0] for t in told]) if told else np.nan
    groups = {}
    for value, when, *names in told:
        for held in range(16):
            key = tuple(name if held >> i & 1 else "all" for i, name in enumerate(names))
            groups.setdefault(key, []).append((value, when))
    rows = {}
    for key, pairs in groups.items():
        values = np.array([v for v, _ in pairs])
        days = {w for _, w in pairs}
        sums = [sum(v - values.mean() for v, w in pairs if w == d) ** 2 for d in days]
        error = np.sqrt(sum(sums) * len(days) / (len(days) - 1)) / len(pairs) if len(days) > 1 else np.nan
        shrunk = (values.sum() + SHRINKAGE * overall) / (len(values) + SHRINKAGE)
        rows[key] = (len(values), values.mean(), shrunk, error)
    return rows, edges(day)


@pytest.mark.parametrize("place", [1, 3, 12, 39])
def test_every_bucket_is_what_plain_counting_finds(returns, place):
    made = expectations(returns, DAYS[place], SHRINKAGE)
    slow, (low, high) = _slow_expectation(returns, DAYS[place])

    keys = ["board", "row_bucket", "seal_bucket", "time_bucket"]
    found = {tuple(getattr(r, k) for k in keys): (r.events, r.mean, r.expected, r.error) for r in made.itertuples()}
    if not slow:  # the second session: yesterday's boards open this morning, which does not count yet
        assert list(found) == [("all",) * 4] and found["all", "all", "all", "all"][0] == 0
    else:
        assert set(found) == set(slow)
        for key, expected in slow.items():
            np.testing.assert_allclose(found[key], expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose([made["seal_low"].iloc[0], made["seal_high"].iloc[0]], [low, high])
    EXPECTATIONS.conform(made)


def test_a_session_alone_is_bit_for_bit_the_session_among_all(returns):
    everything = all_expectations(returns, DAYS, SHRINKAGE)

    for day in DAYS[[0, 7, 23, 39]]:
        alone = expectations(returns, day, SHRINKAGE)
        same = everything[everything["date"] == day].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, same, check_exact=True)


def test_no_session_sees_an_outcome_of_its_own_day_or_later(market):
    """Every price from a day on is changed, and boards after it: the expectations of that day stay bit for bit."""
    day = DAYS[25]
    changed = market.copy()
    late = changed["date"] >= day
    rng = np.random.default_rng(1)
    for column in ("open", "close", "prev_close", "low", "high"):
        changed.loc[late, column] *= rng.uniform(0.5, 2.0, late.sum())
    changed.loc[late, "at_limit"] = rng.random(late.sum()) < 0.5
    changed.loc[late, "seal_amount"] = 5e8
    changed.loc[late, "source"] = "simulated: another"

    until = DAYS[:26]
    before = all_expectations(board_returns(market, market), until, SHRINKAGE)
    after = all_expectations(board_returns(changed, changed), until, SHRINKAGE)
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_a_bucket_without_events_gives_way_step_by_step(returns):
    day = expectations(returns, DAYS[39], SHRINKAGE)
    table = day.set_index(["board", "row_bucket", "seal_bucket", "time_bucket"])["expected"]

    assert expected_gain(day, "main", "1", "unknown", "unknown") == table["main", "1", "unknown", "unknown"]
    assert expected_gain(day, "main", "1", "high", "no such") == table["main", "1", "high", "all"]
    assert expected_gain(day, "main", "1", "no such", "no such") == table["main", "1", "all", "all"]
    assert expected_gain(day, "main", "9", "x", "x") == table["main", "all", "all", "all"]
    assert expected_gain(day, "bse", "1", "x", "x") == table["all", "all", "all", "all"]
    assert expected_gain(day.iloc[:0], "main", "1", "all", "all") is None
    assert expected_gain(expectations(returns, DAYS[0], SHRINKAGE), "main", "1", "all", "all") is None


def test_many_boards_are_looked_up_as_one_is(market, returns):
    everything = all_expectations(returns, DAYS, SHRINKAGE)
    boards = market[market["at_limit"]].iloc[::7]

    found = gains(boards, everything)
    for row, value in zip(boards.itertuples(), found, strict=True):
        day = everything[everything["date"] == row.date]
        known = not pd.isna(row.seal_amount)
        seal = tercile_of(day, row.seal_amount, row.float_cap) if known else "unknown"
        time = time_bucket(row.first_seal if known else None)
        one = expected_gain(day, row.board, ["1", "2", "3+"][min(row.boards_in_row, 3) - 1], seal, time)
        assert (np.isnan(value) and one is None) or value == one
    assert np.isfinite(found).sum() > 40


@pytest.mark.parametrize(
    ("utc", "bucket"),
    [
        ("2024-03-01 01:25", "before_10"),
        ("2024-03-01 01:59:59", "before_10"),
        ("2024-03-01 02:00", "to_14"),
        ("2024-03-01 06:00", "to_14"),
        ("2024-03-01 06:00:01", "later"),
        (None, "unknown"),
    ],
)
def test_the_time_of_the_first_seal_is_shanghais(utc, bucket):
    assert time_bucket(pd.Timestamp(utc, tz="UTC") if utc else None) == bucket


def test_no_board_ever_gives_one_row_that_knows_nothing():
    none = pd.DataFrame(columns=[c.name for c in BOARD_RETURNS.columns]).astype(
        {"date": "datetime64[ns]", "known_on": "datetime64[ns]", "extra_next_open": float, "seal_ratio": float}
    )

    made = expectations(none, DAYS[0], SHRINKAGE)
    assert made["events"].tolist() == [0] and made["expected"].isna().all()
