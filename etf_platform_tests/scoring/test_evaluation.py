"""What scores, bands and probabilities are said to have done, against plain loops; and no outcome of the future."""

import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables.scoring import SCORE_EVALUATION
from etf_platform.scoring.basis import FACTORS
from etf_platform.scoring.evaluation import evaluate, past_of
from etf_platform.scoring.judgement import judge
from etf_platform.scoring.resampling import ratio_intervals

ASSETS = [f"A{i:02d}" for i in range(12)]
SESSIONS = pd.bdate_range("2023-01-02", periods=420)
KEY = ["subject", "name", "horizon", "measure", "bin"]


def market(seed: int, skill: float = 0.0, sessions: pd.DatetimeIndex = SESSIONS) -> dict[str, pd.DataFrame]:
    """Closes, factor scores and totals; with `skill` the probability knows the next 20 sessions."""
    rng = np.random.default_rng(seed)
    steps = 0.01 * rng.normal(size=(len(sessions), len(ASSETS))) + 0.008 * rng.normal(size=(len(sessions), 1))
    closes = pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), index=sessions, columns=ASSETS)
    ahead = np.sign(closes.shift(-20) / closes - 1.0).fillna(0.0).to_numpy()
    factors, totals = [], []
    for i, day in enumerate(sessions):
        for j, asset in enumerate(ASSETS):
            total = None if rng.random() < 0.1 else float(rng.uniform(20.0, 90.0))
            up_prob = round(float(np.clip(0.5 + 0.3 * skill * ahead[i, j] + 0.08 * rng.normal(), 0.01, 0.99)), 2)
            direction = judge(total).direction
            totals.append((day, asset, total, total, direction, up_prob, 0.52, up_prob))
            for name in FACTORS:
                available = bool(rng.random() > 0.15)
                factors.append((day, asset, name, float(rng.integers(0, 21) * 5) if available else None, available))
    names = ["date", "asset", "total_score", "raw_total", "direction", "up_prob_20", "base_rate_20", "up_prob_60"]
    return {
        "factor_scores": pd.DataFrame(factors, columns=["date", "asset", "factor", "score", "available"]),
        "scores": pd.DataFrame(totals, columns=names),
        "closes": closes,
    }


@pytest.fixture(scope="module")
def data() -> dict[str, pd.DataFrame]:
    return market(1)


@pytest.fixture(scope="module")
def rows(data) -> pd.DataFrame:
    return table(data, SESSIONS[399])


