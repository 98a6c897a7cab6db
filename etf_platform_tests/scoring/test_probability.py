"""Probability of a rise against a plain loop, published numbers, and its own past."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.config.scoring import Matching
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import packaged_config
from etf_platform.scoring.blocks import Probability, block_at
from etf_platform.scoring.environment import environments, position_hint
from etf_platform.scoring.histories import kind_of
from etf_platform.scoring.probability import (
    compatible_confidence,
    posterior,
    probability_days,
    spaced,
    states,
)
from etf_platform.scoring.technical import technical_days
from etf_platform.scoring.windows import percentile_rank

N = 760
SMALL = Matching(window=60)


def walk(n: int = N, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    swing = 0.008 + 0.012 * (np.sin(np.arange(n) / 40.0) > 0)
    close = 10.0 * np.exp(np.cumsum(rng.normal(0.0003, 1.0, n) * swing))
    index = pd.bdate_range("2020-01-01", periods=n)
    return pd.DataFrame({"high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1e6}, index=index)


def slow_rank(x: list[float]) -> float:
    return (sum(v < x[-1] for v in x) + 0.5 * sum(v == x[-1] for v in x)) / len(x)


def slow_state(close: list[float], day: int, window: int) -> tuple[float, float, float] | None:
    if day < window + 19:
        return None
    swings = []
    for t in range(day - window + 1, day + 1):
        logs = [np.log(close[i] / close[i - 1]) for i in range(t - 19, t + 1)]
        mean = sum(logs) / 20
        swings.append((sum((x - mean) ** 2 for x in logs) / 19) ** 0.5)
    past = close[day - window + 1 : day + 1]
    return slow_rank(past), close[day] / max(past) - 1.0, slow_rank(swings)


def slow_probability(close: list[float], day: int, horizon: int, history: int, window: int, known: list) -> dict | None:
    """The rule of the specification, one day at a time."""
    mine, labelled, matches = known[day], [], []
    for s in range(max(0, day - history + 1), day - horizon + 1):
        ahead = close[s + horizon] / close[s] - 1.0
        labelled.append(ahead > 0)
        other = known[s]
        if mine is None or other is None:
            continue
        gaps = [abs(a - b) for a, b in zip(mine, other, strict=True)]
        if gaps[0] <= 0.10 + 1e-9 and gaps[1] <= 0.05 + 1e-9 and gaps[2] <= 0.20 + 1e-9:
            matches.append((s, ahead))
    chosen = []
    for s, _ in matches:
        if not chosen or s - chosen[-1] >= horizon:
            chosen.append(s)
    if mine is None or len(chosen) < 3:
        return None
    p_raw, p0 = sum(a > 0 for _, a in matches) / len(matches), sum(labelled) / len(labelled)
    a, b = len(chosen) * p_raw + 10 * p0, len(chosen) * (1 - p_raw) + 10 * (1 - p0)
    returns = [r for _, r in matches]
    return {
        "up_prob": a / (a + b), "p_raw": p_raw, "base_rate": p0, "matches": len(matches), "effective": len(chosen),
        "mean": sum(returns) / len(returns), "median": float(np.median(returns)),
        "var_5": -float(np.quantile(returns, 0.05)), "confidence": len(chosen) / (len(chosen) + 10),
    }  # fmt: skip


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return walk()


def test_published_posterior():
    """n_eff 5, p_raw 0.8, p0 0.55: a 9.5, b 5.5, up_prob 0.6333, interval 0.472 to 0.786."""
    given = posterior(5, 0.8, 0.55)

    assert (given.a, given.b) == pytest.approx((9.5, 5.5))
    assert round(given.mean, 4) == 0.6333
    assert (round(given.low, 3), round(given.high, 3)) == (0.472, 0.786)
    assert given.confidence == pytest.approx(1 / 3)


def test_without_data_the_posterior_is_the_base_rate():
    assert posterior(0, 0.0, 0.55).mean == pytest.approx(0.55)


def test_one_sided_past_leaves_no_width_where_beta_is_degenerate():
    given = posterior(4, 1.0, 1.0)

    assert (given.mean, given.low, given.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("n", "p", "p0"), [(5, 1.2, 0.5), (5, 0.5, -0.1), (-1, 0.5, 0.5), (5, float("nan"), 0.5)])
def test_shares_that_are_none_are_refused(n, p, p0):
    with pytest.raises(BadInputError, match="inferring a probability"):
        posterior(n, p, p0)


def test_greedy_spacing_from_the_oldest():
    positions = np.array([0, 3, 19, 20, 21, 39, 40, 75])

    assert positions[spaced(positions, 20)].tolist() == [0, 20, 40, 75]
    assert spaced(np.array([], dtype=int), 20) == []


def test_percentile_rank_counts_equal_values_half():
    assert percentile_rank(np.array([1.0, 2.0, 3.0, 3.0]), 4)[-1] == (2 + 0.5 * 2) / 4
    assert percentile_rank(np.full(10, 5.0), 4)[-1] == 0.5
    assert np.isnan(percentile_rank(np.array([1.0, np.nan, 3.0, 4.0, 5.0]), 3)).tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("horizon", [20, 60])
def test_agrees_with_a_plain_loop(bars, horizon):
    close = bars["close"].tolist()
    known = [slow_state(close, day, 60) for day in range(N)]
    frame = probability_days(bars, SMALL, horizon, history_bars=500)
    checked = 0

    for day in [*range(0, 120, 17), *range(120, N, 23)]:
        expected = slow_probability(close, day, horizon, 500, 60, known)
        row = frame.iloc[day]
        if expected is None:
            assert np.isnan(row["up_prob"]) and row["reason"]
            continue
        checked += 1
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-10)
    assert checked >= 4


def test_states_agree_with_a_plain_loop(bars):
    close = bars["close"].tolist()
    frame = states(bars, 60)

    for day in (78, 79, 200, N - 1):
        expected = slow_state(close, day, 60)
        assert frame.iloc[day].isna().any() if expected is None else tuple(frame.iloc[day]) == pytest.approx(expected)


def test_a_match_whose_return_is_not_known_yet_does_not_speak(bars):
    """Embargo: nothing after t - 20 may match; what follows t - 20 up to t enters only as the return of s = t - 20."""
    day, horizon = 700, 20
    whole = probability_days(bars, SMALL, horizon)
    shifted = bars.copy()
    shifted.iloc[day + 1 :] *= 3.0

    pd.testing.assert_frame_equal(
        probability_days(shifted, SMALL, horizon).iloc[: day + 1], whole.iloc[: day + 1], check_exact=True
    )
    assert whole["matches"].iat[day] <= day - horizon + 1


@pytest.mark.parametrize("rule", ["state", "technical", "original_compatible"])
def test_a_day_alone_is_the_day_of_the_whole(bars, rule):
    matching = replace_rule(rule)
    whole = probability_days(bars, matching, 20)

    for end in (1, 20, 21, 81, 300, 520, N):
        cut = bars.iloc[:end]
        alone = probability_days(cut, matching, 20, since=cut.index[-1])
        pd.testing.assert_frame_equal(alone, whole.iloc[end - 1 : end], check_exact=True)


def replace_rule(rule: str) -> Matching:
    return SMALL.model_copy(update={"rule": rule})


def test_early_days_say_why_there_is_no_probability(bars):
    frame = probability_days(bars, SMALL, 20)

    assert frame["reason"].iat[5] == "只有6根K线，没有可用的样本"
    assert frame["reason"].iat[40] == "只有41根K线，状态需要更长的历史"
    assert frame["up_prob"].iloc[:79].isna().all()


def test_too_few_independent_matches_are_unavailable_with_their_count(bars):
    frame = probability_days(bars, SMALL.model_copy(update={"min_effective": 40}), 20)
    row = block_at(Probability, frame, N - 1)

    assert row.up_prob is None and row.low is None
    assert row.reason == f"独立样本{row.effective}个，少于40个"
    assert row.base_rate is not None


def slow_original(close: list[float], dates: list, day: int, horizon: int, is_spaced: bool) -> list[float]:
    out = []
    for s in range(max(0, day - 1249), day + 1):
        if abs(close[s] / close[day] - 1.0) > 0.05 or s + horizon > day:
            continue
        if is_spaced and (dates[day] - dates[s]).days < 5:
            continue
        out.append(close[s + horizon] / close[s] - 1.0)
    return out


@pytest.mark.parametrize(("kind", "horizon"), [("sector", 20), ("index", 20), ("unspaced", 20), ("sector", 1)])
def test_the_originals_rule(bars, kind, horizon):
    frame = probability_days(bars, replace_rule("original_compatible"), horizon, kind)
    close, dates = bars["close"].tolist(), list(bars.index)

    for day in (60, 200, 500, N - 1):
        returns = slow_original(close, dates, day, horizon, kind != "unspaced")
        row = frame.iloc[day]
        assert row["matches"] == len(returns)
        if len(returns) < (10 if kind == "unspaced" else 1):
            assert np.isnan(row["up_prob"])
            continue
        share = sum(r > 0 for r in returns) / len(returns)
        assert row["up_prob"] == pytest.approx(share, abs=1e-10)
        assert pd.isna(row["low"])
        assert row["confidence"] == pytest.approx(compatible_confidence(len(returns), share, kind))


def test_no_labelled_sample_is_unavailable_where_the_original_said_zero(bars):
    rising = bars.assign(close=np.linspace(10.0, 100.0, N), high=200.0, low=1.0)
    row = block_at(Probability, probability_days(rising, replace_rule("original_compatible"), 20), 100)

    assert row.up_prob is None
    assert row.reason == "样本0个，少于1个"


def test_the_originals_confidence():
    """min(1, n / 30); for an index 0.6 sigmoid((n - 20) / 10) + 0.4 max(0, (max(p, 1 - p) - 0.5) / 0.5)."""
    assert compatible_confidence(15, 0.9, "sector") == 0.5
    assert compatible_confidence(90, 0.9, "sector") == 1.0
    assert compatible_confidence(20, 0.75, "index") == pytest.approx(0.6 * 0.5 + 0.4 * 0.5)
    assert compatible_confidence(20, 0.25, "index") == pytest.approx(0.5)


def test_technical_matching_needs_rsi_distance_and_order_too(bars):
    frame = probability_days(bars, replace_rule("technical"), 20)
    tech = technical_days(bars)
    day = int(np.flatnonzero(frame["up_prob"].notna())[-1])
    mine, expected = tech.iloc[day], 0

    def order(row: pd.Series) -> int:
        up = row["close"] > row["ma20"] > row["ma60"] > row["ma250"]
        return 1 if up else -1 if row["close"] < row["ma20"] < row["ma60"] < row["ma250"] else 0

    for s in range(day - 19):
        row = tech.iloc[s]
        near = abs(row["close"] / mine["close"] - 1.0) <= 0.05 and (bars.index[day] - bars.index[s]).days >= 5
        alike = abs(row["rsi"] - mine["rsi"]) <= 15.0
        high = abs(row["close"] / row["high_250"] - mine["close"] / mine["high_250"]) <= 0.15
        known = np.isfinite(row["ma250"]) and np.isfinite(mine["ma250"])
        expected += near and alike and high and known and order(row) == order(mine)
    assert frame["matches"].iat[day] == expected > 0


@pytest.mark.parametrize(
    ("up", "confidence", "mean", "deviation", "expected"),
    [
        (0.75, 0.8, -0.01, 0.1, 0.8),
        (0.65, 0.7, -0.01, 0.1, 0.65),
        (0.35, 0.7, -0.01, 0.1, 0.3),
        (0.25, 0.8, -0.01, 0.1, 0.2),
        (0.26, 0.8, -0.01, 0.1, 0.3),
        (0.36, 0.9, -0.01, 0.1, 0.5),
        (0.25, 0.79, -0.01, 0.1, 0.3),
        (0.75, 0.79, -0.01, 0.1, 0.65),
        (0.65, 0.69, -0.01, 0.1, 0.5),
        (0.5, 0.9, -0.01, 0.1, 0.5),
        (0.9, 0.1, -0.01, 0.1, 0.5),
        (0.75, 0.8, 0.01, 0.1, 0.7 * 0.8 + 0.3 * 0.5),
        (0.75, 0.8, 0.10, 0.1, 0.7 * 0.8 + 0.3 * 1.0),
        (0.75, 0.8, 0.01, 0.0, 0.8),
    ],
)
def test_position_hint(up, confidence, mean, deviation, expected):
    assert position_hint(up, confidence, mean, deviation) == pytest.approx(expected)


BULL = {"close": 100.0, "high_250": 101.0, "rsi": 75.0, "ma20": 95.0, "ma60": 90.0, "ma250": 80.0}
BEAR = {"close": 50.0, "high_250": 100.0, "rsi": 25.0, "ma20": 60.0, "ma60": 70.0, "ma250": 80.0}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BULL, "牛市顶部"),
        (BULL | {"rsi": 70.0}, "震荡市"),
        (BULL | {"rsi": 70.1}, "牛市顶部"),
        (BULL | {"high_250": 100.0 / 0.951}, "牛市顶部"),
        (BULL | {"high_250": 100.0 / 0.949}, "牛市中期"),
        (BULL | {"high_250": 100.0 / 0.801}, "牛市中期"),
        (BULL | {"high_250": 100.0 / 0.799}, "震荡市"),
        (BEAR | {"rsi": 29.9}, "熊市底部"),
        (BEAR | {"rsi": 30.0}, "震荡市"),
        (BEAR | {"high_250": 50.0 / 0.599}, "熊市底部"),
        (BEAR | {"high_250": 50.0 / 0.601}, "熊市中期"),
        (BEAR | {"high_250": 50.0 / 0.799}, "熊市中期"),
        (BEAR | {"high_250": 50.0 / 0.801}, "震荡市"),
        (BULL | {"high_250": 106.0}, "牛市中期"),
        (BULL | {"high_250": 130.0}, "震荡市"),
        (BEAR, "熊市底部"),
        (BEAR | {"high_250": 70.0}, "熊市中期"),
        (BEAR | {"ma250": 65.0}, "震荡市"),
        (BULL | {"ma250": np.nan}, ""),
        (BULL | {"rsi": np.nan}, ""),
    ],
)
def test_market_environment(given, expected):
    assert environments(pd.DataFrame([given])) == [expected]


def test_the_frame_carries_the_environment_of_its_days(bars):
    tech = technical_days(bars)

    assert probability_days(bars, SMALL, 20, technical=tech)["environment"].tolist() == environments(tech)
    assert set(environments(tech)) > {"", "震荡市"}


def test_extras_of_the_matches_by_hand(bars):
    """Sorted returns of the original's rule on one day, taken apart by numpy's own functions."""
    day = N - 1
    returns = np.array(slow_original(bars["close"].tolist(), list(bars.index), day, 20, True))
    row = probability_days(bars, replace_rule("original_compatible"), 20).iloc[day]
    limit = np.quantile(returns, 0.05)
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + returns)))

    assert row["cvar_5"] == pytest.approx(-returns[returns <= limit].mean(), abs=1e-10)
    assert row["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * (252 / 20) ** 0.5, abs=1e-10)
    assert row["skew"] == pytest.approx(pd.Series(returns).skew() * (len(returns) - 2)
                                        / (len(returns) * (len(returns) - 1)) ** 0.5, abs=1e-10)  # fmt: skip
    assert row["max_drawdown"] == pytest.approx((wealth / np.maximum.accumulate(wealth) - 1.0).min(), abs=1e-10)


def test_under_the_state_rule_only_independent_matches_are_compounded(bars):
    """Overlapping returns compounded would fall deeper than the price ever did."""
    frame = probability_days(bars, SMALL, 20)
    known = frame[frame["up_prob"].notna()]

    assert (known["max_drawdown"] > -0.6).all()
    assert (known["max_drawdown"] <= 0.0).all()


def test_the_frame_holds_the_fields_of_the_block(bars):
    frame = probability_days(bars, SMALL, 60, since=bars.index[-2])

    assert set(frame.columns) == {item.name for item in fields(Probability)}
    assert block_at(Probability, frame, -1).horizon == 60
    assert len(frame) == 2


def test_probability_lies_inside_its_interval_and_between_sample_and_base(bars):
    known = probability_days(bars, SMALL, 20).query("up_prob.notna()")
    low, high = np.minimum(known["p_raw"], known["base_rate"]), np.maximum(known["p_raw"], known["base_rate"])

    assert ((known["low"] < known["up_prob"]) & (known["up_prob"] < known["high"])).all()
    assert ((low - 1e-12 <= known["up_prob"]) & (known["up_prob"] <= high + 1e-12)).all()
    np.testing.assert_allclose(known["up_prob"] + known["down_prob"], 1.0)


def test_on_real_bars_a_day_alone_is_the_day_of_the_whole(shared):
    """CSI 300, 2020 to 2026: the first and last session of four stretches, each with its history cut at the day."""
    rows = pd.read_parquet(shared("data/cn_etf/cn_indices_7_2020_20260507.parquet"))
    bars = rows[rows["symbol"] == "000300"].set_index("date").sort_index()
    bars.index = pd.DatetimeIndex(bars.index)
    whole = probability_days(bars, Matching(), 20, "index")

    for day in ("2022-06-30", "2024-02-05", "2024-10-08", "2025-05-30"):
        cut = bars.loc[:day]
        alone = probability_days(cut, Matching(), 20, "index", since=pd.Timestamp(day))
        pd.testing.assert_frame_equal(alone, whole.loc[day:day], check_exact=True)
    known = whole.loc["2024", "up_prob"]
    assert known.notna().mean() > 0.6 and known.nunique() > 100


def test_the_originals_rule_goes_by_core_and_sector():
    """恒生科技 is a fund that stands for an index, and one of its core indices."""
    assets = load_config(packaged_config()).scoring.assets

    found = {key: kind_of(assets[key]) for key in ("GOLD", "BTC", "NASDAQ", "HKTECH", "HS300", "CN_LIQUOR", "BABA_HK")}
    assert list(found.values()) == ["unspaced", "unspaced", "index", "index", "index", "sector", "sector"]
