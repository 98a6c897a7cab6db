"""AMZN on 2012-06-21 from the side of the limit orders: 11,419 executions, four horizons, everything closes."""

import pandas as pd
import pytest

from etf_platform.market.sources.lobster import read_lobster
from etf_platform.measures.attribution import FILL_PARTS, residual_share
from etf_platform.risk.attribution.fills import attribute_fills, unmatched_fills
from etf_platform.risk.attribution.mids import marks_from_quotes, with_mids

MESSAGES = "AMZN_2012-06-21_34200000_57600000_message_1.csv"
HORIZONS = ("1s", "10s", "60s", "close")


@pytest.fixture(scope="module")
def folder(shared):
    return shared("data/lob")


@pytest.fixture(scope="module")
def rows(folder):
    day = read_lobster(folder / MESSAGES)
    priced = {horizon: with_mids(day.fills, day.quotes, horizon) for horizon in HORIZONS}
    assert all(unmatched_fills(fills).empty for fills in priced.values())
    tables = [
        attribute_fills(fills, marks_from_quotes(fills, day.quotes, "LOBSTER sample"), horizon, "passive")
        for horizon, fills in priced.items()
    ]
    return pd.concat(tables).set_index("horizon")


@pytest.fixture(scope="module")
def by_hand(folder):
    """Spread capture and net result in whole 1/20,000 dollars, by a plain loop over the two files."""
    messages, book = pd.read_csv(folder / MESSAGES), pd.read_csv(folder / MESSAGES.replace("message", "orderbook"))
    twice_mid = (book["BestAsk"] + book["BestBid"]).tolist()
    spread = cash = position = 0
    for i, (kind, size, price, side) in enumerate(
        zip(messages["Type"], messages["Size"], messages["Price"], messages["Direction"], strict=True)
    ):
        if kind in (4, 5):
            spread += side * size * (twice_mid[max(i - 1, 0)] - 2 * price)
            cash -= side * size * 2 * price
            position += side * size
    return spread / 20_000, (cash + position * twice_mid[-1]) / 20_000


@pytest.mark.parametrize("horizon", HORIZONS)
def test_the_identity_closes(rows, horizon):
    row = rows.loc[[horizon]]

    assert row["n_fills"].iloc[0] == 11_419
    assert residual_share(row[list(FILL_PARTS)].to_numpy(), row["residual"].to_numpy()) <= 1e-6


def test_spread_and_net_result_are_those_of_a_plain_loop_in_integers(rows, by_hand):
    spread, net = by_hand

    assert rows["spread_capture"].tolist() == pytest.approx([spread] * 4, rel=1e-12)
    assert rows["net_pnl"].tolist() == pytest.approx([net] * 4, rel=1e-12)


def test_the_longer_the_horizon_the_more_the_market_moves_against_the_maker(rows):
    """Half of the spread is lost within a second; after a minute more than all of it."""
    adverse = rows["adverse_selection_cost"]

    assert 0.0 > adverse["1s"] > adverse["10s"] > adverse["60s"]
    assert rows.loc["close", "inventory_cost"] == pytest.approx(0.0, abs=1e-9)
