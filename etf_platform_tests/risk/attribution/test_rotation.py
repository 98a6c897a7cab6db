"""The rotation account explained fill by fill: every session sums to the change of its value, to the cent."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import FILL_ATTRIBUTION
from etf_platform.measures.attribution import FILL_PARTS, residual_share
from etf_platform.risk.attribution.rotation import ACCOUNT, Booking, attribute_rotation
from etf_platform.risk.attribution.summary import by_period


def rows_of(account, bars, **booking):
    return attribute_rotation(account.fills, account.positions, account.equity, bars, Booking(**booking))


@pytest.mark.parametrize("horizon", ["close", "next_bar"])
@pytest.mark.parametrize("share", [0.0, 0.8])
def test_every_session_sums_to_the_change_of_the_account(account, bars, horizon, share):
    rows = rows_of(account, bars, horizon=horizon, slippage_share=share)

    change = account.equity.set_index("date")["portfolio_value"].diff().dropna()
    summed = rows.groupby("date")["net_pnl"].sum().reindex(change.index, fill_value=0.0)
    assert (summed - change).abs().max() < 1e-6
    assert residual_share(rows[list(FILL_PARTS)].to_numpy(), rows["residual"].to_numpy()) < 1e-12
    assert ACCOUNT not in set(rows["symbol"])
    assert FILL_ATTRIBUTION.conform(rows).num_rows == len(rows)


@pytest.mark.parametrize("horizon", ["close", "next_bar"])
@pytest.mark.parametrize("place", [1, 2, 0.4, 0.7, -1])
def test_the_last_rows_alone_are_those_of_the_whole_account(account, bars, horizon, place):
    """Fills of decisions before the first day, funds without a bar for long, bars in another order."""
    sessions = account.equity["date"]
    since = sessions.iloc[place if isinstance(place, int) else int(place * len(sessions))]
    booking = Booking(horizon=horizon, slippage_share=0.8)
    whole = attribute_rotation(account.fills, account.positions, account.equity, bars, booking)
    mixed = bars.sample(frac=1.0, random_state=3, ignore_index=True)

    for given in (bars, mixed):
        alone = attribute_rotation(account.fills, account.positions, account.equity, given, booking, since)
        wanted = whole[whole["date"] >= since].reset_index(drop=True)
        assert len(wanted)
        pd.testing.assert_frame_equal(alone, wanted, check_exact=True)


def test_the_whole_span_sums_to_the_gain(account, bars):
    total = by_period(rows_of(account, bars), "all").iloc[0]

    gain = account.equity["portfolio_value"].iloc[-1] - 1_000_000.0
    assert total["net_pnl"] == pytest.approx(gain, abs=0.005)
    assert total["coverage"] == pytest.approx(1.0)
    assert total["n_fills"] == (account.fills["status"] == "filled").sum()


def test_costs_stand_in_fees_and_in_spread_capture(account, bars):
    """Slippage is the fill's distance from the bar's price, the rest of the cost is the fee."""
    filled = account.fills[account.fills["status"] == "filled"]

    rows = rows_of(account, bars, slippage_share=0.8)

    assert rows["fees"].sum() == pytest.approx(-0.2 * filled["cost"].sum())
    assert rows["spread_capture"].sum() == pytest.approx(-0.8 * filled["cost"].sum())


def test_one_purchase_and_one_split_by_hand(account, bars):
    """Slow arithmetic on the account's own first purchase, and holding over every split of an untraded fund."""
    first = account.fills[account.fills["status"] == "filled"].iloc[0]
    bar = bars[(bars["date"] == first["date"]) & (bars["symbol"] == first["symbol"])].iloc[0]
    rows = rows_of(account, bars).set_index(["date", "symbol"])

    row = rows.loc[(first["date"], first["symbol"])]
    assert row["adverse_selection_cost"] == pytest.approx(first["shares"] * (bar["close"] - first["price"]))
    total = (bars["close"] * bars["adj_factor"]).groupby(bars["symbol"]).pct_change()
    step = bars["adj_factor"].groupby(bars["symbol"]).pct_change()
    checked = 0
    value = account.positions.set_index(["date", "symbol"])["value"]
    sessions = list(account.equity["date"])
    for i in np.flatnonzero(step > 0):
        day, symbol = bars.loc[i, "date"], bars.loc[i, "symbol"]
        eve = sessions[sessions.index(day) - 1] if day in sessions[1:] else None
        if (eve, symbol) in value.index and (day, symbol) in rows.index and rows.loc[(day, symbol), "n_fills"] == 0:
            had_bar = ((bars["date"] == eve) & (bars["symbol"] == symbol)).any()
            if had_bar:
                expected = value[(eve, symbol)] * total[i]
                assert rows.loc[(day, symbol), "inventory_cost"] == pytest.approx(expected, abs=1e-6)
                checked += 1
    assert checked >= 5


