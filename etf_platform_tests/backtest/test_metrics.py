"""Figures of an account and the documents made of them."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.metrics import display_of, extreme_months, figures_of, metric_rows, metrics_document
from etf_platform.core import tables


@pytest.fixture
def equity():
    """Four closes a year apart in the middle: 100 -> 110 -> 99 -> 121, 2 yuan of cost, turnover 0.5 + 1.0."""
    dates = pd.to_datetime(["2023-01-31", "2023-06-30", "2023-07-31", "2024-01-31"])
    frame = pd.DataFrame({"date": dates, "portfolio_value": [100.0, 110.0, 99.0, 121.0], "cost": [0.0, 1.0, 1.0, 0.0]})
    return frame.assign(turnover=[0.0, 0.5, 1.0, 0.0], source="simulated")


def test_figures_of_four_closes(equity):
    returns = np.array([0.1, -0.1, 22 / 99]) - 0.03 / 252

    figures = figures_of(equity)

    assert figures["years"] == 365 / 365.25
    assert figures["total_return"] == pytest.approx(0.21)
    assert figures["annual_return"] == pytest.approx(1.21 ** (365.25 / 365) - 1)
    assert figures["max_drawdown"] == pytest.approx(-0.1)
    assert figures["sharpe"] == pytest.approx(math.sqrt(252) * returns.mean() / returns.std(ddof=1))
    assert figures["monthly_win_rate"] == 0.5
    assert figures["annual_turnover"] == pytest.approx(1.5 * 365.25 / 365)
    assert figures["cost_drag"] == pytest.approx(2.0 / 107.5 * 365.25 / 365)


def test_the_compatible_figures_count_partial_months_and_call_cost_turnover(equity):
    figures = figures_of(equity, original_compatible=True)

    assert figures["monthly_win_rate"] == pytest.approx(2 / 3)
    assert figures["annual_turnover"] == figures["cost_drag"]


def test_an_account_of_one_session_has_no_figures(equity):
    assert all(math.isnan(v) for v in figures_of(equity.iloc[:1]).values())


def test_rows_fit_their_table(equity):
    rows = metric_rows(figures_of(equity), "simulated")

    assert tables.METRICS.conform(rows).num_rows == 8


def test_display_has_the_names_and_the_text_of_the_original():
    figures = {"annual_return": 0.28711, "max_drawdown": -0.19404, "sharpe": 1.094, "monthly_win_rate": 11 / 21}
    figures |= {"annual_turnover": 0.0234, "cost_drag": 0.0, "total_return": math.nan, "years": 1.784}

    assert display_of(figures) == {
        "年化收益": "28.71%",
        "最大回撤": "-19.40%",
        "夏普比率": "1.09",
        "月胜率": "52.38%",
        "年化换手": "0.02",
        "总收益": "n/a",
        "回测年数": "1.78",
    }


@pytest.fixture
def months():
    """Seven complete months, a partial eighth, and one fund's part in the worst."""
    values = [0.01, -0.02, 0.05, -0.04, 0.02, 0.03, -0.01, 0.9]
    frame = pd.DataFrame({"month": [f"2024-{m:02d}" for m in range(1, 9)], "part": "total", "contribution": values})
    frame["is_complete"] = frame["month"] < "2024-08"
    part = pd.DataFrame({"month": ["2024-04"], "part": ["510010.SH"], "contribution": [-0.04], "is_complete": [True]})
    return pd.concat([frame, part], ignore_index=True).assign(source="simulated")


def test_the_three_worst_and_the_three_best_complete_months(months):
    assert extreme_months(months) == {
        "worst_3": {"2024-04": -0.04, "2024-02": -0.02, "2024-07": -0.01},
        "best_3": {"2024-03": 0.05, "2024-06": 0.03, "2024-05": 0.02},
    }
    assert next(iter(extreme_months(months, complete_only=False)["best_3"])) == "2024-08"


def test_the_document_is_json_with_numbers_text_and_attribution(months, equity):
    document = metrics_document(figures_of(equity.iloc[:1]), months, "next_open_close")

    assert list(document) == ["schema_version", "exec_mode", "metrics", "display", "months"]
    assert document["metrics"]["sharpe"] is None
    assert document["months"]["attribution"]["2024-04"] == {"total": -0.04, "symbols": {"510010.SH": -0.04}}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_compatible_document_has_only_chinese_keys_and_text(months, equity):
    document = metrics_document(figures_of(equity), months, "next_open_close", original_compatible=True)

    assert list(document) == ["exec_mode", "metrics"]
    assert list(document["metrics"]) == [
        "年化收益", "最大回撤", "夏普比率", "月胜率", "年化换手", "总收益", "回测年数", "极端月"
    ]  # fmt: skip
    assert all(isinstance(v, str) for k, v in document["metrics"].items() if k != "极端月")
