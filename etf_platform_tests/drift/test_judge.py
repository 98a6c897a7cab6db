"""Verdicts of a day: what alarms, what is unknown, and that a day alone is the day of a backfill."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import DriftConfig
from etf_platform.drift.features import features_of
from etf_platform.drift.judge import _level, judge
from etf_platform.drift.null import Null

CONFIG = DriftConfig(draws=100)


def _last(daily, place=-1):
    days = pd.DatetimeIndex(daily.index)
    rows = judge(daily, days[[place]], CONFIG)
    return rows.set_index("feature")


@pytest.fixture
def daily(make_bars):
    return features_of(make_bars())


def test_a_day_alone_is_the_same_row_as_in_a_backfill(daily):
    days = pd.DatetimeIndex(daily.index[-60:])

    together = judge(daily, days, CONFIG)
    for place in (0, 31, 59):
        alone = judge(daily.loc[: days[place]], days[[place]], CONFIG)
        expected = together[together["date"] == days[place]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_what_is_not_stored_is_missing_and_blocked(daily):
    rows = _last(daily)

    for name in ("turnover", "premium", "book_imbalance", "null_rate"):
        assert rows.loc[name, ["level", "state", "reason"]].tolist() == ["unknown", "BLOCKED", "missing"]


def test_too_short_a_past_is_insufficient(daily):
    """250 + 20 + 19 sessions, and a null from 250 before the month without its gap."""
    rows = _last(daily.iloc[:280])

    assert rows.loc["volatility_20", ["level", "reason"]].tolist() == ["unknown", "insufficient"]
    assert np.isnan(rows.loc["volatility_20", "psi"])


def test_a_figure_that_ends_is_missing_on_the_days_without_it(daily):
    daily.iloc[-1, daily.columns.get_loc("amount_to_adv")] = np.nan

    assert _last(daily).loc["amount_to_adv", "reason"] == "missing"


def test_a_market_at_rest_is_stable(daily):
    rows = _last(daily)

    known = rows[rows["level"] != "unknown"]
    assert (known["level"] == "stable").all()
    assert set(known.index) == {"volatility_20", "parkinson_20", "amount_to_adv", "row_count"}
    assert (known["ks_q"] >= known["ks_p"] - 1e-12).all()


def test_volatility_that_has_doubled_for_forty_sessions_is_major(make_bars):
    calm = np.ones(700)
    calm[-40:] = 2.0

    row = _last(features_of(make_bars(calm=calm))).loc["volatility_20"]
    assert row[["level", "state"]].tolist() == ["major", "FAIL"]
    assert row["ks_q"] < 0.05
    assert row["psi"] > 0.25
    assert "Wasserstein" in row["reason"]


def test_psi_above_its_limit_and_inside_its_null_is_stable_with_both_told(daily):
    rows = _last(daily)

    inside = rows[(rows["level"] == "stable") & (rows["psi"] >= CONFIG.psi_alert)]
    assert len(inside)
    assert inside["reason"].str.startswith("within its null: PSI").all()
    assert (inside["psi"].round(2) <= inside["psi_null"].round(2)).all()


def test_the_seed_decides_the_null_and_nothing_else(daily):
    other = judge(daily, pd.DatetimeIndex(daily.index[-1:]), DriftConfig(draws=100, seed=7)).set_index("feature")

    mine = _last(daily)
    assert mine.loc["amount_to_adv", "psi"] == other.loc["amount_to_adv", "psi"]
    assert mine.loc["amount_to_adv", "psi_null"] != other.loc["amount_to_adv", "psi_null"]


@pytest.mark.parametrize(("missed", "level"), [(1, "stable"), (2, "major")])
def test_one_missing_row_after_years_without_is_chance_and_two_are_not(make_bars, missed, level):
    bars = make_bars()
    days = bars["date"].unique()[-2 * missed :: 2]
    holed = bars[~((bars["symbol"] == "510001.SH") & bars["date"].isin(days))]

    assert _last(features_of(holed)).loc["row_count", "level"] == level


@pytest.mark.parametrize(
    ("psi", "level"), [(0.0999, "stable"), (0.10, "alert"), (0.25, "alert"), (0.2501, "major"), (0.42705, "major")]
)
def test_limits_of_psi_outside_the_null(psi, level):
    """Below 0.10 stable, to 0.25 alert, above major."""
    null = Null(psi=0.05, wasserstein=0.0, ks=np.zeros(1))

    assert _level(psi, 0.0, null, DriftConfig())[0] == level


def test_nothing_inside_the_null_is_an_alarm():
    null = Null(psi=0.50, wasserstein=0.0, ks=np.zeros(1))

    level, reason = _level(0.42705, 0.0, null, DriftConfig())

    assert (level, reason) == ("stable", "within its null: PSI 0.43, null 0.50")
