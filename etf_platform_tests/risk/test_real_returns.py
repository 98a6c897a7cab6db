"""Recorded closes of two US funds: six methods side by side, and half the volatility rejected."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etf_platform.risk.coverage import coverage_rows
from etf_platform.risk.exceptions import exception_rows
from etf_platform.risk.forecasts import forecast_rows

SPAN = 1_260  # sessions up to the end of 2023: the fall and the calm of 2020 to 2023 are in them


@pytest.fixture(scope="module")
def real(shared: Callable[[str], Path]) -> pd.DataFrame:
    parts = []
    for name in ("QQQ", "SPY"):
        bars = pd.read_csv(shared(f"data/us/{name}_total_return_adjusted.csv"), parse_dates=["date"])
        bars = bars[bars["date"] < "2024-01-01"].tail(SPAN + 1)
        change = bars["close"].pct_change()
        parts.append(pd.DataFrame({"date": bars["date"], "series": f"{name}.US", "return": change, "source": "local"}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def forecasts(real: pd.DataFrame, config) -> pd.DataFrame:
    sessions = pd.DatetimeIndex(real["date"].unique()).append(pd.DatetimeIndex(["2024-01-02"]))
    return forecast_rows(real, config, sessions)


def whole(config):
    return config.model_copy(update={"test_window": 10_000})


def test_six_methods_stand_side_by_side(forecasts, real, config) -> None:
    """Every method has the same sessions, and volatility that is followed is broken least unevenly."""
    table = coverage_rows(exception_rows(forecasts, real), whole(config), forecasts)
    at_99 = table[np.isclose(table["level"], 0.99)].set_index(["series", "method"])

    elsewhere = table["method"] != "cornish_fisher"  # which is undefined for months after March 2020
    assert (table.loc[elsewhere, "n_forecasts"] == SPAN - config.window).all()
    assert table.loc[~elsewhere, "n_forecasts"].between(500, SPAN - config.window).all()
    for series in ("QQQ.US", "SPY.US"):
        seen = at_99.loc[series]
        assert len(seen) == 6
        assert seen["conditional"].idxmin() == "filtered_historical"
        assert seen["n_breaches"].idxmax() == "parametric"


def test_historical_breaches_are_those_of_a_plain_loop(forecasts, real, config) -> None:
    """pandas: today's return below yesterday's rolling quantile."""
    rows = exception_rows(forecasts, real)
    mine = rows[(rows["method"] == "historical") & np.isclose(rows["level"], 0.95) & (rows["series"] == "QQQ.US")]
    returns = real[real["series"] == "QQQ.US"].set_index("date")["return"].dropna()
    floor = returns.rolling(config.window).quantile(1.0 - 0.95).shift(1)

    assert mine.loc[mine["is_breach"], "date"].tolist() == returns.index[returns < floor].tolist()


def test_half_the_volatility_is_rejected_on_every_fund_and_level(forecasts, real, config) -> None:
    wrong = forecasts.assign(var=0.5 * forecasts["var"], es=0.5 * forecasts["es"], sigma=0.5 * forecasts["sigma"])

    table = coverage_rows(exception_rows(wrong, real), whole(config))

    assert (table["light"] == "red").all()
    assert (table["kupiec_p"] < 1e-4).all()
    assert (table["z2_p"] < 0.001).all()
    assert (table["action"] == "freeze").all()