def test_delay_is_the_way_from_the_decision_to_the_fill(account, bars):
    """Against a slow loop: the close that the order knew, in today's shares, minus the price of the fill's bar."""
    lookup = bars.set_index(["symbol", "date"])
    slow = {}
    for order in account.fills[account.fills["status"] == "filled"].itertuples():
        known = lookup.loc[order.symbol].loc[: order.decision_date].iloc[-1]
        today = lookup.loc[(order.symbol, order.date)]
        sign = 1.0 if order.side == "buy" else -1.0
        gap = known["close"] * known["adj_factor"] / today["adj_factor"] - order.price
        slow[order.date, order.symbol] = sign * order.shares * gap

    rows = rows_of(account, bars).set_index(["date", "symbol"])["delay"].dropna()

    assert rows.to_dict() == pytest.approx(slow)


def test_an_account_that_gained_from_nowhere_has_a_residual(account, bars):
    """A hundred yuan of cash that no fill explains stand in a row of their own."""
    equity = account.equity.copy()
    equity.loc[30:, ["portfolio_value", "cash"]] += 100.0

    rows = attribute_rotation(account.fills, account.positions, equity, bars, Booking())

    extra = rows[rows["symbol"] == ACCOUNT]
    assert extra["date"].tolist() == [equity["date"].iloc[30]]
    assert extra["residual"].iloc[0] == pytest.approx(100.0)


def test_a_lost_fill_has_a_residual(account, bars):
    filled = account.fills.index[account.fills["status"] == "filled"]

    rows = attribute_rotation(account.fills.drop(filled[3]), account.positions, account.equity, bars, Booking())

    assert residual_share(rows[list(FILL_PARTS)].to_numpy(), rows["residual"].to_numpy()) > 1e-6


def test_a_row_does_not_depend_on_later_sessions(account, bars):
    """Of the close horizon; the next bar is known one session later by its nature."""
    day = account.equity["date"].iloc[120]
    cut = [frame[frame["date"] <= day] for frame in (account.fills, account.positions, account.equity, bars)]

    early = attribute_rotation(*cut, Booking())

    late = rows_of(account, bars)
    pd.testing.assert_frame_equal(early, late[late["date"] <= day].reset_index(drop=True))


@pytest.mark.parametrize(
    ("booking", "says"),
    [({"horizon": "1s"}, "the horizon is '1s'"), ({"slippage_share": 1.5}, "the slippage share is 1.5")],
)
def test_bookings_that_do_not_exist_are_refused(account, bars, booking, says):
    with pytest.raises(BadInputError, match=says):
        rows_of(account, bars, **booking)


def test_missing_bars_and_an_empty_account_are_refused(account, bars):
    traded = account.fills.loc[account.fills["status"] == "filled", "symbol"].iloc[0]
    with pytest.raises(BadInputError, match=f"{traded} on .* has no bar"):
        rows_of(account, bars[bars["symbol"] != traded])
    with pytest.raises(BadInputError, match="no session"):
        attribute_rotation(account.fills, account.positions, account.equity.head(0), bars, Booking())


@pytest.fixture(scope="module")
def recorded(shared):
    """Unadjusted closes of 25 real funds from 2015 on; an overnight fall beyond 40 % is a split."""
    raw = pd.read_parquet(shared("data/cn_etf/etf_raw_tdx_2010_20240930.parquet"))
    raw = raw.assign(date=pd.to_datetime(raw["date"]), symbol=raw["symbol"].astype(str) + ".SZ")
    raw = raw[raw["date"] >= "2015-01-01"].sort_values(["symbol", "date"], ignore_index=True)
    before = raw.groupby("symbol")["close"].shift()
    split = np.where(raw["open"] / before < 0.6, (before / raw["open"]).round(), 1.0)
    raw = raw.assign(prev_close=(before / split).round(3), adj_factor=pd.Series(split).groupby(raw["symbol"]).cumprod())
    raw = raw.rename(columns={"volume_shares": "volume", "amount_yuan": "amount"}).assign(source="recorded closes")
    return raw.sort_values(["date", "symbol"], ignore_index=True)


def test_ten_years_of_real_funds_with_their_splits_close_to_the_cent(recorded):
    """Month by month five funds of 25, with their splits: nothing is unexplained."""
    sessions = pd.DatetimeIndex(sorted(recorded["date"].unique()))
    ends = sessions[:-1][sessions[:-1].month != sessions[1:].month]
    rng = np.random.default_rng(1)
    targets = [
        {"date": day, "symbol": symbol, "target_weight": 0.19, "is_decision": True, "selection_void": False}
        for day in ends
        for symbol in rng.permutation(sorted(recorded.loc[recorded["date"] == day, "symbol"]))[:5]
    ]
    account = run_rotation(pd.DataFrame(targets), recorded, Terms(cost=0.00125))

    rows = rows_of(account, recorded, slippage_share=0.8)

    change = account.equity.set_index("date")["portfolio_value"].diff().dropna()
    summed = rows.groupby("date")["net_pnl"].sum().reindex(change.index, fill_value=0.0)
    assert (summed - change).abs().max() < 0.005
    assert summed.sum() == pytest.approx(account.equity["portfolio_value"].iloc[-1] - 1_000_000.0, abs=0.005)
    assert residual_share(rows[list(FILL_PARTS)].to_numpy(), rows["residual"].to_numpy()) < 1e-6
    assert ACCOUNT not in set(rows["symbol"])
