"""What a person sees of operations: the account's last sessions, the strategies' state, the sign-off of a week."""

import csv
import datetime as dt
import json

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.core.units.event import BREAKER_MOVED, Event
from etf_platform.governance import breaker
from etf_platform.orchestration import closing, status
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.paper_shown import recent
from etf_platform.orchestration.steps.status import status_of, write_gates
from etf_platform.storage import events as ledger
from etf_platform.storage import outbox
from etf_platform_tests.resources.command import invoke


def rows(days, navs):
    plain = {"cash": 10.0, "cost": 0.0, "exposure": 1.0, "n_positions": 2, "n_stale": 0}
    return pd.DataFrame([{"date": pd.Timestamp(d), "nav": v, **plain} for d, v in zip(days, navs, strict=True)])


def test_the_newest_session_comes_first_with_its_return():
    stored, added = rows(["2024-03-04", "2024-03-05"], [1_000_000.0, 990_000.0]), rows(["2024-03-06"], [1_009_800.0])

    shown = recent(stored, [added])

    assert shown["date"].tolist() == ["2024-03-06", "2024-03-05", "2024-03-04"]
    assert shown["daily_return"].tolist() == ["+2.0000%", "-1.0000%", ""]
    assert shown["nav"].tolist() == ["1,009,800.00", "990,000.00", "1,000,000.00"]
    assert recent(None, []).empty


def test_the_status_names_every_pool_and_what_was_never_judged(replays, week):
    """The replayed pool was judged up to the week's last session, the other one never."""
    found = status.strategy_rows(replays.open(week)).set_index("strategy")

    assert found["as of"].to_dict() == {"A_SHARE": str(replays.last), "OTHER": "never judged"}
    assert found["consistency"].to_dict() == {"A_SHARE": "PASS", "OTHER": "BLOCKED"}
    assert found["release"].tolist() == ["none", "none"]
    assert found.loc["A_SHARE", "its exposure"] == "1"


def test_a_halted_breaker_shows_without_any_release_with_what_it_sees_and_the_way_out(replays, week):
    """No VaR is forecast on the small account: what is not known lets nothing recover, and a person is needed."""
    platform = replays.open(week)
    halted = {"from": "NORMAL", "to": "HALTED", "calm": 0, "reasons": ["drawdown 0.1600 >= 0.15"]}
    with outbox.transaction(platform.ops) as connection:
        ledger.append(connection, [Event("b", BREAKER_MOVED, replays.pool, "system:breaker", halted, replays.first)])

    done = invoke(["gov", "status", "--format", "csv", "--home", week / "home", "--config", week / "configs"])

    header, row = done.stdout.splitlines()[:2]
    found = dict(zip(header.split(","), next(csv.reader([row])), strict=True))
    assert (found["strategy"], found["release"], found["breaker"]) == (replays.pool, "none", "HALTED")
    assert "var99 missing" in found["breaker sees"]
    assert f"gov lower-breaker {replays.pool} --by NAME" in done.stderr
    assert done.exit_code == 0


def test_after_a_person_lowered_the_breaker_the_drawdown_is_measured_anew(replays, week, monkeypatch):
    platform = replays.open(week)
    monkeypatch.setattr(breaker, "fold", lambda *_: breaker.BreakerState("RESTRICTED", lowered=replays.last))

    assert closing.measures_of(platform, replays.pool, replays.last).drawdown == 0.0


def test_the_table_of_the_ui_has_a_column_per_strategy(replays, week):
    frames = status_of(replays.open(week)).frames

    assert list(frames["strategies"].columns) == ["", "A_SHARE", "OTHER"]
    assert "open freezes" not in frames


def test_gates_of_a_session_that_was_not_judged_are_blocked(replays, week):
    outcome = write_gates(replays.open(week), "OTHER", Window(replays.last, replays.last))

    states = outcome.frames["gates"].set_index("gate")["state"].to_dict()
    assert states["consistency"] == states["kpi"] == states["drift"] == "BLOCKED"
    assert outcome.facts["gates"] == "BLOCKED"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("READY_FOR_CLOSE", State.PASS),
        ("PENDING_MANUAL_SIGNOFF", State.WARN),
        ("AUTO_BLOCKED", State.FAIL),
        ("SOMETHING_ELSE", State.BLOCKED),
    ],
)
def test_the_sign_off_of_a_week_is_read_from_its_pack(replays, folder, said, state):
    platform = replays.open(folder)
    for week, status_said in (("2024-W09", "READY_FOR_CLOSE"), ("2024-W10", said)):
        where = platform.workspace.reports / "governance" / week
        where.mkdir(parents=True)
        (where / "signoff_pack.json").write_text(json.dumps({"status": status_said, "reason": ""}))

    assert status.sign_off(platform, None) == ("2024-W10", state, said)
    assert status.sign_off(platform, dt.date(2024, 2, 26))[:2] == ("2024-W09", State.PASS)
    assert status.sign_off(platform, dt.date(2024, 3, 11))[1] is State.BLOCKED
