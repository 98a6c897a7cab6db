"""Two sources side by side, and which symbols are drawn for it."""

import pandas as pd

from etf_platform.market.wire.compare import compare_closes, sample_of

DAY = pd.Timestamp("2025-01-02")
SYMBOLS = ("510050.SH", "510300.SH", "510500.SH", "588000.SH")


def _closes(values):
    return pd.DataFrame({"date": DAY, "symbol": list(values), "close": list(values.values()), "volume": 100.0})


def test_a_tick_or_three_thousandths_is_agreement():
    """0.100 and 0.101 are one tick apart, 4.000 and 4.012 0.3 %, 4.013 is more; the last fund has no second close."""
    stored = _closes({"510050.SH": 0.100, "510300.SH": 4.000, "510500.SH": 4.000, "588000.SH": 1.000})
    other = _closes({"510050.SH": 0.101, "510300.SH": 4.012, "510500.SH": 4.013})

    found = compare_closes(stored, other, SYMBOLS, pd.Series(0.001, SYMBOLS), 0.003, DAY, ("live:a", "live:b"))

    assert found["verdict"].tolist() == ["agrees", "agrees", "differs", "absent"]
    assert found["difference"].round(5).tolist()[:3] == [0.01, 0.003, 0.00325]


def test_the_sample_changes_by_day_and_is_the_same_for_everybody():
    days = pd.date_range("2025-01-01", periods=40)
    drawn = [sample_of(SYMBOLS, day, 2) for day in days]

    assert drawn == [sample_of(tuple(reversed(SYMBOLS)), day, 2) for day in days]
    assert {symbol for sample in drawn for symbol in sample} == set(SYMBOLS)
    assert len(set(drawn)) > 3
