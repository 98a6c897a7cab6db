"""The third gate: what was never judged, judged too early, or judged badly cannot be released."""

import pandas as pd
import pytest

from etf_platform.core.errors import GateClosedError
from etf_platform.core.states import State
from etf_platform.fuses import every_fuse
from etf_platform.governance.gates import refuse_if_closed, release_state, required_fuses

REQUIRED = [("A_SHARE", "coverage"), ("A_SHARE", "capacity")]
TODAY = pd.Timestamp("2024-06-28")


def _verdicts(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Rows of universe, fuse, as_of, state."""
    frame = pd.DataFrame(rows, columns=["universe", "fuse", "as_of", "state"])
    return frame.assign(
        guards="x/y", on_fail="hold", reason=frame["state"].str.lower(), as_of=pd.to_datetime(frame["as_of"])
    )


def test_all_passed_is_open() -> None:
    verdicts = _verdicts(("A_SHARE", "coverage", "2024-06-28", "PASS"), ("A_SHARE", "capacity", "2024-06-28", "PASS"))

    assert release_state(verdicts, REQUIRED, TODAY) == (State.PASS, [])


def test_a_warning_is_open_and_told() -> None:
    verdicts = _verdicts(("A_SHARE", "coverage", "2024-06-28", "WARN"), ("A_SHARE", "capacity", "2024-06-28", "PASS"))

    assert release_state(verdicts, REQUIRED, TODAY) == (State.WARN, ["A_SHARE coverage WARN: warn"])
    assert refuse_if_closed("releasing", verdicts, REQUIRED, TODAY) is State.WARN


@pytest.mark.parametrize("state", ["FAIL", "BLOCKED"])
def test_one_bad_verdict_closes_the_gate(state: str) -> None:
    verdicts = _verdicts(("A_SHARE", "coverage", "2024-06-28", "WARN"), ("A_SHARE", "capacity", "2024-06-28", state))

    with pytest.raises(GateClosedError) as error:
        refuse_if_closed("releasing A_SHARE", verdicts, REQUIRED, TODAY)

    assert str(error.value).startswith(f"releasing A_SHARE: A_SHARE capacity {state}: {state.lower()};")


def test_a_missing_verdict_is_blocked() -> None:
    """The same fuse of another pool does not count."""
    verdicts = _verdicts(("A_SHARE", "coverage", "2024-06-28", "PASS"), ("QDII", "capacity", "2024-06-28", "PASS"))

    assert release_state(verdicts, REQUIRED) == (State.BLOCKED, ["A_SHARE capacity BLOCKED: never judged"])
    assert release_state(pd.DataFrame([]), REQUIRED)[0] is State.BLOCKED


def test_yesterdays_verdict_does_not_release_today() -> None:
    verdicts = _verdicts(("A_SHARE", "coverage", "2024-06-28", "PASS"), ("A_SHARE", "capacity", "2024-06-27", "PASS"))

    assert release_state(verdicts, REQUIRED, TODAY) == (
        State.BLOCKED,
        ["A_SHARE capacity BLOCKED: last judged for 2024-06-27"],
    )
    assert release_state(verdicts, REQUIRED)[0] is State.PASS


def test_the_last_recorded_verdict_of_the_latest_day_counts() -> None:
    """A repaired day is open again; judging an old day again changes nothing."""
    verdicts = _verdicts(
        ("A_SHARE", "coverage", "2024-06-28", "FAIL"),
        ("A_SHARE", "coverage", "2024-06-28", "PASS"),
        ("A_SHARE", "coverage", "2023-01-03", "FAIL"),
    )

    assert release_state(verdicts, REQUIRED[:1], TODAY) == (State.PASS, [])


def test_requiring_nothing_releases_nothing() -> None:
    assert release_state(_verdicts(), [])[0] is State.BLOCKED


def test_required_fuses_know_their_universes() -> None:
    """The portfolio has no bars of its own; the optional comparison of two runs is not required."""
    required = required_fuses(every_fuse(), ["A_SHARE", "portfolio"])

    assert ("A_SHARE", "freshness") in required
    assert {fuse for universe, fuse in required if universe == "portfolio"} == {
        "backtest_thresholds",
        "extreme_month",
        "turnover",
        "forecast_coverage",
        "forecasts_precede_their_day",
    }
    assert "run_agreement" not in {fuse for _, fuse in required}
