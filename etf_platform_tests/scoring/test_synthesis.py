"""Totals from columns over assets: what they are, and what they must not depend on."""

import datetime as dt
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from etf_platform.core.config.scoring import Synthesis as Settings
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables.scoring import SCORE_BASIS
from etf_platform.core.units.scoring import Scored
from etf_platform.scoring.basis import FACTORS, ColumnBasis, fit_basis, orth_scores
from etf_platform.scoring.synthesis import Sample, basis_rows, sample_of, synthesise

DAY = dt.date(2024, 3, 1)
SETTINGS = Settings()
SYMMETRIC = Settings(method="symmetric")
N = 29


def scored(matrix: np.ndarray, names: list[str] | None = None) -> list[tuple[str, str, Scored]]:
    """One row per asset, factors in the order of FACTORS; NaN is unavailable."""
    keys = names or [f"A{i:02d}" for i in range(len(matrix))]
    return [
        (key, factor, Scored(None if math.isnan(x) else float(x), "不可用" if math.isnan(x) else "", ""))
        for key, row in zip(keys, matrix, strict=True)
        for factor, x in zip(FACTORS, row, strict=True)
    ]


def drawn(seed: int, n: int = N, missing: float = 0.0) -> np.ndarray:
    """Correlated scores with a common part."""
    rng = np.random.default_rng(seed)
    matrix = np.clip(50.0 + 12.0 * rng.normal(size=(n, 1)) + 15.0 * rng.normal(size=(n, 6)), 0.0, 100.0)
    matrix[rng.random((n, 6)) < missing] = np.nan
    return matrix


def days(n: int) -> list[dt.date]:
    return [DAY + dt.timedelta(days=i) for i in range(n)]


def stored(matrices: list[np.ndarray]) -> pd.DataFrame:
    """Rows of FACTOR_SCORES, in no order."""
    rows = [
        (pd.Timestamp(day), asset, factor, one.score, one.available)
        for day, matrix in zip(days(len(matrices)), matrices, strict=True)
        for asset, factor, one in scored(matrix)
    ]
    frame = pd.DataFrame(rows, columns=["date", "asset", "factor", "score", "available"])
    return frame.sample(frac=1.0, random_state=1)


def cross_section(matrix: np.ndarray, chosen: Settings = SETTINGS, names: list[str] | None = None):
    return synthesise(Sample(), DAY, scored(matrix, names), chosen)


def slow_orth(sample: np.ndarray, rows: np.ndarray, order: list[int]) -> np.ndarray:
    """Scores of `rows` by plain regressions on the residuals before, one column after the other."""
    residuals, out = [], np.full(rows.shape, np.nan)
    own: list[np.ndarray] = []
    for k in order:
        x = sample[:, k]
        mean, std = np.nanmean(x), np.nanstd(x)
        z = np.array([0.0 if math.isnan(v) else (v - mean) / std for v in x])
        mine = np.array([0.0 if math.isnan(v) else (v - mean) / std for v in rows[:, k]])
        if residuals:
            slopes, *_ = np.linalg.lstsq(np.array(residuals).T, z, rcond=None)
            z = z - np.array(residuals).T @ slopes
            mine = mine - np.array(own).T @ slopes
        residuals.append(z)
        own.append(mine)
        scale = np.std(z[~np.isnan(x)])
        for i in range(len(rows)):
            if not math.isnan(rows[i, k]):
                out[i, k] = 50.0 * (1.0 + math.erf(mine[i] / scale / math.sqrt(2.0)))
    return out


def order_of(chosen: Settings) -> list[int]:
    return [FACTORS.index(name) for name in chosen.order]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_cross_section_agrees_with_plain_regressions(missing):
    matrix = drawn(1, missing=missing)

    result = cross_section(matrix)

    expected = slow_orth(matrix, matrix, order_of(SETTINGS))
    found = np.array([[result.orth[f"A{i:02d}", f] or np.nan for f in FACTORS] for i in range(N)])
    assert_allclose(found, expected, atol=1e-10)
    assert_allclose([result.total[f"A{i:02d}"] for i in range(N)], np.nanmean(expected, axis=1), atol=1e-10)
    assert (result.basis, result.method, result.sessions) == ("cross_section", "orthogonal", 1)


