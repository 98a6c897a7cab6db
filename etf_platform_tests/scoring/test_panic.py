"""Fear indices, their bands and summary, and the sentiment score."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.scoring.blocks import Panic
from etf_platform.scoring.panic import (
    RECIPES,
    band,
    fear_score,
    index_value,
    momentum_score,
    panic_days,
    read_panic,
    sentiment_days,
    summary,
    volume_points,
    volume_score,
)

N = 320
LOCK_IN = "降低仓位,锁定利润,警惕回调"


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    close = 3000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, N)))
    index = pd.bdate_range("2020-01-01", periods=N)
    volume = rng.uniform(1e6, 4e6, N)
    return pd.DataFrame({"high": close * 1.01, "low": close * 0.985, "close": close, "volume": volume}, index=index)


@pytest.mark.parametrize(("name", "expected"), [("CNVI", 23.875), ("HKVI", 22.14)])
def test_published_values(name, expected):
    """HV20 0.20, mean range 0.015, volume ratio 1.2."""
    assert index_value(RECIPES[name], 0.20, 0.015, 1.2) == pytest.approx(expected, abs=1e-12)
    assert band(name, expected)[0] == "😊 正常区间"


@pytest.mark.parametrize(
    ("over", "points"),
    [(0.5, 15.0), (1.0, 20.0), (1.5, 30.0), (2.0, 40.0), (2.1, 43.0), (2.5, 55.0), (3.0, 70.0), (3.1, 71.5),
     (4.0, 85.0), (5.0, 100.0), (9.0, 100.0)],
)  # fmt: skip
def test_points_of_volume(over, points):
    assert volume_points(over) == pytest.approx(points)


def test_a_quiet_day_in_hong_kong_has_eighteen():
    assert volume_points(0.5, RECIPES["HKVI"].quiet) == 18.0
    assert np.isnan(volume_points(np.nan))


def test_volatility_and_range_are_capped_at_a_hundred():
    assert index_value(RECIPES["CNVI"], 0.9, 0.9, 0.5) == pytest.approx(0.4 * 100 + 0.3 * 100 + 0.3 * 15)


@pytest.mark.parametrize(("name", "per_swing", "per_range", "quiet"), [("CNVI", 200, 150, 15), ("HKVI", 180, 120, 18)])
def test_indices_agree_with_a_plain_loop(bars, name, per_swing, per_range, quiet):
    found = panic_days(bars, name)

    for t in (59, 60, 200, N - 1):
        close, volume = bars["close"].tolist(), bars["volume"].tolist()
        logs = [np.log(close[i] / close[i - 1]) for i in range(t - 19, t + 1)]
        swing = (sum((x - sum(logs) / 20) ** 2 for x in logs) / 19) ** 0.5 * 252**0.5
        spread = sum((bars["high"].iat[i] - bars["low"].iat[i]) / close[i] for i in range(t - 19, t + 1)) / 20
        r = volume[t] / (sum(volume[t - 19 : t + 1]) / 20)
        v = quiet if r < 1 else 20 + 20 * (r - 1) if r < 2 else 40 + 30 * (r - 2)
        expected = 0.4 * min(100, per_swing * swing) + 0.3 * min(100, per_range * spread) + 0.3 * v
        assert found.iat[t] == pytest.approx(expected, abs=1e-10)


def test_needs_sixty_bars_and_volume(bars):
    assert panic_days(bars, "CNVI").iloc[:59].isna().all()
    assert panic_days(bars, "CNVI").iloc[59:].notna().all()
    assert panic_days(bars.assign(volume=0.0), "CNVI").isna().all()
    assert panic_days(bars.iloc[:59], "HKVI").isna().all()


@pytest.mark.parametrize(
    ("name", "value", "status", "action"),
    [
        ("VIX", 30.0, "😱 极度恐慌", "逢低布局优质资产,分批建仓"),
        ("VIX", 25.0, "⚠️ 恐慌上升", "控制仓位,等待市场企稳"),
        ("VIX", 20.0, "😊 正常区间", "正常操作,适度谨慎"),
        ("VIX", 19.9, "😊 正常区间", "正常操作,可适度乐观"),
        ("CNVI", 22.0, "😊 正常区间", "正常操作,可适度乐观"),
        ("HKVI", 15.0, "😊 正常区间", "正常操作,可适度乐观"),
        ("HKVI", 14.9, "偏低", LOCK_IN),
        ("HKVI", 12.0, "偏低", LOCK_IN),
        ("CNVI", 11.9, "😌 过度乐观", LOCK_IN),
    ],
)
def test_bands_and_their_texts(name, value, status, action):
    assert band(name, value) == (status, action)
    assert (read_panic(name, value).status, read_panic(name, value, age=2).age) == (status, 2)


def test_an_index_without_a_value_has_no_band():
    assert read_panic("VIX", None) == Panic("VIX")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((31.0, 30.0, 29.0), "三市场均处于极度恐慌区间(≥30)，美股情绪最差，可能是抄底良机"),
        ((25.0, 27.0, 23.0), "三市场均处于恐慌区间(25-30)，港股情绪最差，建议控制仓位"),
        ((15.0, 16.0, 14.0), "三市场情绪正常，可正常操作"),
        ((10.0, 12.0, 11.0), "三市场情绪偏乐观，警惕调整风险"),
        ((16.0, None, 18.0), "两市场(美股、A股)情绪正常，可正常操作"),
        ((None, None, 26.0), "单一市场(A股)处于恐慌区间(25-30)，A股情绪最差，建议控制仓位"),
        ((None, None, None), "恐慌指数不可用，无法判断"),
    ],
)
def test_summary_says_three_only_with_three(values, text):
    assert summary(dict(zip(("美股", "港股", "A股"), values, strict=True))) == text


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (10, 100),
        (15, 100),
        (15.5, 97),
        (17.5, 85),
        (20, 70),
        (20.5, 68.5),
        (25, 55),
        (30, 40),
        (30.5, 39),
        (35, 30),
        (40, 20),
        (40.5, 19),
        (45, 10),
        (50, 0),
        (80, 0),
    ],
)
def test_fear_score(value, score):
    assert fear_score(value) == pytest.approx(score)


def test_momentum_is_rsi_and_place_in_the_year():
    rising = np.linspace(100.0, 200.0, 300)

    assert momentum_score(rising)[-1] == pytest.approx(0.6 * 100.0 + 0.4 * 100.0)
    assert np.isnan(momentum_score(rising)[248]) and np.isfinite(momentum_score(rising)[249])
    assert np.isnan(momentum_score(np.full(300, 5.0))[-1])


@pytest.mark.parametrize(
    ("volume", "close", "score"),
    [
        (100.0, 101.0, 52.0),
        (100.0, 99.0, 48.0),
        (20.0, 101.0, 40.0 + 20.0 * (0.7 - 20.0 / 96.0)),
        (70.0, 101.0, 52.0),
        (68.0, 101.0, 40.0 + 20.0 * (0.7 - 68.0 / 98.4)),
        (160.0, 101.0, 70.0 + 30.0 * (160.0 / 103.0 - 1.5)),
        (154.0, 101.0, 52.0),
        (200.0, 101.0, 70.0 + 30.0 * (200.0 / 105.0 - 1.5)),
        (200.0, 100.0, 30.0 - 30.0 * (200.0 / 105.0 - 1.5)),
        (2000.0, 101.0, 100.0),
        (2000.0, 99.0, 0.0),
    ],
)
def test_volume_score(volume, close, score):
    closes, volumes = np.r_[np.full(20, 100.0), close], np.r_[np.full(20, 100.0), volume]

    assert volume_score(closes, volumes)[-1] == pytest.approx(score)


def test_sentiment_is_three_four_three(bars):
    fear = pd.Series(20.0, index=bars.index)
    close, volume = bars["close"].to_numpy(), bars["volume"].to_numpy()
    expected = 0.3 * 70.0 + 0.4 * momentum_score(close)[-1] + 0.3 * volume_score(close, volume)[-1]

    assert sentiment_days(bars, fear).iat[-1] == pytest.approx(expected)


def test_sentiment_is_unknown_where_its_fear_index_is(bars):
    fear = pd.Series(20.0, index=bars.index).iloc[:-1]

    assert np.isnan(sentiment_days(bars, fear).iat[-1])
    assert np.isfinite(sentiment_days(bars, fear).iat[-2])
    assert sentiment_days(bars.assign(volume=np.nan), fear).isna().all()


def test_a_day_alone_is_the_day_of_the_whole(bars):
    fear = panic_days(bars, "CNVI")
    whole = sentiment_days(bars, fear)

    for end in (60, 61, 250, 300, N):
        alone = panic_days(bars.iloc[:end], "CNVI")
        assert alone.iat[-1] == fear.iat[end - 1]
        pd.testing.assert_series_equal(
            sentiment_days(bars.iloc[:end], alone).iloc[-1:], whole.iloc[end - 1 : end], check_exact=True
        )