def table(data: dict[str, pd.DataFrame], day: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame(evaluate(past_of(**data), day.date(), "simulated"))


def figure(rows: pd.DataFrame, name: str, horizon: int, measure: str, part: str = "") -> pd.Series:
    found = rows[(rows["name"] == name) & (rows["horizon"] == horizon) & (rows["measure"] == measure)]
    return found[found["bin"] == part].iloc[0]


def observed(data: dict[str, pd.DataFrame], last: int, horizon: int) -> list[tuple[int, str, float]]:
    """(session, asset, return) of the 250 newest sessions whose outcome session `last` knows."""
    closes = data["closes"]
    first = last - horizon - 249
    return [
        (s, asset, closes[asset].iloc[s + horizon] / closes[asset].iloc[s] - 1.0)
        for s in range(first, last - horizon + 1)
        for asset in ASSETS
    ]


def test_rows_fit_the_table(rows):
    assert SCORE_EVALUATION.conform(rows).num_rows == len(rows)
    assert not rows.duplicated(KEY).any()


@pytest.mark.parametrize("horizon", [5, 20, 60])
def test_rank_ic_is_the_mean_of_daily_spearman_correlations(data, rows, horizon):
    raw = data["factor_scores"]
    tech = raw[(raw["factor"] == "tech") & raw["available"]].set_index(["date", "asset"])["score"]
    by_day: dict[int, list[tuple[float, float]]] = {}
    for s, asset, after in observed(data, 399, horizon):
        if (SESSIONS[s], asset) in tech.index:
            by_day.setdefault(s, []).append((float(tech[SESSIONS[s], asset]), after))

    expected = np.mean([pd.DataFrame(pairs).corr("spearman").iloc[0, 1] for pairs in by_day.values() if len(pairs) > 4])

    found = figure(rows, "tech", horizon, "rank_ic")
    assert found["value"] == pytest.approx(expected, abs=1e-10)
    assert found["low"] < found["value"] < found["high"]
    assert found["n_effective"] == math.ceil(250 / horizon)


@pytest.mark.parametrize("direction", ["强烈看多", "看多", "看空", "全部"])
def test_bands_are_followed_by_what_a_loop_counts(data, rows, direction):
    said = data["scores"].set_index(["date", "asset"])["direction"]
    after = [
        r
        for s, asset, r in observed(data, 399, 20)
        if said[SESSIONS[s], asset] == direction or (direction == "全部" and said[SESSIONS[s], asset] != "数据不足")
    ]

    hits, returns = figure(rows, direction, 20, "hit_rate"), figure(rows, direction, 20, "mean_return")

    assert hits["value"] == pytest.approx(np.mean([r > 0.0 for r in after]), abs=1e-12)
    assert returns["value"] == pytest.approx(np.mean(after), abs=1e-12)
    assert (hits["n"], hits["n_effective"]) == (len(after), 13)


def test_the_interval_of_a_hit_rate_is_wilsons_at_the_independent_sessions(rows):
    """13 sessions that are 20 apart, not 3,000 observations: about +-17 points."""
    found = figure(rows, "全部", 20, "hit_rate")
    p, n, z = found["value"], 13, 1.2815515655446004

    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))

    assert (found["low"], found["high"]) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_brier_scores_and_skill_are_those_of_a_loop(data, rows):
    said = data["scores"].set_index(["date", "asset"])["up_prob_20"]
    pairs = [(said[SESSIONS[s], asset], float(r > 0.0)) for s, asset, r in observed(data, 399, 20)]

    brier = np.mean([(p - y) ** 2 for p, y in pairs])
    base = np.mean([(0.52 - y) ** 2 for _, y in pairs])

    assert figure(rows, "up_prob_20", 20, "brier")["value"] == pytest.approx(brier, abs=1e-12)
    assert figure(rows, "up_prob_20", 20, "brier_base")["value"] == pytest.approx(base, abs=1e-12)
    assert figure(rows, "up_prob_20", 20, "skill")["value"] == pytest.approx(1.0 - brier / base, abs=1e-12)


def test_a_probability_without_stored_base_rate_has_no_skill_figure(rows):
    measures = set(rows.loc[rows["name"] == "up_prob_60", "measure"])

    assert measures == {"brier", "calibration", "predicted"}


def test_each_decile_of_the_probability_shows_what_came(data, rows):
    """Same probability, same decile; the lowest holds a tenth of the observations, give or take ties."""
    said = data["scores"].set_index(["date", "asset"])["up_prob_20"]
    pairs = sorted((said[SESSIONS[s], asset], float(r > 0.0)) for s, asset, r in observed(data, 399, 20))
    values = pd.Series([p for p, _ in pairs])
    decile = np.ceil(values.rank() / len(values) * 10 - 1e-12)
    lowest = [pair for pair, d in zip(pairs, decile, strict=True) if d == 1]

    found = figure(rows, "up_prob_20", 20, "calibration", "01")

    assert found["value"] == pytest.approx(np.mean([y for _, y in lowest]), abs=1e-12)
    assert figure(rows, "up_prob_20", 20, "predicted", "01")["value"] == pytest.approx(np.mean([p for p, _ in lowest]))
    assert found["n"] == len(lowest)