def test_a_pooled_basis_agrees_with_plain_regressions_on_all_rows():
    """The sample is the last 252 sessions, today among them; what is older is not looked at."""
    matrices = [drawn(seed, n=9, missing=0.2) for seed in range(260)]

    history = sample_of(stored(matrices), days(260)[-1], SETTINGS)
    result = synthesise(history, days(260)[-1], scored(matrices[-1]), SETTINGS)

    expected = slow_orth(np.concatenate(matrices[-252:]), matrices[-1], order_of(SETTINGS))
    found = np.array([[result.orth[f"A{i:02d}", f] or np.nan for f in FACTORS] for i in range(9)])
    assert_allclose(found, expected, atol=1e-10)
    assert (result.basis, result.sessions) == ("pooled", 252)


@pytest.mark.parametrize("chosen", [SETTINGS, SYMMETRIC], ids=["gram_schmidt", "symmetric"])
def test_residuals_of_the_sample_are_uncorrelated(chosen):
    """Below 1e-8, worked out from nothing but what is stored of the basis."""
    matrix = np.concatenate([drawn(seed, missing=0.1) for seed in range(20)]).T

    columns = fit_basis(matrix, chosen)

    z = {c.factor: np.nan_to_num((matrix[FACTORS.index(c.factor)] - c.mean) / c.std) for c in columns}
    residuals: dict[str, np.ndarray] = {}
    for c in columns:
        terms = [(w, z[f] if chosen is SYMMETRIC else residuals[f]) for f, w in c.coefficients.items()]
        summed = sum((w * r for w, r in terms), np.zeros(matrix.shape[1]))
        residuals[c.factor] = summed if chosen is SYMMETRIC else z[c.factor] - summed
    correlations = np.corrcoef(np.array(list(residuals.values()))) - np.eye(6)
    assert np.abs(correlations).max() < 1e-8
    for c in columns:
        is_known = ~np.isnan(matrix[FACTORS.index(c.factor)])
        assert residuals[c.factor][is_known].std() == pytest.approx(c.residual_std, abs=1e-12)


def test_the_first_factor_is_unchanged_up_to_an_affine_map():
    """Normal quantiles of its orthogonal scores lie on a line through the raw ones."""
    matrix = drawn(3)
    k = FACTORS.index("valuation")

    result = cross_section(matrix)

    z = (matrix[:, k] - matrix[:, k].mean()) / matrix[:, k].std()
    phi = [50.0 * math.erfc(-x / math.sqrt(2.0)) for x in z]
    assert_allclose([result.orth[f"A{i:02d}", "valuation"] for i in range(N)], phi, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(N)), st.integers(0, 50))
def test_the_order_of_the_assets_does_not_matter(order, seed):
    """To the last bit: every asset keeps its scores when the rows come in another order."""
    rows = scored(drawn(seed, missing=0.1))
    by_asset = [rows[6 * i : 6 * i + 6] for i in order]

    result = synthesise(Sample(), DAY, [row for group in by_asset for row in group], SETTINGS)

    assert result.total == synthesise(Sample(), DAY, rows, SETTINGS).total


def test_giving_assets_other_keys_gives_their_scores_other_keys():
    matrix = drawn(5)
    names = [f"A{i:02d}" for i in np.random.default_rng(2).permutation(N)]

    renamed, plain = cross_section(matrix, names=names), cross_section(matrix)

    assert_allclose([renamed.total[name] for name in names], [plain.total[f"A{i:02d}"] for i in range(N)], atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_totals_differ_between_assets(seed):
    """The original's were 58.33 for every asset."""
    result = cross_section(drawn(seed))

    assert np.std(list(result.total.values())) > 1.0


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(FACTORS), st.floats(-20.0, 20.0), st.integers(0, 100))
def test_adding_a_constant_to_a_column_changes_nothing_on_a_cross_section(factor, constant, seed):
    matrix = 25.0 + 0.5 * drawn(seed)
    moved = matrix.copy()
    moved[:, FACTORS.index(factor)] += constant

    assert_allclose(list(cross_section(moved).total.values()), list(cross_section(matrix).total.values()), atol=1e-8)


def test_on_a_pooled_basis_the_level_counts():
    """A day on which every asset scores 20 points more has a higher mean than the sample's."""
    matrices = [drawn(seed, n=12) for seed in range(80)]
    high = np.clip(matrices[-1] + 20.0, 0.0, 100.0)
    history = sample_of(stored(matrices), days(80)[-1], SETTINGS)

    result = synthesise(history, days(80)[-1], scored(high), SETTINGS)

    assert result.basis == "pooled"
    assert np.mean(list(result.total.values())) > 60.0


