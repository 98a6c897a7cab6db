"""The combined portfolio: recomputed from its own account, blocked when a pool is missing."""

import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.aggregate import Blend, linear_blend, pool_summary, portfolio_equity, summary_csv
from etf_platform.backtest.months import month_rows, pool_months
from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms
from etf_platform.core import tables
from etf_platform.core.config.models import CiThresholds
from etf_platform.core.errors import InsufficientDataError

PUBLISHED = {
    "A_SHARE": {"annual_return": 0.2871, "max_drawdown": -0.1940, "sharpe": 1.09, "monthly_win_rate": 0.5238},
    "QDII": {"annual_return": 0.2650, "max_drawdown": -0.1571, "sharpe": 1.38, "monthly_win_rate": 0.8095},
    "OTHER": {"annual_return": 0.1102, "max_drawdown": -0.1048, "sharpe": 0.68, "monthly_win_rate": 0.6667},
}
WEIGHTS = {"A_SHARE": 0.7, "QDII": 0.3, "OTHER": 0.0}


def account(values, start="2024-01-30"):
    dates = pd.bdate_range(start, periods=len(values))
    frame = pd.DataFrame({"date": dates, "portfolio_value": values, "holdings_value": values, "cash": 0.0})
    frame["cost"] = [0.0] + [10.0] * (len(values) - 1)
    return frame.assign(turnover=0.1, n_positions=2, n_stale=0, source="simulated")


def test_linear_blend_of_the_published_pools():
    figures = {pool: {**values, "annual_turnover": 0.0} for pool, values in PUBLISHED.items()}

    blend = linear_blend(figures, WEIGHTS)

    assert blend["annual_return"] == pytest.approx(0.28047, abs=5e-6)
    assert blend["max_drawdown"] == pytest.approx(-0.18293, abs=5e-6)
    assert blend["sharpe"] == pytest.approx(1.177, abs=5e-4)
    assert blend["monthly_win_rate"] == pytest.approx(0.60951, abs=5e-6)


def test_pools_drift_within_a_month_and_are_reset_at_its_end():
    """30 Jan, 31 Jan (reset), 1 Feb, 2 Feb; X doubles on the 31st and again on the 2nd, Y stands still."""
    x, y = account([1e6, 2e6, 2e6, 4e6]), account([5e5, 5e5, 5e5, 5e5])

    equity = portfolio_equity({"X": x, "Y": y}, Blend({"X": 0.6, "Y": 0.2}, capital=100.0))

    assert equity["portfolio_value"].tolist() == pytest.approx([100.0, 160.0, 160.0, 256.0])
    assert equity["cash"].tolist() == pytest.approx([20.0, 20.0, 32.0, 32.0])
    assert equity["cost"].tolist() == pytest.approx([0, 10 * (60 / 1e6 + 20 / 5e5), *[10 * (96 / 2e6 + 32 / 5e5)] * 2])
    assert equity["turnover"].tolist() == pytest.approx([0, 0.1 * 140 / 160, 0.1 * 0.8, 0.1 * 224 / 256])
    assert equity["n_positions"].tolist() == [4] * 4
    assert tables.EQUITY.conform(equity).num_rows == 4


def test_the_portfolio_covers_the_period_that_all_weighted_pools_share():
    x, y = account([1.0] * 6), account([1.0] * 3, start="2024-02-01")

    equity = portfolio_equity({"X": x, "Y": y, "Z": None}, Blend({"X": 0.5, "Y": 0.5, "Z": 0.0}))

    assert list(equity["date"]) == list(y["date"])


def test_months_of_the_portfolio_account_are_the_weighted_months_of_the_pools(rough):
    bars, targets, _ = rough
    one = run_rotation(targets, bars, Terms())
    two = run_rotation(targets, bars, Terms(cost=0.01, exec_mode="next_close_close"))

    equity = portfolio_equity({"X": one.equity, "Y": two.equity}, Blend({"X": 0.7, "Y": 0.3}))
    months = pool_months({"X": month_rows(one, bars), "Y": month_rows(two, bars)}, {"X": 0.7, "Y": 0.3})

    total = months[months["part"] == "total"].set_index("month")["contribution"]
    ends = equity.groupby(equity["date"].dt.strftime("%Y-%m"))["portfolio_value"].last()
    np.testing.assert_allclose(total, ends.pct_change().dropna(), rtol=1e-9)


def test_a_weighted_pool_without_account_blocks_the_portfolio():
    equities = {"X": account([1.0, 1.1, 1.2]), "Y": None}
    blend = Blend({"X": 0.7, "Y": 0.3})

    summary = pool_summary(equities, blend, CiThresholds(), "simulated").set_index("pool")

    assert summary["status"].to_dict() == {"X": "PASS", "Y": "BLOCKED", "PORTFOLIO": "BLOCKED"} | {
        "X": summary.loc["X", "status"]
    }
    assert math.isnan(summary.loc["PORTFOLIO", "sharpe"])
    with pytest.raises(InsufficientDataError, match="Y has no account"):
        portfolio_equity(equities, blend)


def test_a_pool_without_weight_may_be_missing():
    summary = pool_summary({"X": account([1.0, 1.1, 1.2]), "Y": None}, Blend({"X": 1.0, "Y": 0}), CiThresholds(), "s")

    assert summary.set_index("pool").loc["PORTFOLIO", "n_sessions"] == 3


def test_thresholds_warn_for_a_pool_and_fail_for_the_portfolio():
    falling = account(list(1e6 * np.linspace(1.0, 0.6, 80)))

    summary = pool_summary({"X": falling}, Blend({"X": 1.0}), CiThresholds(), "simulated").set_index("pool")

    assert summary["status"].to_dict() == {"X": "WARN", "PORTFOLIO": "FAIL"}


def test_the_portfolio_is_recomputed_not_blended():
    """Two pools that cancel: the blend would average their drawdowns, the portfolio has almost none."""
    steps = np.tile([1.1, 1 / 1.1], 40)
    up, down = account(list(1e6 * np.cumprod(steps))), account(list(1e6 * np.cumprod(1 / steps)))
    equities, weights = {"X": up, "Y": down}, {"X": 0.5, "Y": 0.5}

    ours = pool_summary(equities, Blend(weights), CiThresholds(), "s").set_index("pool")["max_drawdown"]
    theirs = pool_summary(equities, Blend(weights, original_compatible=True), CiThresholds(), "s")

    assert ours["PORTFOLIO"] > -0.02
    assert theirs.set_index("pool")["max_drawdown"]["PORTFOLIO"] == pytest.approx((ours["X"] + ours["Y"]) / 2)


def test_the_summary_fits_its_table_and_its_csv_has_the_columns_of_the_original():
    equities = {"A_SHARE": account([1.0, 1.1]), "QDII": account([1.0, 1.1]), "OTHER": None}
    summary = pool_summary(equities, Blend(WEIGHTS), CiThresholds(), "simulated")

    assert tables.POOL_SUMMARY.conform(summary).num_rows == 4
    assert list(summary["pool"]) == ["A_SHARE", "QDII", "OTHER", "PORTFOLIO"]
    assert list(summary_csv(summary).columns) == [
        "pool", "exec_mode", "年化收益", "最大回撤", "夏普比率", "月胜率", "年化换手", "总收益", "回测年数",
        "status", "cost_drag", "n_sessions", "method",
    ]  # fmt: skip
