"""Simulated stocks and the funds that hold them: exact limits, runs of boards, new listings, prefixes that stay."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import SampleSource
from etf_platform.core.tables import FUND_HOLDINGS, STOCK_LIST
from etf_platform.market.calendar import sessions
from etf_platform.market.sources.sample_holdings import simulate_funds, simulated_holdings
from etf_platform.market.sources.sample_stocks import OPENED, simulate_stocks, simulated_list
from etf_platform.market.validate import validate

SOURCE = SampleSource(kind="sample")
SESSIONS = sessions("XSHG")
END = "2024-12-31"


@pytest.fixture(scope="module")
def stocks():
    return simulate_stocks(SOURCE, "sample", SESSIONS, END)


@pytest.fixture(scope="module")
def listed():
    return simulated_list(SOURCE, "sample", SESSIONS, END).set_index("symbol")


@pytest.fixture(scope="module")
def funds():
    return simulate_funds(SOURCE, "sample", SESSIONS, END)


@pytest.fixture(scope="module")
def holdings():
    return simulated_holdings(SOURCE, "sample", SESSIONS, END)


def _rate(board, day):
    if board == "main":
        return Decimal("0.10")
    if board == "chinext":
        return Decimal("0.10") if day < pd.Timestamp("2020-08-24") else Decimal("0.20")
    return {"star": Decimal("0.20"), "bse": Decimal("0.30")}[board]


def _limit(previous, rate):
    exact = Decimal(str(round(previous, 2))) * (1 + rate)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _age(rows):
    return rows.groupby("symbol").cumcount()


def _old(rows, listed):
    """Rows after the first five bars of stocks listed while we look, and all rows of the others."""
    is_new = rows["symbol"].map(listed["list_date"]) >= pd.Timestamp(SOURCE.start)
    return rows[~(is_new & (_age(rows) < 5))]


def test_every_row_is_a_valid_bar_and_says_that_it_is_simulated(stocks, funds, listed, holdings):
    for rows in (stocks, funds):
        verdict = validate(rows, SESSIONS, {})
        assert verdict.quarantine.empty
        assert len(verdict.bars) == len(rows)
    for frame in (stocks, funds, listed, holdings):
        assert frame["source"].str.contains("simulated").all()


def test_a_later_end_changes_no_earlier_row(stocks, funds, holdings):
    cut = pd.Timestamp("2022-05-18")

    for rows, again in ((stocks, simulate_stocks), (funds, simulate_funds)):
        earlier = rows[rows["date"] <= cut].reset_index(drop=True)
        pd.testing.assert_frame_equal(again(SOURCE, "sample", SESSIONS, cut), earlier, check_exact=True)
    known = holdings[holdings["published_at"] <= cut].reset_index(drop=True)
    pd.testing.assert_frame_equal(simulated_holdings(SOURCE, "sample", SESSIONS, cut), known, check_exact=True)


def test_there_are_about_300_stocks_on_all_boards(stocks, listed):
    boards = listed["board"].value_counts()

    assert 280 <= len(listed) <= 320
    assert set(boards.index) == {"main", "chinext", "star", "bse"}
    assert boards.min() >= 10
    assert set(stocks["symbol"]) == set(listed.index)
    assert STOCK_LIST.conform(listed.reset_index()).num_rows == len(listed)


def test_no_old_stock_leaves_its_limits_and_boards_are_exact(stocks, listed):
    """Against decimal arithmetic done here, on a sample of the rows that come near a limit."""
    old = _old(stocks, listed)
    near = old[(old["high"] / old["prev_close"] > 1.095)].iloc[::7]
    boards = near["symbol"].map(listed["board"])
    limits = [_limit(p, _rate(b, d)) for p, b, d in zip(near["prev_close"], boards, near["date"], strict=True)]

    assert len(near) > 300
    assert (near["high"].to_numpy() <= np.array(limits)).all()
    assert (near["high"].to_numpy() == np.array(limits)).mean() > 0.5


def _at_limit(stocks, listed):
    rows = _old(stocks, listed)
    rows = rows[rows["symbol"].map(listed["board"]) == "main"].copy()
    rows["up"] = [_limit(p, Decimal("0.10")) for p in rows["prev_close"]]
    return rows


def test_there_are_runs_of_boards_opened_boards_and_one_word_boards(stocks, listed):
    rows = _at_limit(stocks, listed)
    at = rows["close"] == rows["up"]
    run = at.groupby([rows["symbol"], (~at).groupby(rows["symbol"]).cumsum()]).cumsum()

    assert 0.003 < at.mean() < 0.03
    assert run.max() >= 4
    assert (run == 2).sum() > 50
    assert ((rows["high"] == rows["up"]) & ~at).sum() > 50
    assert ((rows["low"] == rows["up"]) & at).sum() > 50


def test_new_listings_begin_on_their_first_day_and_move_freely(stocks, listed):
    new = listed[listed["list_date"] >= pd.Timestamp(SOURCE.start)]
    first = stocks.drop_duplicates("symbol").set_index("symbol")

    assert len(new) > 40
    assert (first.loc[new.index, "date"] == new["list_date"]).all()
    for _, row in new.iterrows():
        assert row["list_date"] >= pd.Timestamp(OPENED[row["board"]])
    free = new[(new["board"] == "star")].index
    moves = (first.loc[free, "close"] / first.loc[free, "prev_close"] - 1).abs()
    assert moves.max() > 0.3


def test_some_days_are_missing_and_some_prices_go_ex_rights(stocks):
    by_symbol = stocks.groupby("symbol")
    before = by_symbol["close"].shift()
    cut = stocks[(stocks["prev_close"] < before)]
    old = by_symbol["date"].transform("min") == stocks["date"].min()
    expected = old.groupby(stocks["symbol"]).first().sum() * stocks["date"].nunique()

    assert len(cut) > 300
    assert (cut["prev_close"] / before[cut.index] < 0.6).any()
    assert old.sum() < expected
    step = stocks["adj_factor"] / by_symbol["adj_factor"].shift()
    assert step[cut.index].to_numpy() == pytest.approx((before / stocks["prev_close"])[cut.index].to_numpy(), rel=1e-9)


def test_reports_come_every_quarter_with_a_lag_and_sum_to_one(holdings):
    reports = holdings.drop_duplicates(["symbol", "as_of"])
    lag = (reports["published_at"] - reports["as_of"]).dt.days

    assert reports["symbol"].nunique() == 8
    assert reports.groupby("symbol").size().eq(25 - 1).all()
    assert lag.between(15, 40).all()
    sums = holdings.groupby(["symbol", "as_of"])["weight"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)), abs=2e-5)
    assert (holdings["weight"] >= 0.05).sum() > 100
    assert holdings["weight"].max() <= 0.5
    assert FUND_HOLDINGS.conform(holdings).num_rows == len(holdings)


def test_a_fund_moves_as_its_holdings_do(stocks, funds, holdings):
    """The return of one quarter's weights, summed here in a plain loop, against the fund's own, day by day."""
    fund, as_of, published = "510050.SH", pd.Timestamp("2023-09-30"), "2023-12-29"
    weights = holdings[(holdings["symbol"] == fund) & (holdings["as_of"] == as_of)].set_index("stock")["weight"]
    prices = stocks[stocks["symbol"].isin(weights.index)].assign(total=lambda f: f["close"] * f["adj_factor"])
    total = prices.pivot(index="date", columns="symbol", values="total").ffill()
    expected = sum(weights[s] * (total[s] / total[s].shift() - 1).fillna(0) for s in weights.index)
    close = funds[funds["symbol"] == fund].set_index("date")["close"]
    found = close / close.shift() - 1

    inside = (found.index > as_of) & (found.index <= published)
    assert found[inside].to_numpy() == pytest.approx(expected[inside].to_numpy(), abs=0.005)
    assert np.corrcoef(found[inside], expected[inside])[0, 1] > 0.97


def test_funds_trade_on_ticks_of_a_thousandth(funds):
    ticks = funds["close"] * 1000

    assert ticks.to_numpy() == pytest.approx(np.rint(ticks.to_numpy()), abs=1e-6)