def test_a_constant_column_is_dropped_and_said():
    matrix = drawn(6)
    matrix[:, FACTORS.index("capital")] = 50.0

    result = cross_section(matrix)

    dropped = {c.factor: c.dropped for c in result.columns if c.dropped}
    assert dropped == {"capital": "所有值相同"}
    assert result.orth["A00", "capital"] is None
    assert result.weights["A00", "capital"] is None
    assert result.weights["A00", "tech"] == 0.2


@pytest.mark.parametrize("chosen", [SETTINGS, SYMMETRIC], ids=["gram_schmidt", "symmetric"])
def test_a_column_that_follows_from_an_earlier_one_is_dropped(chosen):
    matrix = drawn(7)
    matrix[:, FACTORS.index("sentiment")] = 100.0 - 0.5 * matrix[:, FACTORS.index("hist")]

    result = cross_section(matrix, chosen)

    assert [c.factor for c in result.columns if c.dropped] == ["sentiment"]
    assert [c.position for c in result.columns] == [1, 2, 3, 4, 5, 0]


def test_a_column_with_too_few_values_is_dropped_and_not_scored():
    """Four assets with a valuation are too few for a column; their totals are means of the other five."""
    matrix = drawn(8)
    matrix[4:, FACTORS.index("valuation")] = np.nan

    result = cross_section(matrix)

    valuation = next(c for c in result.columns if c.factor == "valuation")
    assert (valuation.dropped, valuation.values) == ("只有4个值，少于5个", 4)
    others = [result.orth["A00", f] for f in FACTORS if f != "valuation"]
    assert result.total["A00"] == pytest.approx(np.mean(others))


def test_a_missing_score_is_not_neutral():
    """It has no orthogonal score and no weight; the mean is over what is there."""
    matrix = drawn(9)
    matrix[0, [0, 1]] = np.nan

    result = cross_section(matrix)

    assert [result.orth["A00", f] is None for f in FACTORS] == [True, True, False, False, False, False]
    assert [result.weights["A00", f] for f in FACTORS] == [None, None, 0.25, 0.25, 0.25, 0.25]
    assert result.total["A00"] == pytest.approx(np.mean([result.orth["A00", f] for f in FACTORS[2:]]))
    assert result.raw_total["A00"] == pytest.approx(matrix[0, 2:].mean())


def test_an_asset_without_any_score_has_no_total():
    matrix = drawn(10)
    matrix[3] = np.nan

    result = cross_section(matrix)

    assert result.total["A03"] is None
    assert result.raw_total["A03"] is None


def test_seven_assets_are_no_cross_section():
    """There is no basis and no total, but the raw mean; every column says why."""
    result = cross_section(drawn(11, n=7))

    assert result.basis == "none"
    assert set(result.total.values()) == {None}
    assert result.raw_total["A00"] == pytest.approx(drawn(11, n=7)[0].mean())
    assert {c.dropped for c in result.columns} == {"只有7个资产有评分，截面至少要8个"}


def test_sixty_sessions_make_a_pool_today_among_them():
    matrices = [drawn(seed, n=8) for seed in range(60)]

    def basis(of: list[np.ndarray]) -> str:
        last = days(len(of))[-1]
        return synthesise(sample_of(stored(of), last, SETTINGS), last, scored(of[-1]), SETTINGS).basis

    assert basis(matrices[:59]) == "cross_section"
    assert basis(matrices) == "pooled"


def test_a_day_alone_has_the_bits_of_the_same_day_in_a_backfill():
    matrices = [drawn(seed, n=10, missing=0.2) for seed in range(90)]
    carried = Sample()
    for day, matrix in zip(days(90), matrices, strict=True):
        backfilled = synthesise(carried, day, scored(matrix), SETTINGS)
        carried = backfilled.sample

    alone = synthesise(
        sample_of(stored(matrices), days(90)[-1], SETTINGS), days(90)[-1], scored(matrices[-1]), SETTINGS
    )

    assert alone.total == backfilled.total
    assert alone.columns == backfilled.columns


