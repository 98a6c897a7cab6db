"""Each thing that no price can give is told, with its column."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.fuses.indicators import indicator_sanity

BROKEN = {
    "an RSI above 100": {"rsi_14": 100.1},
    "a negative ADX": {"adx_14": -0.1},
    "a negative range": {"atr_14": -1e-6},
    "an infinite value": {"atr_14": np.inf},
    "crossed bands": {"boll_lower_20": 5.0},
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_impossible_value_fails_and_is_named(good, case):
    indicators = good.tables["indicators"].assign(**BROKEN[case])
    reading = good.with_table("indicators", indicators).judge(indicator_sanity)

    assert reading.state is State.FAIL
    assert next(iter(BROKEN[case])) in reading.reason


def test_a_vix_of_the_same_day_fails(good):
    indicators = good.tables["indicators"]
    reading = good.with_table("indicators", indicators.assign(vix_date=indicators["date"])).judge(indicator_sanity)

    assert reading.state is State.FAIL and "vix_date" in reading.reason


def test_values_that_are_not_defined_yet_pass(good):
    indicators = good.tables["indicators"].assign(rsi_14=np.nan, boll_lower_20=np.nan, vix_date=pd.NaT)

    assert good.with_table("indicators", indicators).judge(indicator_sanity).state is State.PASS
