"""What stored rows say about a release; an absent row blocks."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.governance import evidence
from etf_platform.governance.prerelease import BacktestFigures
from etf_platform_tests.resources.release_story import day

KPIS = ("sharpe", "availability")


def kpis(*rows: tuple) -> pd.DataFrame:
    columns = ["date", "strategy", "kpi", "period", "value", "status", "reason"]
    return pd.DataFrame(rows, columns=columns).assign(date=lambda f: pd.to_datetime(f["date"]))


def row(n: int, kpi: str, status: str, reason: str = "", value: float | None = 1.0, strategy: str = "A_SHARE") -> tuple:
    return (day(n), strategy, kpi, "day", value, status, reason)


GOOD = [row(1, "sharpe", "PASS"), row(1, "availability", "PASS")]


@pytest.mark.parametrize(
    ("rows", "gate"),
    [
        (GOOD, (State.PASS, "")),
        (GOOD[:1], (State.BLOCKED, "missing: availability")),
        ([row(0, "sharpe", "PASS"), GOOD[1]], (State.BLOCKED, "missing: sharpe")),
        ([row(1, "sharpe", "FAIL", "below"), GOOD[1]], (State.FAIL, "sharpe FAIL below")),
        ([row(1, "sharpe", "PASS", strategy="QDII"), GOOD[1]], (State.BLOCKED, "missing: sharpe")),
    ],
)
def test_gate_of_the_metrics(rows, gate):
    assert evidence.kpi_gate(kpis(*rows), "A_SHARE", day(1), KPIS) == gate


def test_too_little_history_is_no_missing_metric_but_a_gap_is():
    rows = kpis(row(1, "sharpe", "BLOCKED", "insufficient", None), row(1, "availability", "BLOCKED", "stale", None))

    assert evidence.missing_kpis(rows, "A_SHARE", day(1), KPIS) == ("availability",)
    assert evidence.missing_kpis(rows, "A_SHARE", day(2), KPIS) == KPIS


def test_majors_are_sessions_with_a_failed_metric():
    rows = kpis(row(0, "sharpe", "FAIL"), row(0, "availability", "FAIL"), *GOOD)

    assert evidence.majors(rows, "A_SHARE", KPIS) == {day(0): "sharpe, availability"}


def test_a_value_that_is_not_there_is_none():
    assert evidence.value(kpis(*GOOD), "A_SHARE", "sharpe", day(1)) == 1.0
    assert evidence.value(kpis(row(1, "sharpe", "BLOCKED", "", None)), "A_SHARE", "sharpe", day(1)) is None
    assert evidence.value(kpis(*GOOD), "A_SHARE", "sharpe", day(2)) is None


def test_gate_of_consistency():
    columns = ["date", "stage", "measure", "state", "reason"]
    rows = [(day(1), "data", "prices", "PASS", ""), (day(1), "fill", "cost", "FAIL", "above the limit")]
    frame = pd.DataFrame(rows, columns=columns).assign(date=lambda f: pd.to_datetime(f["date"]))

    assert evidence.consistency_gate(frame, day(1)) == (State.FAIL, "fill FAIL above the limit")
    assert evidence.consistency_gate(frame, day(2))[0] is State.BLOCKED


def test_figures_of_the_latest_run_of_an_experiment():
    def run(key: str, **figures: float) -> Event:
        return Event(
            key,
            "experiment.run",
            "EXP-1",
            "system:test",
            {"results": {"metrics": {"out_of_sample": figures}}},
            dt.date.today(),
        )

    found = evidence.backtest_figures(
        [run("a", sharpe=9.0), run("b", sharpe=0.7, dsr=0.96, annual_turnover=3.0)], "EXP-1"
    )

    assert found == BacktestFigures(sharpe=0.7, max_drawdown=None, dsr=0.96, turnover=3.0, sharpe_double_cost=None)
    assert evidence.backtest_figures([], "EXP-1") == BacktestFigures()
