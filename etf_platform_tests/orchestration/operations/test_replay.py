"""`etf-platform ops`: a replay as a person starts it, and an import."""

import datetime as dt

import pytest
from click.testing import CliRunner

from etf_platform.cli.main import main
from etf_platform.core.errors import BadInputError
from etf_platform.orchestration.replay import ACTS, replay
from etf_platform.orchestration.steps import strategies


@pytest.fixture
def shell(week):
    def run(*words):
        return CliRunner().invoke(
            main, ["ops", *words, "--home", str(week / "home"), "--config", str(week / "configs")]
        )

    return run


def test_a_replay_of_recorded_days_shows_every_day_and_ends_well(shell):
    done = shell("replay", "--from", "2024-03-04", "--to", "2024-03-05", "--pool", "A_SHARE", "--format", "csv")

    assert done.exit_code == 0, done.output
    assert "2024-03-05,A_SHARE,PASS" in done.output


def test_a_red_day_ends_the_replay_with_2(shell, replays, week):
    replays.open(week, costs={"slippage": 0.002})

    done = shell("replay", "--from", "2024-03-05", "--to", "2024-03-05", "--pool", "A_SHARE", "--format", "csv")

    assert done.exit_code == 2
    assert "2024-03-05,A_SHARE,FAIL,fill" in done.output


def test_a_recorded_day_takes_no_imported_fills_and_says_so(shell, week):
    file = week / "broker.csv"
    file.write_text(
        "date,symbol,order_id,decision_date,side,ordered,shares,price,cost\n"
        "2024-03-05,510300.SH,o1,2024-03-04,buy,100,100,1.0,1\n"
    )

    done = shell("import-fills", str(file), "--pool", "A_SHARE")

    assert done.exit_code == 1
    assert "2024-03-05 is recorded" in done.output


def test_a_range_without_sessions_is_refused(replays, week_home):
    with pytest.raises(BadInputError, match="no session"):
        replay(replays.open(week_home), dt.date(2024, 3, 9), dt.date(2024, 3, 10))


def test_what_cannot_run_stops_its_pool_for_the_day_and_says_why(replays, week, monkeypatch):
    """The acts of the session come all the same: what is missing counts against a release."""

    def broken(*_):
        raise BadInputError("scoring a pool", "it cannot be scored", "mend it")

    monkeypatch.setattr(strategies, "write_targets", broken)
    day = dt.date(2024, 3, 11)

    done = replay(replays.open(week), day, day, (replays.pool,))

    assert [step.address for step in done[-2:]] == ["strategies/{pool}/targets", ACTS]
    assert (done[-2].facts["state"], done[-2].facts["error"]) == (
        "BLOCKED",
        "scoring a pool: it cannot be scored; mend it.",
    )