def test_rows_of_the_day_and_later_are_not_read():
    matrices = [drawn(seed, n=10) for seed in range(70)]

    early = sample_of(stored(matrices[:65]), days(70)[65], SETTINGS)
    late = sample_of(stored(matrices), days(70)[65], SETTINGS)

    assert late.days == early.days
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(late.blocks, early.blocks, strict=True))


def test_a_session_that_is_already_there_is_refused():
    sample = Sample().after(DAY, scored(drawn(1)), 252)

    with pytest.raises(BadInputError, match="does not follow"):
        synthesise(sample, DAY, scored(drawn(1)), SETTINGS)


def test_sessions_without_a_single_score_do_not_count_towards_sixty():
    matrices = [drawn(seed, n=8) for seed in range(40)] + [np.full((8, 6), np.nan)] * 30 + [drawn(99, n=8)]

    history = sample_of(stored(matrices), days(71)[-1], SETTINGS)

    assert len(history.days) == 70
    assert synthesise(history, days(71)[-1], scored(matrices[-1]), SETTINGS).basis == "cross_section"


def test_a_history_of_nothing_but_gaps_is_a_history():
    history = sample_of(stored([np.full((8, 6), np.nan)] * 3), days(4)[-1], SETTINGS)

    assert [block.shape for block in history.blocks] == [(6, 0)] * 3
    assert synthesise(history, days(4)[-1], scored(drawn(1)), SETTINGS).total == cross_section(drawn(1)).total


@pytest.mark.parametrize(("factor", "score"), [("tech", math.inf), ("tech", math.nan), ("tech", -1.0), ("value", 50.0)])
def test_a_score_that_is_none_is_refused(factor, score):
    """Not a number, outside 0 to 100, or of a factor that nobody knows."""
    rows = [*scored(drawn(1)), ("A99", factor, Scored(score, ""))]

    with pytest.raises(BadInputError, match="A99"):
        synthesise(Sample(), DAY, rows, SETTINGS)


def test_a_score_that_is_given_twice_is_refused():
    with pytest.raises(BadInputError, match="per known factor"):
        synthesise(Sample(), DAY, [*scored(drawn(1)), ("A00", "hist", Scored(50.0, ""))], SETTINGS)


@pytest.mark.parametrize(
    ("scores", "total"), [((80, 60, 100, 50, 50, 50), 65.0), ((93.8, 75, 50, 50, 50, 50), 61.4666666666)]
)
def test_equal_weights_reproduce_the_published_means(scores, total):
    """65.0, where the original's verification sample claims 58.3 and 76.7."""
    result = cross_section(np.array([scores], dtype=float), Settings(rule="equal_weight"))

    assert result.total["A00"] == pytest.approx(total)
    assert result.method == "equal_weight"
    assert result.weights["A00", "hist"] == pytest.approx(1 / 6)


def test_six_independent_factors_spread_totals_as_specified():
    """Mean 50, deviation 11.8: at least 75 in 1.6 % of cases, 60 in 20 %, 40 in 80 %."""
    rng = np.random.default_rng(4)
    matrix = rng.normal(50.0, 8.0, size=(20_000, 6))

    totals = np.array(list(cross_section(matrix).total.values()))

    assert totals.mean() == pytest.approx(50.0, abs=0.3)
    assert totals.std() == pytest.approx(11.8, abs=0.2)
    assert (totals >= 75.0).mean() == pytest.approx(0.016, abs=0.004)
    assert (totals >= 60.0).mean() == pytest.approx(0.20, abs=0.01)
    assert (totals >= 40.0).mean() == pytest.approx(0.80, abs=0.01)


def test_what_is_stored_of_a_basis_is_enough_to_score_again():
    matrix = drawn(12, missing=0.1)
    result = cross_section(matrix)
    table = pd.DataFrame(basis_rows(result, DAY, "simulated"))

    again = [
        ColumnBasis(
            r.factor, r.position, r.values, r.mean, r.std, r.residual_std, json.loads(r.coefficients), r.dropped
        )
        for r in table.itertuples()
    ]

    assert SCORE_BASIS.conform(table).num_rows == 6
    raw = {"A00": {f: float(x) for f, x in zip(FACTORS, matrix[0], strict=True) if not math.isnan(x)}}
    for key, score in orth_scores(again, raw, "orthogonal").items():
        assert score == result.orth[key]
