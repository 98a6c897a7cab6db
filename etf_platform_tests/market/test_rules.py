"""Dated market rules and limit prices agree with the published tables."""

import json
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.ticks import limit_price
from etf_platform.market.instruments import (
    board,
    continuous_end,
    limit_rates,
    lot_size,
    min_holding_days,
    suffixed,
    tick_size,
)
from etf_platform.market.limits import limit_prices
from etf_platform.market.rules import value_on

NAMES = {"price_limit_pct": "price_limit", "tick_size": "tick", "min_holding_days": "min_holding_days"}


def published(shared, key):
    return json.loads(shared("golden/22_market_rules_cn.json").read_text())[key]


def test_limits_ticks_and_holding_periods_are_the_published_ones(shared):
    """On the first day of every published record, on each of its markets."""
    records = [r for r in published(shared, "records") if r["rule"] in NAMES and r["value"] != "unlimited"]
    assert len(records) > 25
    for record in records:
        for market in record["market"].split("+"):
            ours = value_on(NAMES[record["rule"]], record["scope"], market, max(record["effective_from"], "2006-07-01"))

            assert ours == record["value"], record["id"]


def test_trading_hours_are_the_published_ones(shared):
    for record in published(shared, "records"):
        if record["rule"] != "session_schedule":
            continue
        hours = record["value"]
        expected = [hours["open_call"], *hours["continuous"], *([hours["close_call"]] if hours["close_call"] else [])]

        ours = value_on("schedule", record["scope"], record["market"], record["effective_from"])

        assert [list(phase) for phase in ours] == expected, record["id"]


def test_limit_prices_are_the_published_ones(shared):
    """The verified ones; for a band narrower than a tick (0.05 yuan) no exchange rule is published."""
    cases = [c for c in published(shared, "cases") if c["verified"]]
    assert len(cases) == 14
    for case in cases:
        given = case["inputs"]
        scope, tick = given["scope"], given.get("tick", 0.01)
        market = given["market"] or "XSHG"
        rate = value_on("price_limit", scope, market, given["date"])

        up, down = (float(limit_price(given["prev_close"], rate, tick, side)) for side in ("up", "down"))

        assert (up, down) == (case["expected"]["up"], case["expected"]["down"]), case["id"]


def test_vectorised_limits_of_funds_equal_decimal_arithmetic(config):
    """Every tick from 0.2 to 6 yuan at both bands, against Decimal with ROUND_HALF_UP."""
    ticks = np.arange(200, 6000, 7)
    for symbol, rate in (("510300.SH", "0.1"), ("588000.SH", "0.2")):
        rows = pd.DataFrame({"date": pd.Timestamp("2024-03-04"), "symbol": symbol, "prev_close": ticks / 1000})

        up, down = limit_prices(rows, config.instruments.instruments)

        exact = [
            [float((Decimal(int(t)) / 1000 * (1 + s * Decimal(rate))).quantize(Decimal("0.001"), ROUND_HALF_UP))
             for t in ticks] for s in (1, -1)
        ]  # fmt: skip
        assert up.tolist() == exact[0]
        assert down.tolist() == exact[1]


def test_limits_from_the_specification(config):
    rows = pd.DataFrame(
        {"date": pd.Timestamp("2024-03-04"), "symbol": ["510300.SH", "159915.SZ", "510300.SH"],
         "prev_close": [4.709, 3.514, np.nan]}
    )  # fmt: skip

    up, _ = limit_prices(rows, config.instruments.instruments)

    assert up[:2].tolist() == [5.180, 4.217]
    assert np.isnan(up[2])


def test_a_chinext_fund_got_its_wide_band_with_the_reform(config):
    days = pd.DatetimeIndex(["2020-08-21", "2020-08-24"])

    rates = limit_rates("159915.SZ", days, config.instruments.instruments["159915.SZ"])

    assert rates.tolist() == [0.10, 0.20]


def test_st_shares_have_ten_percent_since_july_2026():
    days = pd.DatetimeIndex(["2026-07-03", "2026-07-06"])

    assert limit_rates("600000.SH", days, is_st=True).tolist() == [0.05, 0.10]


def test_indices_have_no_limit():
    assert np.isnan(limit_rates("000300.SH", pd.DatetimeIndex(["2024-03-04"]))).all()


def test_shanghai_funds_stop_continuous_trading_at_1457_since_july_2026():
    assert continuous_end("510300.SH", "2026-07-03") == "15:00"
    assert continuous_end("510300.SH", "2026-07-06") == "14:57"
    assert continuous_end("159915.SZ", "2020-01-02") == "14:57"


def test_settlement_in_the_configuration_agrees_with_the_rules(config):
    funds = {s: i for s, i in config.instruments.instruments.items() if i.currency == "CNY"}
    for symbol, instrument in funds.items():
        expected = {"T+0": 0, "T+1": 1}[instrument.settlement]

        assert min_holding_days(symbol, instrument, "2024-03-04") == expected, symbol


def test_price_limits_in_the_configuration_agree_with_the_rules(config):
    for symbol, instrument in config.instruments.instruments.items():
        rate = limit_rates(symbol, pd.DatetimeIndex(["2024-03-04"]), instrument)

        limit = np.nan if instrument.price_limit is None else instrument.price_limit
        assert np.array_equal(rate, [limit], equal_nan=True), symbol


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [("600519.SH", "main"), ("688981.SH", "star"), ("510300.SH", "fund"), ("000300.SH", "index"), ("000001.SZ", "main"),
     ("300750.SZ", "chinext"), ("159915.SZ", "fund"), ("399006.SZ", "index"), ("830799.BJ", "bse"),
     ("899050.BJ", "index"), ("QQQ.US", "us"), ("^VIX", "index")],
)  # fmt: skip
def test_board_follows_from_the_code(symbol, expected):
    assert board(symbol) == expected


def test_bare_codes_get_the_suffix_of_their_prefix():
    assert [suffixed(c) for c in ("510300", "600519", "159915", "000001", "300750", "830799")] == [
        "510300.SH", "600519.SH", "159915.SZ", "000001.SZ", "300750.SZ", "830799.BJ"]  # fmt: skip
    assert [suffixed(c, is_index=True) for c in ("000300", "399006", "899050")] == [
        "000300.SH",
        "399006.SZ",
        "899050.BJ",
    ]


def test_ticks_and_lots():
    assert (tick_size("510300.SH"), tick_size("600519.SH")) == (0.001, 0.01)
    assert (lot_size("510300.SH"), lot_size("688981.SH")) == (100, 200)


def test_a_day_before_any_rule_is_refused():
    with pytest.raises(BadInputError, match="no rule is known"):
        value_on("price_limit", "star", "XSHG", "2018-01-02")
