"""PSI, KS, Wasserstein and false-discovery control against published numbers, other tools and slow loops."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.measures.distances import distances, ks_limits, psi_ceiling, stability_index
from etf_platform.measures.multiplicity import benjamini_hochberg

CASES = {"psi_deciles": "psi", "ks": "ks", "wasserstein": "wasserstein"}


@pytest.mark.parametrize(
    ("expected", "actual", "psi"),
    [
        ([0.2] * 5, [0.05, 0.10, 0.20, 0.25, 0.40], 0.42705),
        ([0.1] * 10, [0.05, 0.05, *[0.1] * 6, 0.15, 0.15], 0.10986),
        ([1.0, 0.0], [0.0, 1.0], 18.41883867587797),
        ([0.4, 0.4, 0.2], [0.35, 0.4, 0.25], 0.01783374719693663),
    ],
)
def test_psi_of_shares_is_the_published_one(expected, actual, psi):
    assert stability_index(expected, actual) == pytest.approx(psi, abs=5e-6)


@pytest.mark.parametrize("column", [f"var_{k}" for k in range(6)])
@pytest.mark.parametrize("kind", list(CASES))
def test_distances_of_a_public_sample_are_those_of_other_tools(shared, column, kind):
    """feature-engine (PSI), frouros (KS) and evidently (normed Wasserstein) on the same thousand rows."""
    cases = json.loads(shared("golden/18_drift_psi_ks_wasserstein.json").read_text(encoding="utf-8"))["cases"]
    expected = next(case["expected"] for case in cases if case["id"] == f"{column}_{kind}")
    sample = pd.read_csv(shared("golden/18_drift_sample.csv"))[column].to_numpy()

    found = getattr(distances(sample, 500, 10), CASES[kind])[0]
    assert found == pytest.approx(
        expected[{"psi": "psi", "ks": "frouros_stat"}.get(CASES[kind], "evidently_normed")], abs=1e-12
    )


def test_psi_of_a_trend_depends_on_the_floor_alone():
    assert distances(np.arange(1000.0), 500, 10).psi[0] == pytest.approx(8.283089355027482, abs=1e-12)


def test_ks_limits_are_those_of_the_specification():
    limits = ks_limits(250, 20)

    assert (limits[0.05], limits[0.01]) == pytest.approx((0.31557, 0.37831), abs=5e-6)


def _slow(baseline, recent):
    """KS and Wasserstein by stepping through every value of both samples."""
    marks = sorted({*baseline, *recent})
    gaps = [abs(np.mean([v <= x for v in baseline]) - np.mean([v <= x for v in recent])) for x in marks]
    area = sum(gap * (after - at) for gap, at, after in zip(gaps, marks, marks[1:], strict=False))
    return max(gaps), area


def test_ties_and_unequal_sizes_agree_with_a_slow_loop():
    rng = np.random.default_rng(5)
    for _ in range(60):
        n, m = rng.integers(3, 40, 2)
        baseline, recent = rng.integers(0, 7, n) * 1.0, rng.integers(0, 7, m) * 1.0
        ks, area = _slow(baseline, recent)

        found = distances(np.concatenate([baseline, recent]), int(n), 5)
        assert found.ks[0] == pytest.approx(ks, abs=1e-12)
        if baseline.std() > 0:
            assert found.wasserstein[0] * baseline.std() == pytest.approx(area, abs=1e-12)


def test_many_rows_at_once_are_the_rows_one_by_one():
    rows = np.random.default_rng(6).normal(size=(7, 270))

    together = distances(rows, 250, 5)
    for k, row in enumerate(rows):
        assert [values[k] for values in together] == pytest.approx([v[0] for v in distances(row, 250, 5)], rel=1e-14)


@pytest.mark.parametrize("changed", [16.0, 18.0])
def test_a_constant_that_rises_or_falls_once_is_seen(changed):
    """One of 20 sessions: (0.05 - 1e-4) ln(0.05 / 1e-4) + (0.95 - 1) ln 0.95 = 0.3127."""
    sample = np.concatenate([np.full(250, 17.0), np.full(19, 17.0), [changed]])

    assert distances(sample, 250, 5).psi[0] == pytest.approx(0.3127, abs=5e-5)
    assert distances(sample, 250, 5).wasserstein[0] == np.inf


def test_psi_has_a_ceiling_that_all_recent_values_in_one_bin_reach():
    sample = np.concatenate([np.arange(250.0), np.full(20, 1e3)])

    assert psi_ceiling(5) == pytest.approx(7.36523, abs=5e-6)
    assert distances(sample, 250, 5).psi[0] == pytest.approx(psi_ceiling(5), abs=1e-9)


@pytest.mark.parametrize("sample", [[1.0, np.nan, 2.0], [1.0], [np.inf, 1.0]])
def test_samples_that_cannot_be_compared_are_refused(sample):
    with pytest.raises(BadInputError, match="two samples"):
        distances(np.array(sample), 1, 5)


def test_false_discovery_control_gives_the_published_example():
    """The fifteen probabilities of Benjamini and Hochberg (1995): four rejections at 5 %."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]

    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    assert q[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603], abs=1e-9)


def test_tests_that_were_not_made_do_not_count():
    q = benjamini_hochberg([0.04, np.nan, 0.02, np.nan])

    assert q[[0, 2]] == pytest.approx([0.04, 0.04])
    assert np.isnan(q[[1, 3]]).all()
