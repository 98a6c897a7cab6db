"""The weekly report lists every account that should have forecasts, also one of which nothing is stored."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.states import State
from etf_platform.orchestration.platform import PORTFOLIO
from etf_platform.orchestration.steps import risk_report
from etf_platform.orchestration.steps.risk import no_exceptions


class NothingStored:
    """A lake without exceptions."""

    def read_if_there(self, *_: Any) -> None:
        """No table was ever written."""

    def versions(self) -> dict[str, int]:
        """None were read."""
        return {}


def test_a_pool_without_any_exception_stands_in_the_portfolios_report_as_blocked() -> None:
    platform: Any = SimpleNamespace(config=SimpleNamespace(pools={"QDII": None}, risk=RiskConfig(), digest="9f1c"))

    report = risk_report.weekly_risk(platform, NothingStored(), PORTFOLIO, date(2025, 6, 13))  # type: ignore[arg-type]

    assert report.series == ("QDII:rotation", "portfolio:rotation")
    assert report.overall()[0] is State.BLOCKED
    assert "QDII:rotation BLOCKED (no method can be tested: insufficient: 0 forecasts" in report.overall()[1]


def test_one_pool_that_fell_silent_does_not_vanish_beside_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored of the portfolio hides nothing: the pool's 18 rows of methods and levels are all there."""
    day = pd.Timestamp("2025-06-13")
    row = {"date": day, "forecast_date": day, "series": "portfolio:rotation", "method": "historical", "level": 0.99}
    figures = {"return": 0.0, "var": 0.02, "es": 0.03, "sigma": 0.01, "is_breach": False, "source": "local"}
    stored = pd.concat([no_exceptions(), pd.DataFrame([row | figures])]).astype({"is_breach": bool})
    monkeypatch.setattr(risk_report, "_together", lambda *_: stored)
    platform: Any = SimpleNamespace(config=SimpleNamespace(pools={"QDII": None}, risk=RiskConfig(), digest="9f1c"))

    report = risk_report.weekly_risk(platform, NothingStored(), PORTFOLIO, day.date())  # type: ignore[arg-type]

    assert report.coverage["series"].value_counts().to_dict() == {"QDII:rotation": 18, "portfolio:rotation": 18}
    assert report.state_of("QDII:rotation") is State.BLOCKED
