"""The account on real, unadjusted closes of 25 Chinese ETFs with their splits: nothing disappears, nothing jumps."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.months import month_rows
from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.sweep import Grid, decision_sessions, equity_of, lay_out, sweep
from etf_platform.backtest.terms import Terms


@pytest.fixture(scope="module")
def bars(shared):
    """Bars from 2015 on; an overnight fall beyond 40 % is a split by the nearest whole number."""
    raw = pd.read_parquet(shared("data/cn_etf/etf_raw_tdx_2010_20240930.parquet"))
    raw = raw.assign(date=pd.to_datetime(raw["date"]), symbol=raw["symbol"].astype(str) + ".SZ")
    raw = raw[raw["date"] >= "2015-01-01"].sort_values(["symbol", "date"], ignore_index=True)
    before = raw.groupby("symbol")["close"].shift()
    split = np.where(raw["open"] / before < 0.6, (before / raw["open"]).round(), 1.0)
    raw["prev_close"] = (before / split).round(3)
    raw["adj_factor"] = pd.Series(split).groupby(raw["symbol"]).cumprod()
    raw = raw.rename(columns={"volume_shares": "volume", "amount_yuan": "amount"}).assign(source="recorded closes")
    assert (split > 1).sum() >= 3
    return raw.sort_values(["date", "symbol"], ignore_index=True)


@pytest.fixture(scope="module")
def targets(bars):
    """The five strongest over 60 sessions, a fifth each, at every month's end."""
    prices = lay_out(bars)
    rows = []
    for end in decision_sessions(prices, 60):
        momentum = prices.by_session[end] / prices.by_session[end - 60]
        momentum[~prices.has_bar[end]] = np.nan
        for j in np.argsort(-np.nan_to_num(momentum, nan=-1.0), kind="stable")[:5]:
            if np.isfinite(momentum[j]):
                row = {"date": prices.sessions[end], "symbol": prices.symbols[j], "target_weight": 0.2}
                rows.append({**row, "is_decision": True, "selection_void": False})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("mode", ["next_open_close", "next_close_close"])
def test_equals_the_slow_loop_and_no_split_shows(bars, targets, slow_loop, mode):
    terms = Terms(exec_mode=mode, limit_of=dict.fromkeys(bars["symbol"].unique(), 0.10))

    account = run_rotation(targets, bars, terms)
    values, filled, refused = slow_loop(targets, bars, terms)

    np.testing.assert_allclose(account.equity["portfolio_value"], [v[1] for v in values], rtol=1e-10)
    assert (account.fills["status"] == "filled").sum() == len(filled)
    assert len(account.fills) == len(filled) + len(refused)
    assert account.equity["portfolio_value"].pct_change().min() > -0.12
    months = month_rows(account, bars)
    parts = months[~months["part"].isin(["total", "selection"])].groupby("month")["contribution"].sum()
    total = months[months["part"] == "total"].set_index("month")["contribution"]
    np.testing.assert_allclose(parts, total, rtol=0, atol=1e-9)


def test_lots_limits_and_skipped_changes_cost_little_against_the_research_engine(bars, targets):
    """The gap of the two engines that gate 9 watches: same targets, same period, real closes."""
    terms = Terms(exec_mode="next_close_close", min_weight_change=0.0, initial_capital=10_000_000.0)

    account = run_rotation(targets, bars, terms).equity.set_index("date")["portfolio_value"] / 10_000_000.0
    research = equity_of(lay_out(bars), 60, 5, terms.cost)

    assert account.index.equals(research.index)
    assert (account / research - 1.0).abs().max() < 0.01


def test_a_sweep_of_real_funds_deflates_its_winner(bars):
    table = sweep(bars, Grid((20, 60, 120), (1, 3, 5), (0.0, 0.00125)))

    best = table[table["is_best"]].iloc[0]
    assert table["annual_return"].between(-0.5, 0.5).all()
    assert 0.0 < best["deflated_sharpe"] < 0.95
