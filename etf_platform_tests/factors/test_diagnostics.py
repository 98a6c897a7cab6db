"""Summary, correlation, selection: what is said about columns without knowing returns."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import FactorsConfig
from etf_platform.core.errors import InsufficientDataError, UnknownUnitError
from etf_platform.core.tables import FACTOR_CORRELATION, FACTOR_SUMMARY
from etf_platform.factors.compute import Failure
from etf_platform.factors.correlation import (
    close_pairs,
    correlation_rows,
    joined_moments,
    moments,
    pearson,
    pearson_matrix,
)
from etf_platform.factors.panel import compute_panel
from etf_platform.factors.selection import production_ids
from etf_platform.factors.summary import identical_groups, summarised_columns, summary_rows
from etf_platform.measures.columns import column_facts, joined_facts

CURATED = ("TA_RSI_14", "VBT_MA_5", "RETURN_5")


def settings(rule="curated12"):
    return FactorsConfig(production_set=rule, curated12=CURATED)


def summary_of(panel, failures=(), source=""):
    columns = panel[summarised_columns()]
    return summary_rows(column_facts(columns), moments(list(columns.to_numpy().T)), settings(), failures, source)


@pytest.fixture(scope="module")
def panel(bars):
    return compute_panel(bars).frame


@pytest.fixture(scope="module")
def summary(panel):
    return summary_of(panel, source="simulated")


def test_correlation_is_pearson_over_common_rows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 4)) + 1000.0
    values[:, 1] = values[:, 0] * -3 + rng.normal(size=200) * 0.01
    values[rng.random((200, 4)) < 0.2] = np.nan
    values[:, 3] = 7.0

    expected = pd.DataFrame(values).corr().to_numpy()
    np.testing.assert_allclose(pearson_matrix(values)[:3, :3], expected[:3, :3], atol=1e-12)
    assert np.isnan(pearson_matrix(values)[3]).all()


def test_correlation_table_fits_its_schema_and_is_one_on_the_diagonal(panel):
    rows = correlation_rows(panel, ["rsi_14", "momentum_5"], "simulated")

    FACTOR_CORRELATION.conform(rows)
    assert rows.query("column_a == column_b")["correlation"].round(12).tolist() == [1.0, 1.0]


def test_groups_are_greedy_and_skip_sparse_columns():
    rng = np.random.default_rng(1)
    base = rng.normal(size=(100, 1))
    values = np.hstack([base, rng.normal(size=(100, 1)), -2 * base, base + 5])

    close = close_pairs(pearson_matrix(values), 0.999)

    assert identical_groups(close, np.ones(4), 0.8) == ["group_1", "", "group_1", "group_1"]
    assert identical_groups(close, np.array([1, 1, 0.5, 1]), 0.8) == ["group_1", "", "", "group_1"]


def awkward_columns():
    """Twins, near twins on both sides of 0.999, rare jumps, a constant, far levels, gaps, a column without values."""
    rng = np.random.default_rng(2)
    base = rng.normal(size=9000)
    rare = np.where(np.arange(9000) == 4001, 1e4, rng.normal(size=9000))
    columns = [base, 3 - 2 * base, base + 0.04 * rng.normal(size=9000), base + 0.05 * rng.normal(size=9000), rare]
    columns += [rare + rng.normal(size=9000), rng.normal(size=9000), np.full(9000, 7.0), base + 1e6, np.exp(base)]
    values = np.array([*columns, np.full(9000, np.nan)])
    values[1, :3000] = np.nan
    values[6, rng.random(9000) < 0.3] = np.nan
    return values


@pytest.mark.parametrize("cuts", [(), (5000,), (1, 2999, 3000, 8999), (0, 9000)], ids=str)
def test_moments_of_parts_give_the_correlations_of_all_rows(cuts):
    """Also where a column has no value in a part, and where parts are empty."""
    values = awkward_columns()

    parts = [moments(list(part)) for part in np.split(values, cuts, axis=1)]

    with np.errstate(invalid="ignore"):
        expected = pd.DataFrame(values.T).corr().to_numpy()
    found = pearson(joined_moments(parts))
    assert (close_pairs(found, 0.999) == (np.abs(np.nan_to_num(expected)) > 0.999) | np.eye(11, dtype=bool)).all()
    np.testing.assert_allclose(found[:7, :7], expected[:7, :7], atol=1e-9)


@pytest.mark.parametrize("cuts", [(), (5000,), (1, 2999, 3000, 8999), (0, 9000)], ids=str)
def test_facts_of_parts_give_those_of_all_rows(cuts):
    values = awkward_columns()

    found = joined_facts([column_facts(pd.DataFrame(part.T)) for part in np.split(values, cuts, axis=1)])

    frame = pd.DataFrame(values.T)
    assert found["rows"].tolist() == [9000] * 11
    assert found["known"].tolist() == frame.notna().sum().tolist()
    assert found["lowest"].equals(frame.min().rename("lowest"))
    assert found["highest"].equals(frame.max().rename("highest"))


def test_summary_has_a_row_per_published_id_and_fits_its_schema(summary):
    FACTOR_SUMMARY.conform(summary)

    assert len(summary) == 314
    assert not summary["zero_variance"].any()


def test_coverage_counts_the_rows_after_the_warm_up(summary, bars):
    per_symbol = bars.groupby("symbol").size()

    expected = (per_symbol - 4).sum() / len(bars)
    assert summary.set_index("factor_id").loc["VBT_MA_5", "coverage"] == pytest.approx(expected)


def test_published_duplicates_of_well_covered_columns_share_a_group(summary):
    by_id = summary.set_index("factor_id")

    for twin, original in (
        ("TA_SMA_20", "VBT_MA_20"),
        ("MOMENTUM_5", "RETURN_5"),
        ("VBT_STOCH_K_20_3", "PRICE_POSITION_20"),
    ):
        assert by_id.loc[twin, "identical_group_id"] == by_id.loc[original, "identical_group_id"] != ""


def test_failed_low_and_constant_columns_carry_a_reason(panel):
    broken = panel.assign(obv=np.nan, momentum_1=0.5)

    summary = summary_of(broken, [Failure("obv", "IndexError: no")]).set_index("factor_id")

    assert summary.loc["VBT_OBV", "reason"] == "failed: IndexError: no"
    assert summary.loc["RETURN_1", "reason"] == "constant"
    assert summary.loc["RETURN_1", "zero_variance"]
    assert not summary.loc["VBT_OBV", "zero_variance"]
    assert summary.loc["RETURN_5", "reason"] == ""


def test_the_summary_of_an_empty_panel_covers_nothing(panel):
    assert (summary_of(panel.iloc[:0])["coverage"] == 0).all()


def test_the_curated_set_is_the_configured_list():
    assert production_ids(settings()) == CURATED


def test_a_configured_id_that_does_not_exist_is_refused():
    with pytest.raises(UnknownUnitError):
        production_ids(FactorsConfig(curated12=("RETURN_7",)))


def test_rules_on_coverage_need_a_summary():
    with pytest.raises(InsufficientDataError, match="summary"):
        production_ids(settings("filter_research"))


HAND = pd.DataFrame(
    {
        "factor_id": list("abcdefg"),
        "column": list("ABCDEFG"),
        "coverage": [0.9, 0.9, 0.85, 0.6, 0.5, 0.3, 0.95],
        "zero_variance": [False, False, False, False, False, False, True],
        "identical_group_id": ["group_1", "group_1", "", "", "", "", ""],
    }
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("auto_coverage_50", "abcdg"), ("filter_production", "ac"), ("filter_research", "acdefg")],
)
def test_rules_choose_by_hand_table(rule, expected):
    assert "".join(production_ids(settings(rule), HAND)) == expected


def test_leak_suspects_are_left_out_of_the_production_filter():
    assert production_ids(settings("filter_production"), HAND, leak_suspects=["C"]) == ("a",)
