"""Every limit price that stands in the recorded replies is the one that the rules give, to the tick."""

import json

import numpy as np
import pandas as pd

from etf_platform.arbitrage.states import states_of_quotes
from etf_platform.market.calendar import sessions
from etf_platform.market.limits import limit_prices, stock_limits

NOBODY = pd.DataFrame({"symbol": pd.Series([], dtype="str"), "list_date": pd.to_datetime([])})
POOLS = ("pool", "pool_jsonp", "pool_zt", "pool_yesterday_zt", "pool_strong")


def computed(rows):
    return stock_limits(rows, NOBODY, None, sessions("XSHG").index)


def test_every_recorded_quote_with_limits(recorded, config):
    """Nine lines of Tencent: six shares, two funds and a LOF; the index and the delisted share have none."""
    quotes = recorded["quotes"].parse().frame
    given = quotes[quotes["limit_up"].notna()].reset_index(drop=True)
    is_stock = given["kind"] == "stock"

    ours = computed(given[is_stock])
    fund_up, fund_down = limit_prices(given[~is_stock], config.instruments.instruments)

    assert (is_stock.sum(), (~is_stock).sum()) == (6, 3)
    assert ours["basis"].unique().tolist() == ["computed"]
    assert ours["limit_up"].tolist() == given.loc[is_stock, "limit_up"].tolist()
    assert ours["limit_down"].tolist() == given.loc[is_stock, "limit_down"].tolist()
    assert fund_up.tolist() == given.loc[~is_stock, "limit_up"].tolist()
    assert fund_down.tolist() == given.loc[~is_stock, "limit_down"].tolist()


def test_the_quote_inside_a_recorded_reply_of_bars(shared):
    """Fields 4, 47 and 48 of the block that comes along: reference price, limit up, limit down."""
    fields = json.loads(shared("wire/tencent_kline_day_with_qt.json").read_text())["data"]["sh601166"]["qt"]["sh601166"]
    rows = pd.DataFrame(
        {"date": [pd.Timestamp("2026-01-14")], "symbol": ["601166.SH"], "prev_close": [float(fields[4])]}
    )

    ours = computed(rows).iloc[0]

    assert [ours["limit_up"], ours["limit_down"]] == [float(fields[47]), float(fields[48])]


def test_every_limit_of_the_recorded_pools(recorded):
    """The reference price follows from the last price and its exact change."""
    for name in POOLS:
        pool = recorded[name].parse().frame
        previous = np.rint(pool["last"] / (1.0 + pool["change"]) * 100.0) / 100.0

        ours = computed(pool.assign(prev_close=previous))

        assert ours["limit_up"].tolist() == pool["limit_price"].tolist(), name
        assert ours["basis"].unique().tolist() == ["computed"]


def test_a_recorded_first_day_in_beijing_has_no_limit(recorded):
    pool = recorded["pool_sub_new"].parse().frame
    stocks = pd.DataFrame({"symbol": pool["symbol"], "list_date": pool["date"]})

    ours = stock_limits(pool.assign(prev_close=16.77), stocks, None, sessions("XSHG").index)

    assert pool["limit_price"].isna().all()
    assert ours["basis"].tolist() == ["no_limit"]


def test_the_recorded_sealed_share_is_sealed_with_the_published_amount(recorded):
    """300893: 15.13 x 15335 lots = 23,201,855 yuan. The other shares trade below their limits."""
    quotes = recorded["quotes"].parse().frame
    stocks = quotes[(quotes["kind"] == "stock") & (quotes["status"] != "delisted")]
    limits = stock_limits(stocks, NOBODY, None, sessions("XSHG").index, stocks)

    states = states_of_quotes(stocks, limits).set_index("symbol")

    assert limits["basis"].unique().tolist() == ["feed"]
    assert states.index[states["at_limit"]].tolist() == states.index[states["sealed"]].tolist() == ["300893.SZ"]
    assert states["seal_amount"].dropna().round().to_dict() == {"300893.SZ": 23_201_855}
    assert not states["touched"].drop("300893.SZ").any()
