"""One small day, written by hand: two pools in the portfolio, one watched."""

from dataclasses import replace

import pandas as pd
import pytest

from etf_platform.reports.daily import DailyReport

DAY = pd.Timestamp("2025-09-30")
SOURCE = "sample: simulated, seed 20240102"
NAMES = {
    "510300.SH": "沪深300ETF华泰柏瑞",
    "512880.SH": "证券ETF国泰",
    "159915.SZ": "创业板ETF易方达",
    "513100.SH": "纳指ETF国泰",
    "518880.SH": "黄金ETF华安",
}


@pytest.fixture(scope="session")
def report() -> DailyReport:
    return make_report()


@pytest.fixture(scope="session")
def real(report: DailyReport) -> DailyReport:
    """The same day from a real source."""
    frames = {name: value for name, value in vars(report).items() if isinstance(value, pd.DataFrame)}
    return replace(report, **{n: f.assign(source="local") for n, f in frames.items() if "source" in f})


def make_report() -> DailyReport:
    return DailyReport(
        as_of=DAY,
        generated_at=pd.Timestamp("2025-09-30T10:05:00", tz="UTC"),
        pools=("A_SHARE", "QDII", "OTHER"),
        watched=("OTHER",),
        summary=_summary(),
        kpi=_kpi(),
        verdicts=_verdicts(),
        targets=_targets(),
        members=_members(),
        positions=_positions(),
        rebalances=_rebalances(),
        equity=_equity(),
        months=_months(),
        capacity=_capacity(),
        versions={"market/A_SHARE/bars": 12, "strategies/A_SHARE/targets": 7},
        config_digest="9f1c2ab4",
        code_commit="0ddba11",
    )


def _frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame([*rows], columns=columns.split()).assign(source=SOURCE)


def _summary() -> pd.DataFrame:
    return _frame(
        "pool exec_mode annual_return max_drawdown sharpe monthly_win_rate annual_turnover total_return years status"
        " cost_drag n_sessions method",
        (
            "A_SHARE",
            "next_open_close",
            0.28714,
            -0.19402,
            1.093,
            0.52381,
            4.617,
            0.56789,
            1.785,
            "PASS",
            0.0117,
            429,
            "x",
        ),
        ("QDII", "next_open_close", 0.26503, -0.15714, 1.382, 0.80952, 2.105, 0.51234, 1.785, "PASS", 0.0041, 429, "x"),
        (
            "OTHER",
            "next_open_close",
            0.11022,
            -0.10483,
            float("nan"),
            0.66667,
            3.3,
            0.2046,
            1.785,
            "WARN",
            0.01,
            429,
            "x",
        ),
        ("PORTFOLIO", "weighted", 0.28051, -0.18288, 1.184, 0.60952, 3.8634, 0.5512, 1.785, "PASS", 0.009, 429, "x"),
    )


def _kpi() -> pd.DataFrame:
    return _frame(
        "universe date kpi value unit threshold direction status reason",
        ("portfolio", DAY, "annual_return", 0.28051, "fraction", 0.08, "min", "PASS", ""),
        ("portfolio", DAY, "n_positions", 7.0, "count", float("nan"), "none", "PASS", ""),
        ("A_SHARE", DAY, "max_drawdown", -0.19402, "fraction", -0.30, "min", "PASS", ""),
    )


def _verdicts() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("A_SHARE", "factors/panel", "panel_coverage", DAY, "PASS", "halt", 0.9134, 0.80, ""),
            ("A_SHARE", "factors/panel", "zero_variance", DAY, "WARN", "halt", 3.0, 10.0, "3 columns are constant"),
            ("QDII", "factors/panel", "panel_coverage", DAY, "PASS", "halt", 0.8871, 0.80, ""),
            ("OTHER", "factors/panel", "panel_coverage", DAY, "FAIL", "halt", 0.6512, 0.80, "mean coverage is 0.6512"),
            ("portfolio", "backtest/metrics", "backtest_thresholds", DAY, "PASS", "hold", 0.0, 0.0, ""),
        ],
        columns=["universe", "guards", "fuse", "as_of", "state", "on_fail", "observed", "limit", "reason"],
    )


