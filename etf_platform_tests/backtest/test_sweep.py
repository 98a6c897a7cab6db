"""The research engine: equal to a slow loop, and to the account where their conventions meet."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.sweep import Grid, decision_sessions, equity_of, lay_out, parse_grid, sweep
from etf_platform.backtest.terms import Terms
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import performance


def plain_market(n_sessions=400, n_symbols=15, gaps=0.0, seed=5):
    rng = np.random.default_rng(seed)
    sessions = pd.bdate_range("2021-01-04", periods=n_sessions)
    close = np.round(2.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.02, (n_sessions, n_symbols)), axis=0)), 3)
    opens = np.round(close * np.exp(rng.normal(0, 0.01, close.shape)), 3)
    first = np.where(np.arange(n_symbols) % 4 == 3, n_sessions // 3, 0)
    frame = pd.DataFrame({"date": np.repeat(sessions, n_symbols), "symbol": np.tile(np.arange(n_symbols), n_sessions)})
    frame = frame.assign(open=opens.ravel(), close=close.ravel(), prev_close=np.nan, volume=1e5, adj_factor=1.0)
    listed = np.repeat(np.arange(n_sessions), n_symbols) >= first[frame["symbol"]]
    frame["symbol"] = (510000 + 10 * frame["symbol"]).astype(str) + ".SH"
    return frame[listed & (rng.random(len(frame)) >= gaps)].assign(source="simulated").reset_index(drop=True)


def slow_rotation(bars, lookback, top_n, cost, field="close"):
    """The research account as plain loops over a wide frame."""
    close = bars.pivot(index="date", columns="symbol", values="close")
    price, known = close.ffill(), close.notna()
    fill = bars.pivot(index="date", columns="symbol", values=field).where(known, price)
    days = list(price.index)
    ends = [i for i in range(len(days) - 1) if days[i].month != days[i + 1].month and i >= lookback]
    cash, shares, values = 1.0, {}, []
    for t in range(ends[0], len(days)):
        if t - 1 in ends:
            day, before, then = t, t - 1, t - 1 - lookback
            strength = {s: price[s].iloc[before] / price[s].iloc[then] for s in price.columns if known[s].iloc[before]}
            best = sorted((s for s in strength if strength[s] == strength[s]), key=lambda s: (-strength[s], s))[:top_n]
            at = {s: fill[s].iloc[day] for s in {*best, *shares}}
            total = cash + sum(n * at[s] for s, n in shares.items())
            lack = {
                s: (total / top_n if s in best else 0.0) - shares.get(s, 0.0) * at[s] for s in sorted({*best, *shares})
            }
            for s, gap in lack.items():
                if gap < 0:
                    shares[s] += gap / at[s]
                    cash += -gap * (1 - cost)
            need = sum(gap * (1 + cost) for gap in lack.values() if gap > 0)
            scale = min(1.0, cash / need) if need else 1.0
            for s, gap in lack.items():
                if gap > 0:
                    shares[s] = shares.get(s, 0.0) + scale * gap / at[s]
                    cash -= scale * gap * (1 + cost)
            shares = {s: n for s, n in shares.items() if s in best}
        values.append(cash + sum(n * price[s].iloc[t] for s, n in shares.items()))
    return np.array(values)


@pytest.mark.parametrize(
    ("lookback", "top_n", "cost"), [(20, 3, 0.0), (60, 5, 0.0007), (120, 1, 0.0015), (120, 20, 0.01)]
)
@pytest.mark.parametrize("field", ["close", "open"])
def test_equals_a_slow_loop(lookback, top_n, cost, field):
    bars = plain_market(gaps=0.01)
    mode = "next_close_close" if field == "close" else "next_open_close"

    found = equity_of(lay_out(bars, mode), lookback, top_n, cost)

    np.testing.assert_allclose(found, slow_rotation(bars, lookback, top_n, cost, field), rtol=1e-10)


@pytest.mark.parametrize("mode", ["next_close_close", "next_open_close"])
@pytest.mark.parametrize("cost", [0.0, 0.00125])
def test_equals_the_account_without_lots_limits_and_gaps(mode, cost):
    bars, prices = plain_market(), lay_out(plain_market())
    wide = bars.pivot(index="date", columns="symbol", values="close")
    rows = []
    for d in decision_sessions(prices, 60):
        momentum = (wide.iloc[d] / wide.iloc[d - 60]).dropna()
        best = momentum.sort_values(ascending=False, kind="stable").index[:5]
        rows += [{"date": wide.index[d], "symbol": s, "target_weight": 0.2, "is_decision": True} for s in best]
    terms = Terms(exec_mode=mode, cost=cost, lot=0.0, initial_capital=1.0, min_weight_change=0.0)

    account = run_rotation(pd.DataFrame(rows), bars, terms).equity
    research = equity_of(lay_out(bars, mode), 60, 5, cost)

    assert list(account["date"]) == list(research.index)
    np.testing.assert_allclose(account["portfolio_value"], research, rtol=1e-10)


def test_figures_of_a_sweep_are_those_of_its_equity():
    bars, grid = plain_market(), Grid((20, 60), (1, 3), (0.0, 0.001))

    table = sweep(bars, grid)

    assert list(zip(table["lookback"], table["top_n"], table["cost"], strict=True)) == [
        (a, b, c) for a in (20, 60) for b in (1, 3) for c in (0.0, 0.001)
    ]
    row = table[(table["lookback"] == 60) & (table["top_n"] == 3) & (table["cost"] == 0.001)].iloc[0]
    values = slow_rotation(bars, 60, 3, 0.001)
    dates = lay_out(bars).sessions[-values.size :]
    assert row["total_return"] == pytest.approx(performance.total_return(values), rel=1e-9)
    assert row["annual_return"] == pytest.approx(performance.annual_return(values, dates), rel=1e-9)
    assert row["max_drawdown"] == pytest.approx(performance.max_drawdown(values), rel=1e-9)
    assert row["sharpe"] == pytest.approx(performance.sharpe(performance.returns_of(values)), rel=1e-9)
    assert row["n_sessions"] == values.size


def test_the_winner_is_deflated_by_the_number_and_the_spread_of_trials():
    """Against the formula written out: SR0 = sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e)))."""
    bars, phi, g = plain_market(), NormalDist(), 0.5772156649015329

    table = sweep(bars, Grid((60,), (1, 3, 5), (0.0, 0.001)))

    best, daily = table[table["is_best"]].iloc[0], table["sharpe"] / math.sqrt(252)
    luck = daily.std() * ((1 - g) * phi.inv_cdf(1 - 1 / 6) + g * phi.inv_cdf(1 - 1 / (6 * math.e)))
    returns = performance.returns_of(slow_rotation(bars, 60, int(best["top_n"]), best["cost"]))
    ratio, unit = daily[best.name], (returns - returns.mean()) / returns.std()
    spread = math.sqrt(1 - (unit**3).mean() * ratio + ((unit**4).mean() - 1) / 4 * ratio**2)
    assert best["sharpe"] == table["sharpe"].max()
    assert best["deflated_sharpe"] == pytest.approx(
        phi.cdf((ratio - luck) * math.sqrt(returns.size - 1) / spread), rel=1e-9
    )


def test_progress_is_told_per_look_back():
    seen = []

    sweep(plain_market(150, 4), Grid((20, 40), (1, 2), (0.0,)), lambda done, total: seen.append((done, total)))

    assert seen == [(2, 4), (4, 4)]


def test_later_prices_change_no_earlier_value():
    bars = plain_market()
    cut = lay_out(bars).sessions[300]
    past = bars[bars["date"] <= cut]

    whole, part = equity_of(lay_out(bars), 60, 3, 0.001), equity_of(lay_out(past), 60, 3, 0.001)

    pd.testing.assert_series_equal(whole[: len(part)], part, check_freq=False)


def test_splits_and_dividends_are_neutral():
    bars = plain_market()
    split = bars.copy()
    late = (split["symbol"] == "510000.SH") & (split["date"] > "2021-06-01")
    split.loc[late, ["open", "close"]] /= 2.0
    split.loc[late, "adj_factor"] = 2.0

    np.testing.assert_allclose(
        equity_of(lay_out(split), 60, 3, 0.001), equity_of(lay_out(bars), 60, 3, 0.001), rtol=1e-10
    )


@pytest.mark.parametrize(
    ("params", "grid"),
    [
        (
            ["lookback=20:60:20", "top_n=1,3", "cost=0:0.0015:0.0005"],
            Grid((20, 40, 60), (1, 3), (0.0, 0.0005, 0.001, 0.0015)),
        ),
        (["lookback=20:255:10"], Grid(tuple(range(20, 251, 10)))),
        ([], Grid()),
    ],
)
def test_grids_are_read_with_both_ends(params, grid):
    assert parse_grid(params) == grid


def test_the_grid_of_the_benchmark_has_a_thousand_combinations():
    assert parse_grid(["lookback=20:260:10", "top_n=1:10:1", "cost=0,0.0003,0.0007,0.0015"]).size == 1000


@pytest.mark.parametrize(
    "param",
    [
        "window=1:2:1",
        "lookback",
        "lookback=a:b:c",
        "lookback=5:1:1",
        "lookback=1:5:0",
        "lookback=1:5",
        "top_n=0",
        "top_n=1.5",
        "cost=1.0",
        "cost=-0.1",
        "lookback=1:inf:1",
        "cost=nan",
    ],
)
def test_a_bad_grid_is_refused_with_the_way_to_write_it(param):
    with pytest.raises(BadInputError, match="name=a:b:step"):
        parse_grid([param])


def test_too_short_a_history_is_refused():
    with pytest.raises(InsufficientDataError, match="no month ends after 500 sessions"):
        sweep(plain_market(), Grid((500,)))
