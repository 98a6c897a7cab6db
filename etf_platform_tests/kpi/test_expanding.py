"""Figures of every close in one pass: the plain functions of one account, and the same bits whatever follows."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.kpi.account import Account
from etf_platform.kpi.snapshot import ACCOUNT_KPI, KpiRules, snapshot
from etf_platform.measures import performance

SESSIONS = pd.bdate_range("2021-01-04", "2023-12-29").as_unit("ns")
every_figure = pytest.mark.parametrize("kpi", ACCOUNT_KPI, ids=lambda kpi: kpi.name)


def drawn_equity(n, seed=3):
    """A few flat weeks at the start, as before the first purchase, then a random walk."""
    rng = np.random.default_rng(seed)
    steps = np.where(np.arange(n) < 15, 0.0, rng.normal(0.0005, 0.012, n))
    traded = rng.random(n) < 0.1
    return pd.DataFrame(
        {
            "date": SESSIONS[:n], "portfolio_value": 1e6 * np.cumprod(1.0 + steps),
            "cost": np.where(traded, rng.random(n) * 900.0, 0.0), "turnover": np.where(traded, rng.random(n), 0.0),
            "n_positions": rng.integers(0, 6, n), "source": "drawn (simulated)",
        }
    )  # fmt: skip


def account_of(equity):
    return Account.of(equity, SESSIONS, 0.03)


def slow_figures(equity):
    """The figures of the account that ends with the last row, each from the plain function; NaN when undefined."""
    values, dates = equity["portfolio_value"].to_numpy(), equity["date"].to_numpy()
    following = SESSIONS[SESSIONS.searchsorted(dates[-1], side="right") :]
    months = performance.monthly_returns(values, dates, next_session=following[0] if len(following) else None)
    span = performance.years(dates)
    try:
        sharpe = performance.sharpe(performance.returns_of(values), 0.03)
    except InsufficientDataError:
        sharpe = np.nan
    return {
        "annual_return": performance.annual_return(values, dates),
        "max_drawdown": performance.max_drawdown(values),
        "sharpe": sharpe,
        "total_return": performance.total_return(values),
        "years": span,
        "monthly_win_rate": performance.monthly_win_rate(months),
        "worst_month": months.min() if len(months) else np.nan,
        "best_month": months.max() if len(months) else np.nan,
        "annual_turnover": performance.annual_turnover(equity["turnover"], span),
        "cost_drag": performance.cost_drag(equity["cost"], values, span),
        "n_positions": float(equity["n_positions"].iloc[-1]),
    }


@every_figure
def test_every_session_alone_is_the_session_in_a_range_bit_for_bit(kpi):
    """Each of 700 beginnings of an account ends on the number that stands there in the account as a whole."""
    equity = drawn_equity(700)
    whole = account_of(equity)
    cut = [account_of(equity.iloc[:n]) for n in range(1, 701)]

    alone = np.array([kpi.measure(account)[-1] for account in cut])

    assert alone.tobytes() == np.asarray(kpi.measure(whole), dtype=np.float64).tobytes()


def test_rows_of_every_date_alone_are_the_rows_in_a_range():
    """60 consecutive sessions, and the last one of the calendar, where no next session is known."""
    equity = drawn_equity(len(SESSIONS))
    dates = [*SESSIONS[:60], SESSIONS[-1]]
    whole = snapshot(equity, None, dates, SESSIONS, KpiRules(), ACCOUNT_KPI)

    parts = [snapshot(equity[equity["date"] <= day], None, [day], SESSIONS, KpiRules(), ACCOUNT_KPI) for day in dates]

    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)


def test_every_figure_equals_the_plain_function_of_the_account_up_to_that_day():
    """On every one of the first 70 sessions, then on every seventh."""
    equity = drawn_equity(len(SESSIONS))
    account = account_of(equity)
    seen = {kpi.name: kpi.measure(account) for kpi in ACCOUNT_KPI}

    for n in [*range(2, 71), *range(71, len(equity), 7), len(equity)]:
        expected = slow_figures(equity.iloc[:n])
        assert set(seen) == set(expected)
        for name, value in expected.items():
            assert seen[name][n - 1] == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), (name, n)


@pytest.mark.parametrize("growth", [0.0, 0.01])
def test_returns_that_do_not_vary_have_no_sharpe_ratio(growth):
    equity = drawn_equity(300).assign(portfolio_value=1e6 * (1.0 + growth) ** np.arange(300))

    rows = snapshot(equity, None, SESSIONS[:300], SESSIONS, KpiRules(), ACCOUNT_KPI)

    assert set(rows.loc[rows["kpi"] == "sharpe", "status"]) == {"BLOCKED"}


def test_the_second_and_third_close_by_hand():
    """100, 110, 99: returns +10 % and -10 %, mean 0, standard deviation 0.1 * sqrt(2)."""
    equity = drawn_equity(3).assign(portfolio_value=[100.0, 110.0, 99.0])
    account = Account.of(equity, SESSIONS, 0.0)
    seen = {kpi.name: kpi.measure(account) for kpi in ACCOUNT_KPI}

    assert seen["max_drawdown"][1:] == pytest.approx([0.0, -0.1])
    assert seen["total_return"][1:] == pytest.approx([0.1, -0.01])
    assert seen["years"][1:] == pytest.approx([1 / 365.25, 2 / 365.25])
    assert seen["sharpe"][2] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(seen["sharpe"][1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_account_with_a_hole_is_refused_from_that_day_on(value):
    equity = drawn_equity(50)
    equity.loc[30, "portfolio_value"] = value

    assert len(snapshot(equity, None, [SESSIONS[29]], SESSIONS, KpiRules(), ACCOUNT_KPI)) == len(ACCOUNT_KPI)
    with pytest.raises(BadInputError, match="NaN, infinite"):
        snapshot(equity, None, [SESSIONS[30]], SESSIONS, KpiRules(), ACCOUNT_KPI)


def test_sources_of_a_day_are_those_of_its_own_rows():
    equity = drawn_equity(3).assign(source=["a", "b", "b"])
    observed = pd.DataFrame({"date": SESSIONS[[1, 3]], "kpi": "coverage", "value": 1.0, "source": "p"})

    rows = snapshot(equity, observed, SESSIONS[:5], SESSIONS, KpiRules())

    assert rows.drop_duplicates("date")["source"].tolist() == ["a", "b; p", "b", "p", "none"]
