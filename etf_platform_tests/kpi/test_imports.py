"""KPI files of other systems: aliases, what is missing, what is set aside."""

import datetime as dt
import json

import pandas as pd
import pytest

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.kpi.imports import Origin, merged, parse_kpis, with_history

DAY = dt.date(2024, 11, 15)
ORIGIN = Origin("week.json", "ab" * 32, DAY, "c0ffee")
CONFIG = GovernanceConfig()
WHOLE = {
    "summary": {"total_pnl": 120, "pnl": 1, "sharpe_ratio": 0.8},
    "metrics": {"max_dd": 0.12, "fill_error": 0.1},
    "risk": {"var_exception_rate": 0.02},
}


def _parsed(document):
    return parse_kpis(json.dumps(document).encode(), ORIGIN, CONFIG)


def _by_kpi(found, strategy="mm"):
    return found.rows[found.rows["strategy"] == strategy].set_index("kpi")


def test_the_first_numeric_alias_wins():
    rows = _by_kpi(_parsed({"mm": WHOLE}))

    assert rows["value"].to_dict() == {
        "pnl_net": 120.0,
        "sharpe": 0.8,
        "max_drawdown": -0.12,
        "var_breach_rate": 0.02,
        "fill_calibration_error": 0.1,
    }
    assert set(rows["status"]) == {"PASS"}


def test_a_file_without_the_breach_rate_is_blocked():
    rows = _by_kpi(_parsed({"mm": WHOLE | {"risk": {}}}))

    assert rows.loc["var_breach_rate", ["status"]].item() == "BLOCKED"
    assert rows.loc["var_breach_rate", "reason"].startswith("missing")


@pytest.mark.parametrize("value", [None, "0.9", True, float("nan"), float("inf"), [1]])
def test_what_is_no_number_gives_way_to_the_next_alias_and_is_named(value):
    found = _parsed({"mm": WHOLE | {"summary": {"total_pnl": value, "final_pnl": 7, "sharpe": 0.8}}})

    assert _by_kpi(found).loc["pnl_net", "value"] == 7.0
    assert any("summary.total_pnl" in problem for problem in found.problems)


def test_a_strategy_that_cannot_be_read_does_not_stop_the_others():
    found = _parsed({"bad": 3, "empty": {}, "half": {"summary": [1], "risk": {"var_breach": 0.5}}, "mm": WHOLE})

    assert set(found.rows["strategy"]) == {"half", "mm"}
    assert {problem.partition(":")[0] for problem in found.problems} == {"bad", "empty", "half.summary"}
    assert _by_kpi(found, "half").loc["var_breach_rate", "status"] == "FAIL"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[1]", b"{}", b'{"a": 1}', b'{"a": {}, "a": {}}', b"[" * 100_000]
)
def test_a_file_that_cannot_be_read_is_refused(content):
    with pytest.raises(BadInputError, match=r"week\.json"):
        parse_kpis(content, ORIGIN, CONFIG)


def test_strategies_that_are_not_in_the_file_keep_their_rows():
    stored = _parsed({"mm": WHOLE, "other": WHOLE}).rows
    fresh = _parsed({"mm": WHOLE | {"summary": {"pnl": 5}}}).rows

    rows = merged(stored, fresh)

    values = rows[rows["kpi"] == "pnl_net"].set_index("strategy")["value"]
    assert values.to_dict() == {"mm": 5.0, "other": 120.0}


def test_earlier_files_are_the_baseline():
    days = pd.bdate_range("2024-11-04", periods=6)
    earlier = pd.concat(
        [_parsed({"mm": WHOLE | {"summary": {"pnl": i}}}).rows.assign(date=day) for i, day in enumerate(days)]
    )

    rows = with_history(_parsed({"mm": WHOLE}).rows, earlier, CONFIG).set_index("kpi")

    assert rows.loc["pnl_net", ["baseline", "trend", "reason"]].tolist() == [2.5, "up", ""]
    assert rows.loc["sharpe", ["trend", "reason"]].tolist() == ["unknown", "no_baseline"]