def _targets() -> pd.DataFrame:
    return _frame(
        "universe date symbol score rank is_eligible reason target_weight is_decision selection_void",
        ("A_SHARE", DAY, "510300.SH", 0.31, 1, True, "", 0.2, True, False),
        ("A_SHARE", DAY, "512880.SH", 0.12, 2, True, "", 0.2, True, False),
        ("A_SHARE", DAY, "159915.SZ", float("nan"), 0, False, "closed at limit-up", 0.0, True, False),
        ("QDII", DAY, "513100.SH", 0.05, 1, True, "", 0.2, True, True),
        ("OTHER", DAY, "518880.SH", 0.4, 1, True, "", 0.2, True, False),
    )


def _members() -> pd.DataFrame:
    columns = (
        "universe symbol name status reason first_date last_date rows quarantined_rows missing_rate mean_amount_20"
    )
    first = pd.Timestamp("2020-01-02")
    pools = {"513100.SH": "QDII", "518880.SH": "OTHER"}
    ok = [(pools.get(s, "A_SHARE"), s, n, "ok", "", first, DAY, 1390, 0, 0.0, 2.5e9) for s, n in NAMES.items()]
    gone = (
        "A_SHARE",
        "159919.SZ",
        "沪深300ETF嘉实",
        "no_data",
        "the source has no file",
        pd.NaT,
        pd.NaT,
        0,
        0,
        None,
        None,
    )
    return _frame(columns, *ok, gone)


def _positions() -> pd.DataFrame:
    return _frame(
        "universe date symbol shares price value weight is_stale",
        ("A_SHARE", pd.Timestamp("2025-09-01"), "159915.SZ", 1000.0, 2.9, 2900.0, 0.1987, False),
        ("A_SHARE", pd.Timestamp("2025-09-01"), "510300.SH", 1000.0, 4.5, 4500.0, 0.1991, False),
        ("A_SHARE", DAY, "159915.SZ", 1000.0, 3.2, 3200.0, 0.2234, False),
        ("A_SHARE", DAY, "510300.SH", 1000.0, 4.6, 4600.0, 0.1956, False),
    )


def _rebalances() -> pd.DataFrame:
    return _frame(
        "universe decision_date date portfolio_value cash transaction_cost cumulative_cost num_positions positions"
        " execution_prices selection_void",
        (
            "A_SHARE",
            pd.Timestamp("2025-08-29"),
            pd.Timestamp("2025-09-01"),
            1.5e6,
            9e5,
            1234.4,
            9876.0,
            2,
            "{}",
            "{}",
            False,
        ),
    )


def _equity() -> pd.DataFrame:
    days = pd.bdate_range("2025-01-02", DAY)
    value = [1e6 * (1.0 + 0.001 * i - (0.15 if 60 < i < 90 else 0.0)) for i in range(len(days))]
    part = pd.DataFrame({"date": days, "portfolio_value": value, "source": SOURCE})
    return pd.concat([part.assign(universe=universe) for universe in ("portfolio", "A_SHARE", "QDII", "OTHER")])


def _months() -> pd.DataFrame:
    rows = [(u, f"2025-{m:02d}", "total", 0.01 * (m - 4), True) for u in ("portfolio", "A_SHARE") for m in range(1, 9)]
    rows += [(u, "2025-09", "total", 0.50, False) for u in ("portfolio", "A_SHARE")]
    rows += [
        ("A_SHARE", "2025-08", "510300.SH", 0.0313, True),
        ("A_SHARE", "2025-08", "159915.SZ", 0.0099, True),
        ("A_SHARE", "2025-08", "cost", -0.0012, True),
        ("A_SHARE", "2025-08", "selection", 0.0222, True),
    ]
    return _frame("universe month part contribution is_complete", *rows)


def _capacity() -> pd.DataFrame:
    return _frame(
        "universe type item value limit status message as_of",
        ("A_SHARE", "single_position", "510300.SH", 0.1956, 0.25, "PASS", "within the limit", DAY),
        ("A_SHARE", "single_position", "159915.SZ", 0.2534, 0.25, "FAIL", "weight above the limit", DAY),
        ("A_SHARE", "adv_constraint", "510300.SH", 0.000459, 0.05, "PASS", "within the limit", DAY),
        ("A_SHARE", "broad_base_count", "broad base", 2.0, 3.0, "PASS", "within the limit", DAY),
    )