def test_a_probability_that_knows_has_skill_and_one_that_does_not_has_none(rows):
    """With an interval above zero, and one that does not lie above it."""
    knowing = figure(table(market(2, skill=1.0), SESSIONS[399]), "up_prob_20", 20, "skill")

    assert knowing["low"] > 0.3
    assert figure(rows, "up_prob_20", 20, "skill")["low"] < 0.0


def test_what_comes_after_the_day_changes_nothing(data):
    """To the last bit, with every later close, score and judgement deleted."""
    day = SESSIONS[330]
    cut = {
        "factor_scores": data["factor_scores"][data["factor_scores"]["date"] <= day],
        "scores": data["scores"][data["scores"]["date"] <= day],
        "closes": data["closes"].loc[:day],
    }

    assert table(cut, day).equals(table(data, day))


def test_a_day_alone_has_the_bits_of_the_same_day_in_a_backfill(data):
    """Read from 250 + 60 sessions before it on."""
    day, since = SESSIONS[399], SESSIONS[399 - 310]
    alone = {
        "factor_scores": data["factor_scores"][data["factor_scores"]["date"] >= since],
        "scores": data["scores"][data["scores"]["date"] >= since],
        "closes": data["closes"].loc[since:],
    }

    assert table(alone, day).equals(table(data, day))


def test_outcomes_that_are_not_known_yet_are_no_observations(data):
    """On the 20th session after the first there is one session to judge over 20, and none over 60."""
    rows = table(data, SESSIONS[20])

    assert figure(rows, "全部", 20, "mean_return")["n_effective"] == 1
    assert pd.isna(figure(rows, "全部", 20, "mean_return")["low"])
    nothing = figure(rows, "全部", 60, "mean_return")
    assert (pd.isna(nothing["value"]), nothing["n"]) == (True, 0)


def test_an_asset_without_closes_is_no_observation(data):
    bare = data["closes"].copy()
    bare["A03"] = np.nan

    rows = table(data | {"closes": bare}, SESSIONS[399])

    said = data["scores"].set_index(["date", "asset"])["direction"]
    known = [s for s, asset, _ in observed(data, 399, 5) if asset != "A03" and said[SESSIONS[s], asset] != "数据不足"]
    assert figure(rows, "全部", 5, "hit_rate")["n"] == len(known)


def test_a_day_that_is_no_session_is_refused(data):
    with pytest.raises(BadInputError, match="no session"):
        evaluate(past_of(**data), pd.Timestamp("2023-01-07").date(), "simulated")


def test_closes_that_are_not_positive_are_refused(data):
    broken = data["closes"].copy()
    broken.iloc[3, 3] = 0.0

    with pytest.raises(BadInputError, match="not positive"):
        past_of(**(data | {"closes": broken}))


def test_the_interval_of_a_ratio_holds_the_truth_as_often_as_it_says():
    """Single sessions drawn: of 300 samples about 80 % have the true mean 0.5 inside."""
    samples = np.random.default_rng(3).uniform(size=(300, 200))

    found = ratio_intervals(samples, np.ones_like(samples), 1, 0.80, 200, 7)

    assert np.mean([low <= 0.5 <= high for low, high in found]) == pytest.approx(0.80, abs=0.07)


def test_blocks_widen_the_interval_of_figures_that_last():
    """Twenty sessions in a row with the same figure are one observation, not twenty."""
    lasting = np.repeat(np.random.default_rng(5).uniform(size=(40, 20)), 20, axis=1)

    widths = {
        block: np.mean(
            [high - low for low, high in ratio_intervals(lasting, np.ones_like(lasting), block, 0.8, 200, 7)]
        )
        for block in (1, 20)
    }

    assert widths[20] == pytest.approx(widths[1] * np.sqrt(20.0), rel=0.25)


def test_resamples_without_observations_are_left_out():
    over, under = np.array([[0.0] * 9 + [3.0], [0.0] * 10]), np.array([[0.0] * 9 + [2.0], [0.0] * 10])

    assert ratio_intervals(over, under, 1, 0.8, 200, 7) == [(1.5, 1.5), (None, None)]
