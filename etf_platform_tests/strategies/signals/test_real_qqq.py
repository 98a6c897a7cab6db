"""Real QQQ through the real indicators: crosses found by other means, short windows, the live row."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.indicators.prepare import prepare
from etf_platform.market.calendar import sessions as exchange
from etf_platform.strategies.signals import catalog
from etf_platform.strategies.signals.replay import CONTEXT_ROWS, held_after, signals

SOURCE = {"symbol": "QQQ.US", "source": "us_total_return"}


@pytest.fixture(scope="module")
def bars(shared):
    return pd.read_csv(shared("data/us/QQQ_total_return_adjusted.csv"), parse_dates=["date"])


@pytest.fixture(scope="module")
def vix(shared):
    rows = pd.read_csv(shared("data/us/VIX_daily.csv"), parse_dates=["DATE"])
    return rows.rename(columns=str.lower)


@pytest.fixture(scope="module")
def calendar():
    known = exchange("XNYS")
    return known.between("1999-01-04", known.last_known)


def replayed(name, bars, vix, calendar, warmup, **settings):
    unit = catalog.find(name)
    chosen = unit.settings(**settings)
    columns = prepare(bars.reset_index(drop=True), unit.indicators(chosen), vix=vix).assign(**SOURCE)
    return signals(columns, unit, chosen, calendar, warmup)


def test_crosses_are_those_of_pandas_own_averages(bars, vix, calendar):
    close = bars["close"]
    above = close.ewm(span=50, adjust=False).mean() > close.ewm(span=200, adjust=False).mean()
    turned = bars["date"][(above != above.shift(1)) & (np.arange(len(bars)) >= 599)]

    made = replayed("EMA_cross_v1", bars, vix, calendar, 600)

    crossed = made[made["reason"].isin(["golden_cross", "death_cross"])]
    assert crossed["date"].tolist() == turned.tolist()
    assert len(crossed) == 21


def test_a_400_day_window_is_called_too_short_and_one_of_the_warm_up_agrees(bars, vix, calendar):
    """400 calendar days are about 275 bars: the signal is refused. With 600 bars it is that of the whole history."""
    full = replayed("EMA_trend_v3", bars, vix, calendar, 600).set_index("date")
    ends = range(1500, len(bars), 400)

    for end in ends:
        day = bars["date"].iloc[end]
        window = bars[(bars["date"] > day - pd.Timedelta(days=400)) & (bars["date"] <= day)]
        short = replayed("EMA_trend_v3", window, vix, calendar, 600).iloc[-1]
        long = replayed("EMA_trend_v3", bars.iloc[end - 799 : end + 1], vix, calendar, 600).iloc[-1]
        assert (short["reason"], short["state"]) == ("insufficient_data", "BLOCKED")
        assert (long["position"], long["reason"]) == (full.loc[day, "position"], full.loc[day, "reason"])


@pytest.mark.parametrize("name", ["EMA_trend_v3", "EMA_cross_v1", "NDX_MA50_Volume_RSI", "NDX_short_term"])
def test_the_live_row_from_stored_state_equals_the_replay(name, bars, vix, calendar):
    unit = catalog.find(name)
    settings = unit.settings()
    columns = prepare(bars, unit.indicators(settings), vix=vix).assign(**SOURCE)
    full = signals(columns, unit, settings, calendar, 600)

    live = signals(
        columns.iloc[-CONTEXT_ROWS:],
        unit,
        settings,
        calendar,
        600,
        n_before=len(columns) - CONTEXT_ROWS,
        held=held_after(full.iloc[-2].to_dict()),
        start=columns["date"].iloc[-1],
    )

    pd.testing.assert_frame_equal(live, full.iloc[[-1]].reset_index(drop=True))


def test_the_vix_filter_reads_the_close_of_the_session_before(bars, vix, calendar):
    """The VIX closed at 17.08 on 2020-02-21, 25.03 on the 24th: the signal of the 24th passes, that of the 25th not."""
    made = replayed("EMA_trend_v3", bars, vix, calendar, 600, use_vix_filter=True).set_index("date")

    assert made.loc["2020-02-24", "position"] == 1.0
    assert made.loc["2020-02-25", "reason"] == "vix_above_25"
