"""The exported tree has the original's files, names and columns, and never a stale or half file."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import POOL_SUMMARY
from etf_platform.reports.output_tree import PoolExport, to_json, write_pool, write_pool_metrics_summary

DAYS = pd.to_datetime(["2024-01-02", "2024-01-03"])
SOURCE = "sample: simulated"


@pytest.fixture
def export() -> PoolExport:
    panel = pd.DataFrame(
        {
            "date": DAYS.repeat(2),
            "symbol": ["513100.SH", "513050.SH"] * 2,
            "source": SOURCE,
            "RETURN_1": [np.nan, np.nan, 0.01, 0.02],
            "VBT_MA_5": np.float32([1, 2, 3, 4]),
        }
    )
    summary = pd.DataFrame(
        {
            "factor_id": ["RETURN_1", "VBT_MA_5"],
            "column": ["RETURN_1", "MA_5"],
            "coverage": [0.5, 1.0],
            "zero_variance": False,
            "min_history": [2, 5],
            "warmup_bars": [1, 4],
            "required_fields": "close",
            "reason": "",
            "identical_group_id": "",
            "is_production": True,
            "source": SOURCE,
        }
    )
    rebalances = pd.DataFrame(
        {
            "decision_date": DAYS[:1],
            "date": DAYS[1:],
            "portfolio_value": 100.0,
            "cash": 1.0,
            "transaction_cost": 0.1,
            "cumulative_cost": 0.1,
            "num_positions": 1,
            "positions": '{"513100.SH": 300.0}',
            "execution_prices": '{"513100.SH": 1.25}',
            "selection_void": False,
            "source": SOURCE,
        }
    )
    equity = pd.DataFrame(
        {
            "date": DAYS,
            "portfolio_value": [100.0, 101.0],
            "holdings_value": [0.0, 100.0],
            "cash": [100.0, 1.0],
            "cost": 0.0,
            "source": SOURCE,
        }
    )
    correlation = pd.DataFrame(
        {"column_a": ["A", "A", "B", "B"], "column_b": ["A", "B", "A", "B"], "correlation": [1.0, 0.25, 0.25, 1.0]}
    )
    return PoolExport(
        "QDII",
        panel,
        summary,
        {"data_range": {"start_date": "2024-01-02", "end_date": "2024-01-03"}, "x": float("nan")},
        ["513050.SH", "513100.SH"],
        ["RETURN_1"],
        rebalances,
        equity,
        {"display": {"年化收益": "28.71%"}},
        {"violations": []},
        correlation,
        {"production": ["VBT_MA_5"]},
    )


def test_the_folder_holds_exactly_the_files_of_the_specification(export: PoolExport, tmp_path: Path) -> None:
    written = write_pool(tmp_path, export)

    assert (
        {path.name for path in (tmp_path / "panel_QDII").iterdir()}
        == {path.name for path in written}
        == {
            "panel_FULL_20240102_20240103.parquet",
            "factor_summary_20240102_20240103.csv",
            "panel_meta.json",
            "QDII_symbols.txt",
            "production_factors.txt",
            "backtest_results.parquet",
            "daily_equity.parquet",
            "backtest_metrics.json",
            "capacity_constraints_report.json",
            "panel_filtered_production.parquet",
            "factors_selected_production.yaml",
            "correlation_matrix.csv",
        }
    )


def test_the_panel_is_indexed_by_symbol_and_date(export: PoolExport, tmp_path: Path) -> None:
    """Sorted, factors only; that the data are simulated stands in the file's metadata."""
    path = write_pool(tmp_path, export)[0]
    panel = pd.read_parquet(path)

    assert panel.index.names == ["symbol", "date"]
    assert [symbol for symbol, _ in panel.index] == ["513050.SH", "513050.SH", "513100.SH", "513100.SH"]
    assert list(panel.columns) == ["RETURN_1", "VBT_MA_5"]
    assert panel["VBT_MA_5"].tolist() == [2.0, 4.0, 1.0, 3.0]
    assert panel["VBT_MA_5"].dtype == np.float32
    assert pq.read_schema(path).metadata[b"source"] == SOURCE.encode()


def test_rebalances_hold_positions_as_mappings(export: PoolExport, tmp_path: Path) -> None:
    write_pool(tmp_path, export)
    rows = pd.read_parquet(tmp_path / "panel_QDII" / "backtest_results.parquet")
    equity = pd.read_parquet(tmp_path / "panel_QDII" / "daily_equity.parquet")

    assert list(rows.columns) == [
        "date",
        "portfolio_value",
        "cash",
        "transaction_cost",
        "cumulative_cost",
        "num_positions",
        "positions",
        "execution_prices",
    ]
    assert rows.loc[0, "positions"] == {"513100.SH": 300.0}
    assert rows.loc[0, "execution_prices"] == {"513100.SH": 1.25}
    assert rows.loc[0, "date"] == pd.Timestamp("2024-01-03")
    assert list(equity.columns) == ["date", "portfolio_value", "holdings_value", "cash"]


def test_a_run_that_never_held_anything_can_be_exported(export: PoolExport, tmp_path: Path) -> None:
    """An empty mapping has no type of its own in Parquet."""
    assert export.rebalances is not None
    for rows in (export.rebalances.assign(positions="{}", execution_prices="{}"), export.rebalances.iloc[:0]):
        write_pool(tmp_path, replace(export, rebalances=rows))

        assert len(pd.read_parquet(tmp_path / "panel_QDII" / "backtest_results.parquet")) == len(rows)


