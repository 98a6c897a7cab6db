"""The two fuses on attribution at their limits."""

from typing import Any

import pandas as pd
import pytest

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext
from etf_platform.fuses import attribution


def _rows(*changes: dict[str, Any]) -> pd.DataFrame:
    row = {"date": pd.Timestamp("2024-01-02"), "strategy": "rotation", "symbol": "A", "horizon": "close"}
    parts = {"spread_capture": 100.0, "adverse_selection_cost": -40.0, "inventory_cost": 0.0, "hedging_cost": 0.0}
    return pd.DataFrame(
        [row | parts | {"fees": 0.0, "n_unmatched": 1, "residual": 10.0, "net_pnl": 70.0} | c for c in changes]
    )


def _run(fuse: Any, rows: pd.DataFrame, **risk: float) -> Any:
    return fuse.run({"fill_attribution": rows}, FuseContext("A_SHARE", risk=RiskConfig(**risk)))


def test_coverage_of_the_specification() -> None:
    """Components 100 and -40 with a residual of 10 are covered to 0.9333."""
    reading = _run(attribution.attribution_coverage, _rows({}))

    assert (reading.state, reading.limit) == (State.PASS, 0.90)
    assert reading.observed == pytest.approx(0.9333, abs=5e-5)


@pytest.mark.parametrize(("least", "state"), [(0.93, "PASS"), (0.94, "FAIL")])
def test_the_limit_is_that_of_the_risk_configuration(least: float, state: str) -> None:
    assert _run(attribution.attribution_coverage, _rows({}), min_attribution_coverage=least).state == state


def test_the_worst_strategy_of_the_last_session_is_named() -> None:
    """A good strategy beside it does not hide it, and yesterday's gap is not today's."""
    yesterday = {"date": pd.Timestamp("2024-01-01"), "residual": 1e6}
    rows = _rows(yesterday, {}, {"strategy": "trend", "residual": -60.0, "net_pnl": 0.0})

    reading = _run(attribution.attribution_coverage, rows)

    assert reading.state is State.FAIL
    assert reading.observed == pytest.approx(140 / 200)
    assert reading.reason == "trend to close: 0.7000 on 2024-01-02 (2 fills without a mid)"


@pytest.mark.parametrize("column", ["fees", "residual"])
def test_a_part_that_is_not_defined_blocks(column: str) -> None:
    for fuse in (attribution.attribution_coverage, attribution.attribution_identity_closes):
        assert _run(fuse, _rows({column: float("nan")})).state is State.BLOCKED


def test_a_residual_of_unmatched_fills_is_allowed_by_the_identity() -> None:
    assert _run(attribution.attribution_identity_closes, _rows({})).state is State.PASS


@pytest.mark.parametrize(
    "wrong", [{"n_unmatched": 0}, {"net_pnl": 71.0}, {"n_unmatched": 0, "residual": 2e-4, "net_pnl": 60.0002}]
)
def test_what_no_part_explains_is_named(wrong: dict[str, float]) -> None:
    """A residual although every fill has a mid; a sum that is not the net result; 2e-4 of 140 is beyond 1e-6."""
    reading = _run(attribution.attribution_identity_closes, _rows(wrong))

    assert reading.state is State.FAIL
    assert "A on 2024-01-02" in reading.reason


def test_rounding_is_no_gap() -> None:
    rows = _rows({"n_unmatched": 0, "residual": 1e-9, "net_pnl": 60.0 + 1e-9})

    assert _run(attribution.attribution_identity_closes, rows).state is State.PASS
