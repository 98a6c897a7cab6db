"""Outcomes of signals by hand, and the measured hit rate."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.arbitrage.outcomes import hit_rate, outcomes
from etf_platform.core.tables import SIGNAL_OUTCOMES

FRIDAY, MONDAY, TUESDAY = pd.to_datetime(["2024-03-01", "2024-03-04", "2024-03-05"]).as_unit("ns")


def _bars(*given):
    names = ["date", "symbol", "open", "high", "low", "close", "prev_close"]
    return pd.DataFrame(given, columns=names).assign(volume=1e6, source="by hand")


def _signals(*given):
    names = ["date", "signal_id", "etf", "entry"]
    return pd.DataFrame(given, columns=names).assign(stock="600000.SH", confidence="中", actionable=True)


def test_an_outcome_is_the_next_traded_day_against_the_entry():
    """The fund was suspended on Monday."""
    bars = _bars((FRIDAY, "E", 2.0, 2.1, 1.9, 2.0, 1.95), (TUESDAY, "E", 2.02, 2.06, 1.98, 2.04, 2.0))

    made = outcomes(_signals((FRIDAY, "S1", "E", 2.01)), bars)
    row = made.iloc[0]
    assert row["evaluated_on"] == TUESDAY
    assert [row[c] for c in ("next_open", "next_close", "best", "worst")] == pytest.approx(
        [2.02 / 2.01 - 1, 2.04 / 2.01 - 1, 2.06 / 2.01 - 1, 1.98 / 2.01 - 1]
    )
    SIGNAL_OUTCOMES.conform(made)


def test_a_dividend_is_no_loss():
    """0.10 are paid: the reference price of Monday is 1.90 after a close of 2.00."""
    bars = _bars((FRIDAY, "E", 2.0, 2.0, 2.0, 2.0, 2.0), (MONDAY, "E", 1.90, 1.90, 1.90, 1.90, 1.90))

    assert outcomes(_signals((FRIDAY, "S1", "E", 2.0)), bars)["next_open"].tolist() == pytest.approx([0.0])


def test_a_signal_without_a_next_day_or_an_entry_has_no_outcome():
    bars = _bars((FRIDAY, "E", 2.0, 2.0, 2.0, 2.0, 2.0), (MONDAY, "E", 2.0, 2.0, 2.0, 2.0, 2.0))
    signals = _signals((MONDAY, "S1", "E", 2.0), (FRIDAY, "S2", "E", np.nan), (FRIDAY, "S3", "other", 2.0))

    made = outcomes(signals, bars)
    assert len(made) == 0 and list(made.columns) == [c.name for c in SIGNAL_OUTCOMES.columns]


def test_the_hit_rate_has_wilsons_interval():
    """8 of 10: 0.490 to 0.943 (Newcombe 1998 gives the method; the ends by hand from the formula)."""
    rate = hit_rate(pd.DataFrame({"next_open": [0.01] * 8 + [0.0, -0.01]}))
    z = 1.959963984540054
    middle, half = 0.8 + z * z / 20, z * np.sqrt(0.8 * 0.2 / 10 + z * z / 400)

    assert (rate.n, rate.wins, rate.rate) == (10, 8, 0.8)
    assert (rate.low, rate.high) == pytest.approx(
        ((middle - half) / (1 + z * z / 10), (middle + half) / (1 + z * z / 10))
    )
    assert (round(rate.low, 3), round(rate.high, 3)) == (0.490, 0.943)


def test_no_outcome_is_no_hit_rate():
    rate = hit_rate(pd.DataFrame({"next_open": pd.Series(dtype=float)}))

    assert rate.n == 0 and all(np.isnan([rate.rate, rate.low, rate.high]))