def test_texts_have_one_name_per_line_and_utf8(export: PoolExport, tmp_path: Path) -> None:
    write_pool(tmp_path, export)
    folder = tmp_path / "panel_QDII"

    assert (folder / "QDII_symbols.txt").read_bytes() == b"513050.SH\n513100.SH\n"
    assert (folder / "production_factors.txt").read_bytes() == b"RETURN_1\n"
    assert "年化收益" in (folder / "backtest_metrics.json").read_text("utf-8")
    assert json.loads((folder / "panel_meta.json").read_text())["x"] is None
    assert yaml.safe_load((folder / "factors_selected_production.yaml").read_text())["factors"] == ["VBT_MA_5"]
    assert (folder / "correlation_matrix.csv").read_text() == "factor,A,B\nA,1.0,0.25\nB,0.25,1.0\n"
    assert (folder / "factor_summary_20240102_20240103.csv").read_text().splitlines()[0] == (
        "factor_id,coverage,zero_variance,min_history,required_fields,reason,identical_group_id"
    )


def test_files_of_an_earlier_export_do_not_stay(export: PoolExport, tmp_path: Path) -> None:
    """The original kept a stale capacity report and read the first panel of a glob; a foreign file is left alone."""
    write_pool(tmp_path, export)
    (tmp_path / "panel_QDII" / "notes.txt").write_text("mine")
    later = {"data_range": {"start_date": "2024-01-02", "end_date": "2024-01-04"}}

    written = write_pool(tmp_path, PoolExport("QDII", export.panel, export.summary, later, ["513050.SH"], ["RETURN_1"]))

    assert {path.name for path in (tmp_path / "panel_QDII").iterdir()} == {
        "panel_FULL_20240102_20240104.parquet",
        "factor_summary_20240102_20240104.csv",
        "panel_meta.json",
        "QDII_symbols.txt",
        "production_factors.txt",
        "notes.txt",
    }
    assert len(written) == 5


def test_without_a_panel_everything_else_is_written(export: PoolExport, tmp_path: Path) -> None:
    """A snapshot names the panel's table version instead; a panel of an earlier export does not stay."""
    write_pool(tmp_path, export)

    names = {path.name for path in write_pool(tmp_path, replace(export, panel=None))}

    assert names == {path.name for path in (tmp_path / "panel_QDII").iterdir()}
    assert "factor_summary_20240102_20240103.csv" in names
    assert not [name for name in names if name.startswith(("panel_FULL", "panel_filtered"))]


def test_the_dates_come_from_the_panel_when_the_description_has_none(export: PoolExport, tmp_path: Path) -> None:
    first = write_pool(tmp_path, replace(export, panel_meta={}))[0]

    assert first.name == "panel_FULL_20240102_20240103.parquet"
    with pytest.raises(BadInputError, match="no first and last date"):
        write_pool(tmp_path, replace(export, panel_meta={}, panel=None))


def test_the_same_content_gives_the_same_bytes(export: PoolExport, tmp_path: Path) -> None:
    first, second = write_pool(tmp_path / "a", export), write_pool(tmp_path / "b", export)

    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in first] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in second
    ]


def test_a_failing_write_leaves_the_old_file(export: PoolExport, tmp_path: Path) -> None:
    """A file is replaced in one step."""
    write_pool(tmp_path, export)
    before = (tmp_path / "panel_QDII" / "panel_meta.json").read_bytes()

    with pytest.raises(TypeError):
        write_pool(tmp_path, replace(export, panel_meta={**export.panel_meta, "bad": object()}))

    assert (tmp_path / "panel_QDII" / "panel_meta.json").read_bytes() == before
    assert not list((tmp_path / "panel_QDII").glob(".*"))


def test_the_summary_has_the_published_columns_and_order(tmp_path: Path) -> None:
    """Pools in configured order, then PORTFOLIO; fractions; an undefined figure is empty."""
    pools = ["A_SHARE", "OTHER", "PORTFOLIO", "QDII"]
    summary = pd.DataFrame({column.name: 0.5 for column in POOL_SUMMARY.columns}, index=range(4)).assign(
        pool=pools,
        exec_mode=["next_open_close"] * 2 + ["weighted", "next_open_close"],
        status="PASS",
        n_sessions=429,
        method="daily",
        sharpe=[1.09, np.nan, 1.18, 1.38],
    )

    lines = write_pool_metrics_summary(tmp_path / "out", summary, ["A_SHARE", "QDII", "OTHER"]).read_text().splitlines()

    assert lines[0] == (
        "pool,exec_mode,年化收益,最大回撤,夏普比率,月胜率,年化换手,总收益,回测年数,status,cost_drag,n_sessions,method"
    )
    assert [line.split(",")[0] for line in lines[1:]] == ["A_SHARE", "QDII", "OTHER", "PORTFOLIO"]
    assert [line.split(",")[4] for line in lines[1:]] == ["1.09", "1.38", "", "1.18"]


def test_json_is_strict() -> None:
    """numpy numbers are numbers, NaN and infinity are null, in the given order."""
    assert to_json({"b": np.float32(0.5), "a": [np.nan, np.int64(3), float("inf")], 1: {"c": np.bool_(True)}}) == (
        b'{\n  "b": 0.5,\n  "a": [\n    null,\n    3,\n    null\n  ],\n  "1": {\n    "c": true\n  }\n}\n'
    )


def test_json_is_indented_as_the_standard_library_does():
    """Nested, empty and flat values, quotes, line breaks and letters beyond ASCII, at every depth."""
    flat = {"text": '行业, "ETF"\n', "number": 1e-7, "flag": True, "none": None}
    content = {"flat": flat, "empty": {}, "list": [1, [], [flat, [0.1, 2]], {"deep": [flat]}], "words": ["a, b", ""]}

    written = to_json(content)

    assert written.decode() == json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    assert to_json({}) == b"{}\n"
