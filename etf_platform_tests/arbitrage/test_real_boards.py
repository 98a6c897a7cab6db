"""Five years of real stocks: limit-ups per year, the change of ChiNext, and every kind of row that is not plain.

The figures below are the ones of `docs/limit_states.md`. Expected limits are computed here on whole cents, in integers.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from etf_platform.arbitrage.boards import board_counts, ladder, yearly_counts
from etf_platform.arbitrage.states import last_rows, states_of_bars
from etf_platform.core.tables import BOARD_COUNTS, LIMIT_STATES
from etf_platform.market.calendar import sessions
from etf_platform.market.limits import stock_limits
from etf_platform_tests.resources.live_cases import recorded_cases

YEARS = range(2020, 2025)
NAMES = {"prev_close": "pre_close", "open": "open", "high": "high", "low": "low", "close": "close"}
KEPT = ["2020-08-21", "2020-08-24", "2024-09-23", "2024-09-30"]


@dataclass
class Study:
    """What is kept of the five years: counts per year and day, some whole days, and counters of odd rows."""

    years: pd.DataFrame
    counts: pd.DataFrame
    days: dict[str, pd.DataFrame]
    odd: Counter
    unknown: list[tuple[str, str]]
    alone: pd.DataFrame
    without_limit: set[str]


def cents_limit(previous, percent):
    """Round half up, on whole cents."""
    return (2 * previous.astype(np.int64) * (100 + percent) + 100) // 200


def bars_of(path):
    raw = pd.read_parquet(path)
    raw["date"] = pd.to_datetime(raw["date"]).astype("datetime64[ns]")
    raw = raw.sort_values(["date", "symbol"], ignore_index=True)
    prices = {name: raw[f"{old}_c"] / 100.0 for name, old in NAMES.items()}
    rows = pd.DataFrame({"date": raw["date"], "symbol": raw["symbol"].astype("str"), **prices})
    return raw, rows.assign(amount=raw["amount_yuan"].astype("float64"), source="recorded")


def usual_percent(raw):
    """10, or 20 on STAR, and on ChiNext from 2020-08-24."""
    code = raw["symbol"].str[:2]
    return np.where((code == "68") | ((code == "30") & (raw["date"] >= "2020-08-24")), 20, 10)


@pytest.fixture(scope="module")
def study(shared):
    folder = shared("data/cn_stock")
    listing = pd.read_csv(shared("data/meta/stock_list.csv"), dtype=str, encoding="utf-8-sig")
    stocks = pd.DataFrame({"symbol": listing["ts_code"], "list_date": pd.to_datetime(listing["list_date"])})
    index = sessions("XSHG").index
    before, past, days, odd, unknown, years, counts, free = None, {}, {}, Counter(), [], [], [], set()
    for year in YEARS:
        raw, bars = bars_of(folder / f"daily_raw_{year}.parquet")
        states = states_of_bars(pd.concat([bars, stock_limits(bars, stocks, None, index)], axis=1), before)
        count_odd(raw, states, past, odd)
        unknown += [(str(d.date()), s) for d, s in states.loc[states["basis"] == "unknown", ["date", "symbol"]].values]
        free |= set(states.loc[states["basis"] == "no_limit", "symbol"])
        if year == 2024:
            alone = busiest_day_alone(bars, stocks, states)
        years.append(yearly_counts(states))
        counts.append(board_counts(states))
        days |= {d: states[states["date"] == d] for d in KEPT if d.startswith(str(year))}
        before = last_rows(states if before is None else pd.concat([before, states]))
    return Study(pd.concat(years), pd.concat(counts), days, odd, unknown, alone, free)


def busiest_day_alone(bars, stocks, states):
    """States of 2024-09-30 from its own bars and the last rows before it."""
    day = bars[bars["date"] == "2024-09-30"]
    limits = stock_limits(day, stocks, None, sessions("XSHG").index)
    return states_of_bars(pd.concat([day, limits], axis=1), last_rows(states[states["date"] < "2024-09-30"]))


def count_odd(raw, states, past, odd):
    """Count the rows of each kind that one would get wrong, or cannot know."""
    day = Day(raw, states)
    count_listings(day, odd)
    count_references(day, past, odd)
    count_thresholds(day, odd)
    count_rounding(day, odd)
    receipt = (raw["symbol"] == "689009.SH").to_numpy(dtype=bool)
    odd["rows"] += len(raw)
    odd["the depositary receipt"] += int(receipt.sum())
    odd["the depositary receipt at 20 %"] += int((receipt & day.at).sum())


class Day:
    """Columns of one year as arrays, prices in cents."""

    def __init__(self, raw, states):
        self.symbol, self.date = raw["symbol"].to_numpy(), raw["date"].to_numpy()
        self.previous, self.close, self.high = (raw[f"{n}_c"].to_numpy() for n in ("pre_close", "close", "high"))
        self.percent, self.rate = usual_percent(raw), states["rate"].to_numpy()
        self.limit, self.ours = cents_limit(self.previous, self.percent), np.rint(states["limit_up"].to_numpy() * 100)
        self.at = states["at_limit"].fillna(False).to_numpy(dtype=bool)
        self.usual, self.first = np.isin(self.rate, (0.1, 0.2)), self.rate == 0.44
        self.free = (states["basis"] == "no_limit").to_numpy(dtype=bool)
        self.main = (states["board"] == "main").to_numpy(dtype=bool)
        self.row = states["boards_in_row"].to_numpy()


def count_listings(day, odd):
    odd["limits that differ from integers"] += int((day.ours != day.limit)[day.usual].sum())
    odd["first days differing"] += int((day.ours != cents_limit(day.previous, 44))[day.first].sum())
    odd["first days with 44 %"] += int(day.first.sum())
    odd["of these closed at it"] += int((day.at & day.first).sum())
    odd["no limit"] += int(day.free.sum())
    odd["no limit, above the usual one"] += int((day.free & (day.high > day.limit)).sum())


def count_references(day, past, odd):
    """`past` is the last (close, session) of each stock, in years before."""
    number = pd.factorize(day.date)[0] + odd["sessions"]
    odd["sessions"] += len(np.unique(number))
    rows = pd.DataFrame({"symbol": day.symbol, "close": day.close.astype(float), "number": number.astype(float)})
    earlier = rows.groupby("symbol")[["close", "number"]].shift(1)
    for i, name in enumerate(("close", "number")):
        earlier[name] = earlier[name].fillna(rows["symbol"].map({s: pair[i] for s, pair in past.items()}))
    past.update(zip(day.symbol, zip(rows["close"], rows["number"], strict=True), strict=True))
    last, gap = earlier["close"].to_numpy(), number - earlier["number"].to_numpy()

    moved = ~np.isnan(last) & (last != day.previous)
    boards = moved & day.at & day.usual
    odd["reference price is not the last close"] += int(moved.sum())
    odd["of these closed at the limit"] += int(boards.sum())
    odd["of these seen from the last close"] += int(
        (boards & (day.close == cents_limit(np.nan_to_num(last), day.percent))).sum()
    )
    odd["second or later board after a suspension"] += int(((gap > 1) & (day.row > 1)).sum())


def count_thresholds(day, odd):
    change, wide = day.close / day.previous - 1.0, day.percent == 20
    odd["9.9 / 19.5 % misses"] += int((day.usual & day.at & (change < np.where(wide, 0.195, 0.099))).sum())
    odd["9.9 / 19.5 % invents"] += int((day.usual & ~day.at & (change >= np.where(wide, 0.195, 0.099))).sum())
    odd["9.5 / 19.5 % invents"] += int((day.usual & ~day.at & (change >= np.where(wide, 0.195, 0.095))).sum())
    at_high = day.usual & day.main & (day.close == day.high)
    for points in (4, 5, 6):
        name = f"main board, close is the high and +{points} % to the tick"
        odd[name] += int((at_high & (day.close == cents_limit(day.previous, points))).sum())


def count_rounding(day, odd):
    binary = np.rint(np.round(day.previous / 100.0 * (1 + day.percent / 100.0), 2) * 100)
    odd["binary rounding, limits off by a tick"] += int((day.usual & (binary != day.limit)).sum())
    odd["binary rounding, closes misjudged"] += int((day.usual & (day.at != (day.close == binary))).sum())


def test_closes_at_the_limit_per_year(study):
    """Known from elsewhere: about 15.3k, 15.0k, 14.9k, 8.6k, 17.5k; most of them, 819, on 2024-09-30."""
    assert [(year, *row) for year, *row in study.years.astype({"most_on": "str"}).itertuples()] == [
        (2020, 15_316, 6_605, 899_809, 236, "2020-02-06"),
        (2021, 15_030, 6_238, 1_015_303, 128, "2021-12-21"),
        (2022, 14_884, 7_092, 1_110_858, 208, "2022-04-29"),
        (2023, 8_600, 4_172, 1_184_809, 92, "2023-01-03"),
        (2024, 17_505, 9_826, 1_221_072, 819, "2024-09-30"),
    ]


def test_chinext_has_twice_the_limit_from_2020_08_24(study):
    before, after = (study.days[d][study.days[d]["board"] == "chinext"] for d in ("2020-08-21", "2020-08-24"))

    assert set(before["rate"].dropna()) == {0.1}
    assert set(after["rate"].dropna()) == {0.2}
    assert before["at_limit"].sum() == 21
    assert after["at_limit"].sum() == 2
    assert (after["basis"] == "no_limit").sum() == 18  # the eighteen first listings under registration


def test_rows_that_are_not_plain_are_as_many_as_the_document_says(study):
    assert {name: n for name, n in study.odd.items() if name != "sessions"} == {
        "limits that differ from integers": 0,
        "first days differing": 0,
        "first days with 44 %": 401,
        "of these closed at it": 372,
        "no limit": 5_661,
        "no limit, above the usual one": 1_230,
        "reference price is not the last close": 17_343,
        "of these closed at the limit": 143,
        "of these seen from the last close": 0,
        "second or later board after a suspension": 50,
        "9.9 / 19.5 % misses": 1_140,
        "9.9 / 19.5 % invents": 702,
        "9.5 / 19.5 % invents": 2_322,
        "binary rounding, limits off by a tick": 109_725,
        "binary rounding, closes misjudged": 1_924,
        "main board, close is the high and +4 % to the tick": 1_216,
        "main board, close is the high and +5 % to the tick": 11_112,
        "main board, close is the high and +6 % to the tick": 259,
        "rows": 5_437_919,
        "the depositary receipt": 1_015,
        "the depositary receipt at 20 %": 3,
    }


def test_the_only_prices_beyond_a_computed_limit_are_first_days_after_a_resumed_or_repeated_listing(study):
    assert study.unknown == [
        ("2020-06-08", "601399.SH"),
        ("2020-08-17", "600610.SH"),
        ("2020-12-16", "000995.SZ"),
        ("2021-08-10", "000792.SZ"),
        ("2021-11-17", "001267.SZ"),
        ("2022-08-22", "000670.SZ"),
    ]


def test_so_many_stocks_had_sessions_without_a_limit(study):
    assert len(study.without_limit) == 1_134


def test_the_tables_conform_and_the_busiest_day_adds_up(study):
    day = study.days["2024-09-30"]

    assert LIMIT_STATES.conform(day).num_rows == 5_063
    assert BOARD_COUNTS.conform(study.counts).num_rows == 4 * 1_212
    row = study.counts[(study.counts["date"] == "2024-09-30") & (study.counts["board"] == "all")].iloc[0]
    assert row["at_limit"] == day["at_limit"].sum() == sum(map(len, ladder(day).values())) == 819
    assert row["longest_row"] == max(ladder(day))


def test_the_busiest_day_alone_is_the_day_of_the_history(study):
    """Stocks whose last bar before it lies in an earlier year do not occur among those at the limit."""
    pd.testing.assert_frame_equal(study.alone, study.days["2024-09-30"].reset_index(drop=True))


def test_boards_in_a_row_are_those_of_the_feeds_pool(study, shared):
    """Twenty of the 54 rows of 2024-09-23 are recorded; 600225 has been delisted since and is not in the data."""
    pool = next(c for c in recorded_cases(shared("wire")) if c.name == "pool").parse().frame.set_index("symbol")
    day = study.days["2024-09-23"].set_index("symbol")

    found = pool.index.intersection(day.index)

    assert pool.index.difference(found).tolist() == ["600225.SH"]
    assert day.loc[found, "boards_in_row"].tolist() == pool.loc[found, "boards_in_row"].tolist()
    assert day.loc[found, "limit_up"].tolist() == pool.loc[found, "last"].tolist()
    assert day.loc[found, "at_limit"].all()
