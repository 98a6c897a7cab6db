"""Technical and volume blocks against plain loops, hand tables, and their own past."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.scoring.blocks import Technical, VolumeBlock, block_at
from etf_platform.scoring.divergence import divergence, pivots
from etf_platform.scoring.technical import bollinger, kdj, macd, pivot_points, rsi, technical_days
from etf_platform.scoring.volume import RATIO_LEVELS, SIGNALS, TURNOVER_LEVELS, levels, volume_days

N = 420


def walk(n: int = N, seed: int = 3, swing: float = 0.02) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 10.0 * np.exp(np.cumsum(rng.normal(0.0, swing, n)))
    high = close * (1.0 + np.abs(rng.normal(0.0, 0.01, n)))
    low = close * (1.0 - np.abs(rng.normal(0.0, 0.01, n)))
    volume = rng.integers(10_000, 90_000, n).astype(float) * 100
    index = pd.bdate_range("2020-01-01", periods=n)
    return pd.DataFrame({"open": close, "high": high, "low": low, "close": close, "volume": volume}, index=index)


def slow_ema(x: list[float], span: int) -> list[float]:
    out = [x[0]]
    for value in x[1:]:
        out.append(out[-1] * (1 - 2 / (span + 1)) + value * 2 / (span + 1))
    return out


def slow_wilder(x: list[float], n: int, first: int) -> dict[int, float]:
    level = sum(x[first : first + n]) / n
    out = {first + n - 1: level}
    for t in range(first + n, len(x)):
        level = (level * (n - 1) + x[t]) / n
        out[t] = level
    return out


def slow_pivots(x: list[float], day: int) -> list[int]:
    first = max(0, day - 59)
    return [
        i
        for i in range(first + 5, day - 4)
        if all(x[i] > x[i - k] for k in range(1, 6)) and all(x[i] > x[i + k] for k in range(1, 6))
    ]


def slow_divergence(price: list[float], other: list[float], day: int) -> tuple[str, int] | None:
    found = []
    for name, sign in (("top", 1.0), ("bottom", -1.0)):
        at = slow_pivots([sign * p for p in price], day)
        if len(at) >= 2 and day - at[-1] <= 20:
            a, b = at[-2:]
            rises = sign * price[b] > sign * price[a]
            if rises and sign * other[b] < sign * other[a] - 0.1 * abs(other[a]):
                found.append((day - b, name))
    return (min(found)[1], min(found)[0]) if found else None


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return walk()


@pytest.fixture(scope="module")
def days(bars) -> pd.DataFrame:
    return technical_days(bars)


def test_macd_and_its_signal_are_exponential_means_from_the_first_close(bars, days):
    close = bars["close"].tolist()
    line = [a - b for a, b in zip(slow_ema(close, 12), slow_ema(close, 26), strict=True)]
    signal = slow_ema(line, 9)

    np.testing.assert_allclose(days["macd"].to_numpy()[33:], line[33:], rtol=0, atol=1e-10)
    np.testing.assert_allclose(days["macd_signal"].to_numpy()[33:], signal[33:], rtol=0, atol=1e-10)
    assert days["macd"].iloc[:33].isna().all()


def test_rsi_is_wilders(bars, days):
    close = bars["close"].tolist()
    change = [0.0] + [b - a for a, b in pairwise(close)]
    gain, loss = (slow_wilder([max(s * c, 0.0) for c in change], 14, 1) for s in (1, -1))
    expected = [100.0 - 100.0 / (1.0 + gain[t] / loss[t]) for t in range(14, N)]

    np.testing.assert_allclose(days["rsi"].to_numpy()[14:], expected, rtol=0, atol=1e-10)
    assert days["rsi"].iloc[:14].isna().all()


def test_original_compatible_rsi_is_of_simple_means(bars):
    close = bars["close"].tolist()
    changes = [close[t] - close[t - 1] for t in range(N - 14, N)]
    up, down = sum(max(c, 0.0) for c in changes), sum(max(-c, 0.0) for c in changes)

    assert technical_days(bars, original_compatible=True)["rsi"].iat[-1] == pytest.approx(
        100.0 * up / (up + down), abs=1e-10
    )


@pytest.mark.parametrize("compatible", [False, True])
def test_kdj_follows_its_recursion(bars, compatible):
    share, k, d = (0.5, None, None) if compatible else (1.0 / 3.0, 50.0, 50.0)
    for t in range(8, N):
        high, low = bars["high"].iloc[t - 8 : t + 1].max(), bars["low"].iloc[t - 8 : t + 1].min()
        raw = (bars["close"].iat[t] - low) / (high - low) * 100.0
        k = raw if k is None else (1 - share) * k + share * raw
        d = k if d is None else (1 - share) * d + share * k

    row = technical_days(bars, original_compatible=compatible).iloc[-1]
    assert (row["k"], row["d"], row["j"]) == pytest.approx((k, d, 3 * k - 2 * d), abs=1e-10)


def test_bollinger_uses_the_sample_deviation(bars, days):
    for t in (19, 100, N - 1):
        window = bars["close"].iloc[t - 19 : t + 1].tolist()
        mean = sum(window) / 20
        deviation = (sum((x - mean) ** 2 for x in window) / 19) ** 0.5
        expected = (window[-1] - (mean - 2 * deviation)) / (4 * deviation)

        assert days["boll_position"].iat[t] == pytest.approx(expected, abs=1e-10)


def test_directional_movement_is_wilders(bars, days):
    high, low, close = (bars[name].tolist() for name in ("high", "low", "close"))
    span, plus, minus = [0.0], [0.0], [0.0]
    for t in range(1, N):
        span.append(max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1])))
        up, down = high[t] - high[t - 1], low[t - 1] - low[t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    atr, p, m = (slow_wilder(x, 14, 1) for x in (span, plus, minus))
    dx = [0.0] * N
    for t in atr:
        pdi, mdi = 100 * p[t] / atr[t], 100 * m[t] / atr[t]
        dx[t] = 100 * abs(pdi - mdi) / (pdi + mdi)
    adx = slow_wilder(dx, 14, 14)

    assert days["atr"].iat[-1] == pytest.approx(atr[N - 1], abs=1e-10)
    assert days["plus_di"].iat[-1] == pytest.approx(100 * p[N - 1] / atr[N - 1], abs=1e-10)
    assert days["minus_di"].iat[-1] == pytest.approx(100 * m[N - 1] / atr[N - 1], abs=1e-10)
    assert days["adx"].iat[-1] == pytest.approx(adx[N - 1], abs=1e-10)


def test_pivot_points_by_hand():
    points = pivot_points(np.array([12.0]), np.array([9.0]), np.array([10.5]))

    assert {name: value[0] for name, value in points.items()} == {
        "pivot": 10.5, "r1": 12.0, "r2": 13.5, "s1": 9.0, "s2": 7.5,
    }  # fmt: skip


def test_averages_swings_and_tails(bars, days):
    close = bars["close"].to_numpy()
    last = days.iloc[-1]
    logs = np.log(close[1:] / close[:-1])
    quick = [np.std(logs[t - 20 : t], ddof=1) * 252**0.5 for t in range(20, N)]
    ahead = [close[t] / close[t - 20] - 1.0 for t in range(20, N)]

    assert last["ma60"] == pytest.approx(close[-60:].mean(), abs=1e-10)
    assert last["dist20"] == pytest.approx(close[-1] / close[-20:].mean() - 1.0, abs=1e-10)
    assert last["drawdown_250"] == pytest.approx(close[-1] / close[-250:].max() - 1.0, abs=1e-10)
    assert last["high_250"] == bars["high"].iloc[-250:].max()
    assert last["volatility_20"] == pytest.approx(quick[-1], abs=1e-10)
    assert last["volatility_60"] == pytest.approx(np.std(logs[-60:], ddof=1) * 252**0.5, abs=1e-10)
    assert last["volatility_20_limit"] == pytest.approx(np.quantile(quick, 0.9), abs=1e-10)
    assert last["var_20"] == pytest.approx(-np.quantile(ahead, 0.05), abs=1e-10)


def test_divergence_agrees_with_a_plain_search_on_every_day(bars):
    close, volume = bars["close"].tolist(), bars["volume"].tolist()
    kind, age = divergence(bars["close"].to_numpy(), bars["volume"].to_numpy())
    names = {1: "top", -1: "bottom"}
    found = [(names[k], int(a)) if k else None for k, a in zip(kind.tolist(), age.tolist(), strict=True)]

    assert found == [slow_divergence(close, volume, day) for day in range(N)]
    assert {"top", "bottom"} <= {pair[0] for pair in found if pair}


def zigzag(second: float) -> np.ndarray:
    """Highs at rows 10 (100) and 25 (`second`), lows between."""
    return np.interp(np.arange(60), [0, 10, 17, 25, 59], [90.0, 100.0, 92.0, second, 80.0])


def test_a_higher_high_on_a_tenth_less_is_a_top_from_its_confirmation_for_twenty_bars():
    price, other = zigzag(105.0), np.ones(60)
    other[10], other[25] = 10.0, 8.9
    kind, age = divergence(price, other)

    assert kind.tolist() == [0] * 30 + [1] * 16 + [0] * 14
    assert (age[30], age[45]) == (5.0, 20.0)


def test_both_pivots_lie_in_the_last_sixty_bars_with_five_on_each_side():
    """Highs at rows 10 and 45: seen from row 50, until row 10 has fewer than five of the last sixty bars before it."""
    price = np.interp(np.arange(80), [0, 10, 28, 45, 79], [90.0, 100.0, 92.0, 105.0, 80.0])
    other = np.ones(80)
    other[10], other[45] = 10.0, 5.0

    assert np.flatnonzero(divergence(price, other)[0]).tolist() == list(range(50, 65))


@pytest.mark.parametrize(("last", "expected"), [(9.1, 0), (9.0, 0), (8.99, 1)])
def test_the_indicator_must_be_below_nine_tenths(last, expected):
    other = np.ones(60)
    other[10], other[25] = 10.0, last

    assert divergence(zigzag(105.0), other)[0][40] == expected


def test_a_lower_low_on_a_higher_indicator_is_a_bottom():
    other = np.ones(60)
    other[10], other[25] = -10.0, -8.0

    assert divergence(-zigzag(105.0) + 300.0, other)[0][40] == -1


def test_a_less_negative_macd_at_a_higher_high_is_no_top():
    """0.9 times a negative number is larger: the sign must not turn the rule round."""
    other = np.ones(60)
    other[10], other[25] = -10.0, -9.5

    assert divergence(zigzag(105.0), other)[0][40] == 0


def test_equal_highs_are_no_pivot():
    assert not pivots(np.array([1.0] * 5 + [2.0, 2.0] + [1.0] * 5)).any()


def test_a_flat_price_has_no_bollinger_position_and_a_middle_rsi():
    flat = np.full(60, 7.0)

    assert np.isnan(bollinger(flat)["boll_position"][-1])
    assert rsi(flat)[-1] == 50.0
    assert kdj(flat, flat, flat)["k"][-1] == pytest.approx(50.0)
    assert macd(flat)[0][-1] == 0.0


@pytest.mark.parametrize("make", [technical_days, volume_days], ids=["technical", "volume"])
@pytest.mark.parametrize("compatible", [False, True])
class TestPurePast:
    def test_a_day_alone_is_the_day_of_the_whole(self, bars, make, compatible):
        whole = make(bars, original_compatible=compatible)

        for end in (1, 5, 21, 40, 250, 275, 333, N):
            alone = make(bars.iloc[:end], original_compatible=compatible)
            pd.testing.assert_frame_equal(alone.iloc[-1:], whole.iloc[end - 1 : end], check_exact=True)

    def test_the_future_changes_nothing(self, bars, make, compatible):
        other = bars.copy()
        other.iloc[300:] *= np.random.default_rng(9).uniform(0.5, 2.0, (N - 300, 1))

        pd.testing.assert_frame_equal(
            make(other, original_compatible=compatible).iloc[:300],
            make(bars, original_compatible=compatible).iloc[:300],
            check_exact=True,
        )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b.drop(columns="volume"), "no column volume"),
        (lambda b: b.iloc[::-1], "not rising dates"),
        (lambda b: pd.concat([b, b.iloc[-1:]]), "not rising dates"),
        (lambda b: b.assign(close=b["close"].where(b.index != b.index[5])), "missing or not positive"),
        (lambda b: b.assign(low=0.0), "missing or not positive"),
        (lambda b: b.assign(high=np.inf), "missing or not positive"),
    ],
)
def test_bars_that_cannot_be_read_are_refused(bars, spoil, words):
    for make in (technical_days, volume_days):
        with pytest.raises(BadInputError, match=words):
            make(spoil(bars))


def test_frames_hold_the_fields_of_their_blocks(bars, days):
    assert set(days.columns) == {item.name for item in fields(Technical)}
    assert set(volume_days(bars).columns) == {item.name for item in fields(VolumeBlock)}


def test_a_block_has_none_where_the_frame_has_nan(days):
    block = block_at(Technical, days, 10)

    assert block.close == days["close"].iat[10]
    assert block.rsi is None and block.divergence_age is None and block.divergence == ""


def test_a_divergence_age_is_a_whole_number(days):
    position = int(np.flatnonzero(days["divergence"] != "")[0])

    assert isinstance(block_at(Technical, days, position).divergence_age, int)


# volume


def of_classes(ups: int, up_downs: int, down_ups: int, down_downs: int) -> pd.DataFrame:
    """A day before, then days of the four classes, 20 in all with unchanged ones for the rest."""
    moves = [(1, 1)] * ups + [(1, -1)] * up_downs + [(-1, 1)] * down_ups + [(-1, -1)] * down_downs
    moves += [(0, 0)] * (20 - len(moves))
    close, volume = [100.0], [1000.0]
    for price, shares in moves:
        close.append(close[-1] + price)
        volume.append(volume[-1] + 10.0 * shares)
    x = np.array(close)
    index = pd.bdate_range("2024-01-01", periods=21)
    return pd.DataFrame({"high": x + 50.0, "low": x - 1.0, "close": x, "volume": volume}, index=index)


@pytest.mark.parametrize(
    ("counts", "status", "quality", "degree"),
    [
        ((12, 0, 0, 8), "量价齐升", "优秀", 100.0),
        ((11, 0, 0, 9), "震荡", "中性", 100.0),
        ((0, 10, 10, 0), "量价背离", "偏弱", 0.0),
        ((0, 9, 11, 0), "量价齐跌", "极弱", 0.0),
        ((5, 5, 10, 0), "量价齐跌", "极弱", 0.0),
        ((5, 9, 6, 0), "震荡", "中性", 0.0),
        ((1, 8, 1, 10), "缩量筑底", "偏强", 60.0),
        ((3, 4, 3, 4), "震荡", "中性", 50.0),
        ((1, 2, 0, 0), "震荡", "中性", 50.0),
    ],
)
def test_classes_of_twenty_days(counts, status, quality, degree):
    row = volume_days(of_classes(*counts)).iloc[-1]

    assert (row["status"], row["quality"], row["degree"]) == (status, quality, degree)
    assert [row[name] for name in ("up_up", "up_down", "down_up", "down_down")] == [count / 20 for count in counts]


def test_obv_trend_is_measured_by_the_volume_of_twenty_days():
    index = pd.bdate_range("2024-01-01", periods=30)
    close = np.linspace(10.0, 13.0, 30)
    bars = pd.DataFrame({"high": close, "low": close, "close": close, "volume": 100.0}, index=index)
    row = volume_days(bars).iloc[-1]

    assert row["obv"] == 2900.0
    assert row["obv_slope"] == pytest.approx((2900.0 - 1950.0) / 2000.0)
    assert row["obv_trend"] == "上升"


def test_a_negative_obv_that_falls_is_falling_and_the_original_says_so_only_by_sign():
    """OBV -2900 against -5 % of a negative mean: the original compares -2900 < -1950 * 0.95 and > -1950 * 1.05."""
    index = pd.bdate_range("2024-01-01", periods=30)
    close = np.linspace(13.0, 10.0, 30)
    bars = pd.DataFrame({"high": close, "low": close, "close": close, "volume": 100.0}, index=index)
    flat = bars.assign(close=np.r_[close[:10], np.full(20, close[9])])

    assert volume_days(bars)["obv_trend"].iat[-1] == "下降"
    assert volume_days(flat)["obv_trend"].iat[-1] == "平稳"
    assert volume_days(flat, original_compatible=True)["obv_trend"].iat[-1] == "上升"


@pytest.mark.parametrize(
    ("x", "name"),
    [(3.0, "巨量"), (2.99, "显著放量"), (2.0, "显著放量"), (1.5, "放量"), (0.8, "正常"), (0.79, "缩量"), (0.5, "缩量"),
     (0.49, "极度缩量"), (0.0, "极度缩量"), (np.nan, "")],
)  # fmt: skip
def test_names_of_volume_ratios(x, name):
    assert levels(np.array([x]), RATIO_LEVELS)[0] == name


@pytest.mark.parametrize(("x", "name"), [(0.10, "极高"), (0.05, "高"), (0.02, "中等"), (0.01, "偏低"), (0.009, "低")])
def test_names_of_turnover_rates(x, name):
    assert levels(np.array([x]), TURNOVER_LEVELS)[0] == name


@pytest.mark.parametrize(
    ("x", "name"), [(80, "强烈买入"), (65, "买入"), (50, "中性偏多"), (35, "观望"), (20, "减仓"), (19.9, "清仓")]
)
def test_names_of_signals(x, name):
    assert levels(np.array([float(x)]), SIGNALS)[0] == name


def test_the_volume_ratio_leaves_the_day_itself_out_and_the_original_does_not(bars):
    volume = bars["volume"].tolist()

    assert volume_days(bars)["volume_ratio"].iat[-1] == pytest.approx(volume[-1] / (sum(volume[-6:-1]) / 5))
    compatible = volume_days(bars, original_compatible=True)["volume_ratio"].iat[-1]
    assert compatible == pytest.approx(volume[-1] / (sum(volume[-5:]) / 5))


@pytest.mark.parametrize(
    ("close", "volume", "breakout", "signal"),
    [
        (11.0, 150.0, "有效突破", "买入信号"),
        (11.0, 149.0, "假突破风险", "观望"),
        (10.0, 200.0, "蓄势待发", "关注"),
        (10.0, 199.0, "未突破", "观望"),
        (10.5, 150.0, "未突破", "观望"),
    ],
)
def test_breakout_over_the_high_of_twenty_days(close, volume, breakout, signal):
    index = pd.bdate_range("2024-01-01", periods=26)
    x = np.r_[np.full(25, 10.0), close]
    bars = pd.DataFrame(
        {"high": x + np.r_[np.full(25, 0.5), 0.0], "low": x, "close": x, "volume": np.r_[np.full(25, 100.0), volume]},
        index=index,
    )
    row = volume_days(bars).iloc[-1]

    assert (row["breakout"], row["breakout_signal"], row["resistance"]) == (breakout, signal, 10.5)


def test_vp_score_by_hand():
    """0.5 * degree 100 + 20 without divergence; no strong volume. 70 is 买入."""
    row = volume_days(of_classes(12, 0, 0, 8)).iloc[-1]

    assert (row["vp_score"], row["signal"]) == (70.0, "买入")


def test_strong_volume_on_a_good_quality_adds_ten():
    bars = of_classes(12, 0, 0, 8)
    bars.iloc[-1, bars.columns.get_loc("volume")] = 5000.0
    bars.iloc[-1, bars.columns.get_loc("close")] = bars["close"].iat[-2] + 1.0
    row = volume_days(bars).iloc[-1]

    assert (row["quality"], row["volume_ratio"] > 1.5, row["vp_score"], row["signal"]) == (
        "优秀", True, 80.0, "强烈买入",
    )  # fmt: skip


@pytest.mark.parametrize("volume", [np.nan, 0.0], ids=["missing", "none"])
def test_without_volume_there_is_no_block(bars, volume):
    row = volume_days(bars.assign(volume=volume)).iloc[-1]
    block = block_at(VolumeBlock, volume_days(bars.assign(volume=volume)), N - 1)

    assert (row["quality"], row["obv_trend"], row["breakout"], row["signal"], row["status"]) == ("", "", "", "", "")
    assert block.volume_ratio is None and block.degree is None and block.vp_score is None


def test_one_missing_volume_blanks_the_windows_that_hold_it(bars):
    holed = bars.copy()
    holed.iloc[300, holed.columns.get_loc("volume")] = np.nan
    quality = volume_days(holed)["quality"]

    assert (quality.iloc[300:321] == "").all()
    assert (quality.iloc[20:300] != "").all() and (quality.iloc[321:] != "").all()


def test_the_volume_block_agrees_with_a_plain_loop(bars):
    close, high, volume = (bars[name].tolist() for name in ("close", "high", "volume"))
    frame, obv = volume_days(bars), [0.0]
    for t in range(1, N):
        obv.append(obv[-1] + ((close[t] > close[t - 1]) - (close[t] < close[t - 1])) * volume[t])

    for t in range(25, N, 9):
        row, counts = frame.iloc[t], {"up_up": 0, "up_down": 0, "down_up": 0, "down_down": 0}
        for i in range(t - 19, t + 1):
            counts[
                f"{'up' if close[i] > close[i - 1] else 'down'}_{'up' if volume[i] > volume[i - 1] else 'down'}"
            ] += 1
        points = 10 * counts["up_up"] - 5 * counts["up_down"] - 10 * counts["down_up"] + 5 * counts["down_down"]
        slope = (obv[t] - sum(obv[t - 19 : t + 1]) / 20) / sum(volume[t - 19 : t + 1])
        trend = "上升" if slope > 0.05 else "下降" if slope < -0.05 else "平稳"

        assert {name: round(row[name] * 20) for name in counts} == counts
        assert row["degree"] == min(100.0, max(0.0, 50.0 + points))
        assert row["obv_slope"] == pytest.approx(slope, abs=1e-10)
        assert row["obv_trend"] == trend
        assert row["volume_ratio"] == pytest.approx(volume[t] / (sum(volume[t - 5 : t]) / 5), abs=1e-10)
        assert row["resistance"] == max(high[t - 20 : t])


def test_turnover_needs_its_column(bars):
    assert block_at(VolumeBlock, volume_days(bars), N - 1).turnover_level == ""
    assert volume_days(bars.assign(turnover_rate=0.03))["turnover_level"].iat[-1] == "中等"
