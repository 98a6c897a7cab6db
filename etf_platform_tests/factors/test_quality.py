"""Predictive quality against plain loops and published information coefficients."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.tables import FACTOR_QUALITY
from etf_platform.factors.quality import forward_returns, quality_rows, tercile_spread
from etf_platform.measures.association import rank_ic


def test_the_forward_return_starts_at_the_next_open():
    opens = np.array([[1.0], [2.0], [3.0], [6.0]])

    np.testing.assert_array_equal(forward_returns(opens, 1), [[0.5], [1.0], [np.nan], [np.nan]])
    np.testing.assert_array_equal(forward_returns(opens, 9), np.full((4, 1), np.nan))


def test_spread_of_six_is_the_mean_of_the_two_best_minus_that_of_the_two_worst():
    scores = np.array([[6.0, 1.0, 2.0, 3.0, 4.0, 5.0]])
    forward = np.array([[0.06, 0.01, 0.03, 0.5, -0.5, 0.02]])

    assert tercile_spread(scores, forward)[0] == pytest.approx(0.04 - 0.02)


def test_four_symbols_give_no_spread():
    assert np.isnan(tercile_spread(np.ones((1, 4)), np.ones((1, 4))))


def test_the_table_agrees_with_a_plain_loop(bars_of):
    bars = bars_of(symbols=7, sessions=60)
    rng = np.random.default_rng(3)
    panel = bars[["date", "symbol"]].assign(signal=rng.normal(size=len(bars)), source="simulated")
    opens = (bars["open"] * bars["adj_factor"]).groupby([bars["date"], bars["symbol"]]).first().unstack()
    scores = panel.pivot(index="date", columns="symbol", values="signal")
    ics = []
    for t in range(len(opens) - 6):
        pair = pd.DataFrame({"s": scores.iloc[t], "f": opens.iloc[t + 6] / opens.iloc[t + 1] - 1.0}).dropna()
        ics.append(pair["s"].rank().corr(pair["f"].rank()) if len(pair) >= 5 else np.nan)

    rows = quality_rows(panel, bars, [5])

    FACTOR_QUALITY.conform(rows)
    ics = pd.Series(ics).dropna()
    assert rows["n_days"].item() == len(ics)
    assert rows["mean_rank_ic"].item() == pytest.approx(ics.mean())
    assert rows["icir"].item() == pytest.approx(ics.mean() / ics.std())
    assert rows["hit_rate"].item() == pytest.approx((ics > 0).mean())


def test_a_perfect_signal_has_an_ic_of_one_and_a_constant_one_has_none(bars_of):
    bars = bars_of(symbols=7, sessions=60)
    opens = (bars["open"] * bars["adj_factor"]).groupby([bars["date"], bars["symbol"]]).first().unstack()
    oracle = (opens.shift(-2) / opens.shift(-1) - 1.0).stack().rename("oracle").reset_index()
    panel = oracle.assign(flat=1.0, source="simulated")

    rows = quality_rows(panel, bars, [1]).set_index("column")

    assert rows.loc["oracle", "mean_rank_ic"] == pytest.approx(1.0)
    assert rows.loc["flat", "n_days"] == 0
    assert np.isnan(rows.loc["flat", "mean_rank_ic"])


def test_information_coefficients_of_alphalens(shared):
    cases = json.loads(shared("golden/21_factor_ic_alphalens.json").read_text(encoding="utf-8"))["cases"]
    wanted = [case for case in cases if case["id"] in ("ic_opposite", "ic_same")]

    for case in wanted:
        ours = rank_ic(np.array(case["inputs"]["factor"], float), np.array(case["inputs"]["fwd"], float), min_pairs=2)
        np.testing.assert_allclose(ours, case["expected"]["ic"], atol=1e-12)
    assert len(wanted) == 2
