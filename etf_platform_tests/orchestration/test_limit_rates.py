"""Bars that leave the lake for strategies and back-tests carry the limit of their own day."""

import pandas as pd

from etf_platform.core.config.load import load_config
from etf_platform.core.workspace import packaged_config
from etf_platform.orchestration.steps.strategies import with_limit_rates


def test_the_limit_of_a_chinext_fund_changes_on_2020_08_24():
    days = pd.to_datetime(["2020-08-21", "2020-08-21", "2020-08-24", "2020-08-24"])
    bars = pd.DataFrame({"date": days, "symbol": ["159915.SZ", "510300.SH"] * 2})

    rated = with_limit_rates(load_config(packaged_config()), bars)

    assert rated["limit_rate"].tolist() == [0.10, 0.10, 0.20, 0.10]
    assert "limit_rate" not in bars
