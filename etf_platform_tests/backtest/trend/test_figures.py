"""Figures of single-asset accounts: by hand, and over samples."""

import math

import numpy as np
import pytest

from etf_platform.backtest.trend.metrics import Sample, Trials, trend_figures, trend_metric_rows
from etf_platform.core import tables


def test_figures_by_hand(terms):
    """Four sessions 1 -> 1.1 -> 0.99 -> 1.089 -> 1.089 with weights 1, 1, 0.5, 0 and two trades."""
    values, weights = np.array([1.0, 1.1, 0.99, 1.089, 1.089]), np.array([0.0, 1.0, 1.0, 0.5, 0.0])

    figures = trend_figures(Sample(values, weights, np.array([0.10, -0.05, 0.02])), terms())

    assert figures["total_return"] == pytest.approx(0.089)
    assert figures["annual_return"] == pytest.approx(1.089 ** (252 / 4) - 1)
    assert figures["max_drawdown"] == pytest.approx(-0.1)
    assert (figures["max_drawdown_sessions"], math.isnan(figures["max_drawdown_recovery"])) == (3.0, True)
    assert figures["win_rate"] == pytest.approx(2 / 3)
    assert figures["profit_factor"] == pytest.approx(0.12 / 0.05)
    assert figures["payoff_ratio"] == pytest.approx(0.06 / 0.05)
    assert figures["exposure"] == 0.625
    assert figures["turnover"] == pytest.approx(1.0 * 252 / 4)
    assert figures["annual_vol"] == pytest.approx(math.sqrt(252) * np.std([0.1, -0.1, 0.1, 0.0], ddof=1))
    assert all(math.isnan(figures[name]) for name in ("sharpe", "sortino", "psr", "dsr", "calmar"))


def test_ratios_need_twenty_sessions(terms):
    returns = np.tile([0.02, -0.01], 10)
    values = np.append(1.0, np.cumprod(1.0 + returns))
    chosen = terms(metrics={"risk_free_rate": 0.0252})

    enough = trend_figures(Sample(values, np.ones(21), np.array([])), chosen, Trials(10, 0.01))
    few = trend_figures(Sample(values[:20], np.ones(20), np.array([])), chosen)

    assert enough["sharpe"] == pytest.approx(math.sqrt(252) * (0.005 - 0.0001) / np.std(returns, ddof=1))
    assert enough["sortino"] == pytest.approx(math.sqrt(252) * 0.0049 / math.sqrt(0.0101**2 / 2))
    assert enough["dsr"] < enough["psr"]
    assert math.isnan(few["sharpe"])


def test_without_losses_profit_factor_and_payoff_are_not_defined(terms):
    figures = trend_figures(Sample(np.array([1.0, 1.1]), np.array([0.0, 1.0]), np.array([0.1])), terms())

    assert figures["win_rate"] == 1.0
    assert math.isnan(figures["profit_factor"]) and math.isnan(figures["payoff_ratio"])


def test_rows_cover_samples_and_accounts_and_fit_the_table(lab, terms):
    bars = lab.random_bars(600)
    chosen = terms(split_date=f"{bars['date'].iloc[400]:%Y-%m-%d}")
    account = lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars))

    rows = trend_metric_rows(account, chosen)
    value = rows.set_index(["sample", "account", "metric"])["value"]

    assert tables.TREND_METRICS.conform(rows).num_rows == len(rows) == 3 * (18 + 2 * 13)
    assert value["in_sample", "strategy", "n_sessions"] + value["holdout", "strategy", "n_sessions"] == 540
    assert value["holdout", "strategy", "n_sessions"] == 200
    grown = (1 + value["in_sample"]["strategy", "total_return"]) * (1 + value["holdout"]["strategy", "total_return"])
    assert grown - 1 == pytest.approx(value["full"]["strategy", "total_return"])
    assert value["full", "buy_and_hold", "exposure"] == 1.0
    assert value["full", "exposure_matched", "exposure"] == pytest.approx(value["full", "strategy", "exposure"])
    trades = [value[s, "strategy", "total_trades"] for s in ("in_sample", "holdout", "full")]
    assert trades[0] + trades[1] == trades[2] == account.trades["exit_date"].notna().sum()


def test_a_split_beyond_the_history_leaves_one_sample(lab, terms):
    bars = lab.random_bars(100)
    chosen = terms(split_date="2030-01-02")

    rows = trend_metric_rows(lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars)), chosen)

    assert set(rows["sample"]) == {"full", "in_sample"}
