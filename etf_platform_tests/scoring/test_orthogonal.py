"""Gram-Schmidt and the symmetric method on published matrices."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from etf_platform.scoring.orthogonal import gram_schmidt, inverse_root, symmetric_transform

EDHEC = ["Long/Short Equity", "Event Driven", "Global Macro", "CTA Global"]


@pytest.fixture
def published(shared):
    cases = json.loads(shared("golden/20_factor_orthogonalisation.json").read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case for case in cases}


@pytest.fixture
def funds(shared) -> np.ndarray:
    """Returns of four hedge fund styles, standardised, a style per row."""
    frame = pd.read_csv(shared("golden/11_perf_edhec.csv"))[EDHEC]
    return ((frame - frame.mean()) / frame.std(ddof=0)).to_numpy().T


def test_two_vectors_of_the_textbook(published):
    """(3, 1) and (2, 2) give (3, 1) and (-0.4, 1.2)."""
    case = published["wikipedia_gram_schmidt"]

    found = gram_schmidt(np.array([case["inputs"]["v1"], case["inputs"]["v2"]], dtype=float))

    assert_allclose(found.residuals, [case["expected"]["u1"], case["expected"]["u2"]], atol=1e-12)


def test_the_textbook_matrix_gives_its_q_and_r(published):
    """Residuals over their norms are Q, norms and coefficients are R."""
    case = published["wikipedia_qr"]

    found = gram_schmidt(np.array(case["inputs"]["A"]).T)

    norms = np.linalg.norm(found.residuals, axis=1)
    upper = (found.coefficients + np.eye(3)) * norms
    assert_allclose((found.residuals / norms[:, None]).T, case["expected"]["Q"], atol=1e-9)
    assert_allclose(upper.T, case["expected"]["R"], atol=1e-9)


def test_nearly_dependent_columns_stay_orthogonal(published):
    """On Laeuchli's matrix one pass leaves a correlation of 0.5, two leave rounding."""
    eps = published["laeuchli_instability"]["inputs"]["eps"]
    columns = np.array([[1, eps, 0, 0], [1, 0, eps, 0], [1, 0, 0, eps]])

    q = gram_schmidt(columns, dependent=0.0).residuals
    q = q / np.linalg.norm(q, axis=1)[:, None]

    assert abs(q[1] @ q[2]) < 1e-15
    assert abs(q[0] @ q[1]) < 1e-15


def test_such_columns_count_as_dependent(published):
    """By the limit of the specification Laeuchli's second and third column add nothing."""
    eps = published["laeuchli_instability"]["inputs"]["eps"]

    found = gram_schmidt(np.array([[1, eps, 0, 0], [1, 0, eps, 0], [1, 0, 0, eps]]))

    assert found.independent.tolist() == [True, False, False]
    assert not found.residuals[1:].any()


def test_residuals_are_those_of_a_regression_on_earlier_columns(published, funds):
    """Variance of residual k is 1 - R^2 of factor k on those before it."""
    found = gram_schmidt(funds)

    slow = [funds[k] - funds[:k].T @ np.linalg.lstsq(funds[:k].T, funds[k], rcond=None)[0] for k in range(1, 4)]
    expected = published["edhec4_gs_equals_regression_residuals"]["expected"]["resid_var"]
    assert_allclose(found.residuals.var(axis=1), expected, atol=1e-10)
    assert_allclose(found.residuals[1:], slow, atol=1e-10)


def test_inverse_root_of_the_closed_form(published):
    case = published["loewdin_2x2_closed_form"]

    root = inverse_root(np.array(case["inputs"]["S"]))

    assert_allclose(root, case["expected"]["S^-1/2"], atol=1e-9)


def test_canonical_entries_of_the_hydrogen_molecule(published):
    """Eigenvalues 1 +- 0.6593 of the same matrix, as printed by Szabo and Ostlund."""
    case = published["szabo_ostlund_canonical_S12_0.6593"]

    root = inverse_root(np.array(case["inputs"]["S"]))

    largest, smallest = root[0, 0] + root[0, 1], root[0, 0] - root[0, 1]
    assert_allclose(np.array([largest, smallest]) / np.sqrt(2.0), case["expected"]["canonical"], atol=1.1e-4)


def test_symmetric_columns_are_uncorrelated_and_near_the_given_ones(published, funds):
    expected = published["edhec4_symmetric_orthogonalisation"]["expected"]

    q = symmetric_transform(funds) @ funds

    assert_allclose(q @ q.T / funds.shape[1], np.eye(4), atol=1e-9)
    assert_allclose([np.corrcoef(q[k], funds[k])[0, 1] for k in range(4)], expected["corr_with_original"], atol=1e-9)
    assert_allclose(q[:, 0], expected["first_row"], atol=1e-9)


def test_only_gram_schmidt_depends_on_the_order(published, funds):
    order = published["edhec4_gs_depends_on_order"]["inputs"]["order"]
    back = np.argsort(order)

    ranked, symmetric = gram_schmidt(funds[order]).residuals[back], (symmetric_transform(funds[order]) @ funds[order])

    assert np.abs(ranked - gram_schmidt(funds).residuals).max() > 0.1
    assert_allclose(symmetric[back], symmetric_transform(funds) @ funds, atol=1e-9)


def test_the_scalar_version_of_the_original_is_always_the_same(published):
    """What must not happen: on the six scores of one asset every total is 58.33, whatever they are."""

    def scalar(scores: np.ndarray) -> float:
        left = gram_schmidt(scores[:, None], dependent=1e-20).residuals[:, 0]
        low, high = left.min(), left.max()
        return float((50.0 + 50.0 * (left - low) / (high - low)).mean())

    totals = [scalar(np.random.default_rng(seed).uniform(1.0, 100.0, 6)) for seed in range(20)]

    case = published["NEGATIVE_scalar_gram_schmidt_is_constant"]
    assert_allclose(totals, case["expected"]["score"], atol=1e-8)
