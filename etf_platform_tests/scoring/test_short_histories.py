"""Every block answers for any length of history, and for prices that never move, without a warning."""

import warnings

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.scoring import Matching
from etf_platform.scoring.blocks import Probability, Technical, VolumeBlock, block_at
from etf_platform.scoring.capital import flow_days, margin_days
from etf_platform.scoring.panic import panic_days, sentiment_days
from etf_platform.scoring.probability import probability_days
from etf_platform.scoring.technical import technical_days
from etf_platform.scoring.valuation import ratio_days
from etf_platform.scoring.volume import volume_days

LENGTHS = [0, 1, 2, 5, 14, 20, 21, 34, 60, 251, 300]


def flat(n: int, volume: float) -> pd.DataFrame:
    index = pd.bdate_range("2020-01-01", periods=n)
    return pd.DataFrame({"high": 10.0, "low": 10.0, "close": 10.0, "volume": volume}, index=index)


@pytest.mark.parametrize("volume", [np.nan, 0.0, 100.0])
@pytest.mark.parametrize("n", LENGTHS)
def test_bars_of_any_length(n, volume):
    bars = flat(n, volume)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frames = [technical_days(bars), volume_days(bars), sentiment_days(bars, panic_days(bars, "CNVI"))]
        frames += [probability_days(bars, Matching(rule=rule), 20)
                   for rule in ("state", "technical", "original_compatible")]  # fmt: skip

    assert {len(frame) for frame in frames} == {n}


@pytest.mark.parametrize("n", LENGTHS)
def test_series_of_any_length(n):
    series = pd.Series(1e12, index=pd.bdate_range("2020-01-01", periods=n))

    assert {len(make(series)) for make in (flow_days, margin_days, ratio_days)} == {n}


def test_the_first_bar_knows_only_itself():
    bars = flat(1, 100.0)
    technical = block_at(Technical, technical_days(bars), 0)

    assert (technical.close, technical.pivot) == (10.0, 10.0)
    assert technical.rsi is technical.macd is technical.boll_position is technical.atr is None
    assert block_at(VolumeBlock, volume_days(bars), 0).quality == ""
    assert block_at(Probability, probability_days(bars, Matching(), 20), 0).up_prob is None


def test_a_price_that_never_moved_went_up_never():
    row = block_at(Probability, probability_days(flat(300, 1.0), Matching(rule="original_compatible"), 20), 299)

    assert (row.up_prob, row.var_5, row.max_drawdown) == (0.0, 0.0, 0.0)
    assert row.sharpe is None and row.skew is None
