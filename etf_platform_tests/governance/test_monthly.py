"""The monthly snapshot of the factor selection."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.governance.monthly import MonthlyContent, correlation_3m, funnel, write_monthly_snapshot

SUMMARY = pd.DataFrame(
    {
        "factor_id": list("ABCDEF"),
        "coverage": [0.0, 0.5, 0.9, 0.9, 0.9, 0.9],
        "zero_variance": [False, False, True, False, False, False],
        "identical_group_id": ["", "", "", "group_1", "group_1", ""],
        "is_production": [False, False, False, True, False, False],
    }
)


def test_the_funnel_counts_each_stage_on_top_of_the_last() -> None:
    """Six designed, A has no value, B too few, C is constant, D and E are one."""
    assert funnel(SUMMARY)["factors"].tolist() == [6, 5, 4, 3, 2, 1]
    assert funnel(SUMMARY)["stage"].tolist() == [
        "designed",
        "computed",
        "coverage >= 0.8",
        "not constant",
        "distinct",
        "production",
    ]


def test_the_correlation_sees_three_months_only() -> None:
    """Before April the two columns run against each other, from then on together."""
    dates = pd.bdate_range("2024-01-01", "2024-06-28")
    up = np.arange(len(dates), dtype=float)
    panel = pd.DataFrame({"date": dates, "X": up, "Y": np.where(dates > "2024-03-28", up, -50.0 * up)})

    matrix = correlation_3m(panel, ["X", "Y"], pd.Timestamp("2024-06-28"))

    np.testing.assert_allclose(matrix, [[1.0, 1.0], [1.0, 1.0]])


def test_the_files_are_those_of_the_specification(tmp_path: Path) -> None:
    """Written twice in a month, the second replaces the first."""
    matrix = pd.DataFrame([[1.0]], index=["A"], columns=["A"])
    for universe in (["1.SH", "2.SH"], ["3.SH"]):
        content = MonthlyContent(universe, ["A"], matrix, b"\x89PNG", SUMMARY, {"pool": "QDII"})
        folder = write_monthly_snapshot(tmp_path, "2024-06", content)

    assert folder.name == "snapshot_202406"
    assert {path.name for path in folder.iterdir()} == {
        "universe.txt",
        "production_factors.txt",
        "correlation_matrix_3m.csv",
        "correlation_heatmap_3m.png",
        "funnel_report.csv",
        "factor_summary.csv",
        "snapshot_metadata.json",
    }
    assert (folder / "universe.txt").read_text() == "3.SH\n"
    assert json.loads((folder / "snapshot_metadata.json").read_text())["pool"] == "QDII"
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot_202406"]
