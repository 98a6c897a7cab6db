"""Values of a replayed week on stored tables: own days, a missed day, the portfolio, the board, the command line."""

import datetime as dt
import json
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from etf_platform.cli.main import main
from etf_platform.core import tables as t
from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.ledger import by_system
from etf_platform.governance.people import new_verifier
from etf_platform.orchestration.kpi_facts import in_time, operations_deadline
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.kpi_board import write_board
from etf_platform.orchestration.steps.kpi_values import write_pool_values, write_portfolio_values
from etf_platform.storage import events as ledger
from etf_platform.storage import outbox

FRIDAY, MONDAY = dt.date(2024, 3, 8), dt.date(2024, 3, 11)
VOLATILE = ["data_version"]


@pytest.fixture
def platform(replays, week):
    return replays.open(week)


@pytest.fixture
def shell(week):
    def run(*words):
        return CliRunner().invoke(
            main, ["kpi", *words, "--home", str(week / "home"), "--config", str(week / "configs")]
        )

    return run


def _rows(platform, universe, day, period="day"):
    rows = platform.lake.read(t.KPI_VALUES, universe, start=day, end=day)
    return rows[rows["period"] == period].set_index("kpi")


def test_a_week_of_an_account_is_measured_from_its_own_tables(replays, platform):
    account = platform.lake.read(t.PAPER_ACCOUNT, replays.pool).set_index("date")["nav"]

    write_pool_values(platform, replays.pool, Window(FRIDAY, FRIDAY))
    rows, week = _rows(platform, replays.pool, FRIDAY), _rows(platform, replays.pool, FRIDAY, "week")

    assert rows.loc["pnl_net", "value"] == account.iloc[-1] - account.iloc[-2]
    assert week.loc["pnl_net", "value"] == pytest.approx(account.iloc[-1] - account.iloc[0])
    assert rows.loc["availability", ["value", "status"]].tolist() == [1.0, "PASS"]
    assert rows.loc["sharpe", "reason"] == "insufficient: 4 of 20 returns"
    assert rows["source"].str.contains("simulated").all()
    assert set(rows["config"]) == {platform.config.digest}
    versions = json.loads(rows["data_version"].iloc[0])
    assert versions[f"paper/{replays.pool}/account"] == platform.lake.version(t.PAPER_ACCOUNT, replays.pool)


def test_days_run_alone_when_nothing_later_was_there_are_those_of_the_whole_week(replays, platform):
    """The replay measured every day with what was stored then; now all of the week is measured in one run."""
    live = platform.lake.read(t.KPI_VALUES, replays.pool).drop(columns=VOLATILE)

    write_pool_values(platform, replays.pool, Window(replays.first, replays.last))
    ranged = platform.lake.read(t.KPI_VALUES, replays.pool).drop(columns=VOLATILE)

    pd.testing.assert_frame_equal(ranged, live, check_exact=True)


def test_a_missed_session_costs_availability_and_counts_as_an_error(replays, good_home, tmp_path):
    shutil.copytree(good_home, tmp_path / "home")
    platform = replays.open(tmp_path)
    replays.run(platform, replays.first, dt.date(2024, 3, 6), missing=(dt.date(2024, 3, 5),))

    rows = _rows(platform, replays.pool, dt.date(2024, 3, 6))

    due = 3 * 3  # decision, consistency and drift of three sessions; drift is caught up
    assert rows.loc["availability", ["value", "status"]].tolist() == [pytest.approx(1 - 2 / due), "FAIL"]
    assert rows.loc["error_rate", "value"] == pytest.approx(2 / due)
    assert rows.loc["major_risk", ["value", "reason"]].tolist() == [1.0, "1 is above 0; availability"]


LOOKED, SECRET = "Li Na", "a field of winter barley"


@pytest.fixture
def raised(replays, platform, week, monkeypatch):
    """Four alarms of the pool, somebody of risk in governance.yaml, and her secret in the shell."""
    file = week / "configs" / "governance.yaml"
    person = f"people:\n  {LOOKED}: {{roles: [risk], verifier: {new_verifier(SECRET, cost=10)}}}\n"
    text = file.read_text(encoding="utf-8")
    lines = [person if line.startswith("people:") else line for line in text.splitlines(keepends=True)]
    file.write_text("".join(lines), encoding="utf-8")
    monkeypatch.delenv(IN_DAGSTER, raising=False)
    monkeypatch.setenv(SIGN_SECRET, SECRET)
    found = [Event(f"a{i}", kinds.FAILSAFE_FIRED, replays.pool, by_system("x"), {}, replays.first) for i in range(4)]
    with outbox.transaction(platform.ops) as connection:
        ledger.append(connection, found)
    return replays.open(week)


def _close(shell, *names, reason="no_action", day=FRIDAY, by=LOOKED):
    return shell("close-alarm", *names, "--reason", reason, "--by", by, "--role", "risk", "--date", str(day))


def test_alarms_that_a_person_closed_without_action_are_false_alarms(shell, replays, raised):
    """Three alarms are closed by the Friday, two of them without action; a fourth is closed later."""
    for names, reason, day in (
        (("a0", "a3"), "no_action", FRIDAY),
        (("a1",), "retrained", FRIDAY),
        (("a2",), "no_action", MONDAY),
    ):
        done = _close(shell, *names, reason=reason, day=day)
        assert done.exit_code == 0, done.output

    write_pool_values(raised, replays.pool, Window(FRIDAY, FRIDAY))

    row = _rows(raised, replays.pool, FRIDAY).loc["false_alarm_rate"]
    assert (row["value"], row["status"], row["reason"]) == (pytest.approx(2 / 3), "BLOCKED", "no_baseline")
    assert shell("alarms", "--all", "--format", "csv").output.count(LOOKED) == 4
    assert "a2" not in shell("alarms", "--format", "csv").output


def test_several_alarms_are_closed_with_one_secret_or_none_is(shell, raised):
    assert _close(shell, "a0", "nothing").exit_code == 1
    assert _close(shell, "a0", "a1").exit_code == 0

    left = shell("alarms", "--format", "csv").output
    assert [name in left for name in ("a0", "a1", "a2")] == [False, False, True]


@pytest.mark.parametrize(
    ("by", "secret", "said"),
    [("risk_owner", SECRET, "placeholder"), ("Wu", SECRET, "not in governance.yaml"), (LOOKED, "", "no terminal")],
)
def test_nobody_closes_an_alarm_without_the_secret(shell, raised, monkeypatch, by, secret, said):
    monkeypatch.setenv(SIGN_SECRET, secret)

    done = _close(shell, "a0", by=by)

    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert "a0" in shell("alarms", "--format", "csv").output


def test_a_closing_that_code_wrote_in_a_name_is_no_closing(replays, raised):
    event = Event(
        "alarm.closed/a0", kinds.ALARM_CLOSED, replays.pool, LOOKED, {"alarm": "a0", "reason": "no_action"}, FRIDAY
    )
    with outbox.transaction(raised.ops) as connection:
        ledger.append(connection, [event])

    write_pool_values(raised, replays.pool, Window(FRIDAY, FRIDAY))

    row = _rows(raised, replays.pool, FRIDAY).loc["false_alarm_rate"]
    assert row["reason"] == "insufficient: no alarm was closed in the quarter"


def test_without_any_account_every_metric_of_it_is_blocked(replays, good_home, tmp_path):
    shutil.copytree(good_home, tmp_path / "home")
    platform = replays.open(tmp_path)

    write_pool_values(platform, "OTHER", Window(FRIDAY, FRIDAY))

    rows = _rows(platform, "OTHER", FRIDAY)
    assert set(rows.loc[["pnl_net", "nav_return", "max_drawdown", "availability"], "status"]) == {"BLOCKED"}
    assert rows.loc["nav_return", "reason"].startswith("missing")


def test_the_portfolio_of_one_account_is_that_account_and_the_board_shows_both(replays, platform):
    write_portfolio_values(platform, "portfolio", Window(FRIDAY, FRIDAY))
    outcome = write_board(platform, "portfolio", Window(FRIDAY, FRIDAY))

    rows, pool = _rows(platform, "portfolio", FRIDAY), _rows(platform, replays.pool, FRIDAY)
    assert rows.loc["nav_return", "value"] == pool.loc["nav_return", "value"]
    assert rows.loc["max_drawdown", "value"] == pool.loc["max_drawdown", "value"]
    html = (platform.workspace.reports / "kpi" / f"board_{FRIDAY}.html").read_text(encoding="utf-8")
    assert html == (platform.workspace.reports / "kpi" / "latest.html").read_text(encoding="utf-8")
    assert "SIMULATED DATA" in html
    assert 'id="portfolio"' in html and f'id="{replays.pool}"' in html
    assert set(outcome.frames["status"]["strategy"]) == {replays.pool, "portfolio"}


def test_an_older_board_does_not_become_the_latest(platform):
    for day in (FRIDAY, FRIDAY - dt.timedelta(days=1)):
        write_board(platform, "portfolio", Window(day, day))

    latest = (platform.workspace.reports / "kpi" / "latest.html").read_text(encoding="utf-8")
    assert str(FRIDAY) in latest.partition("</header>")[0]


def test_show_prints_the_last_session_and_ends_with_the_worst_state(shell, replays):
    done = shell("show", "--strategy", replays.pool, "--format", "csv")

    assert done.exit_code == 3
    assert f"2024-03-08,{replays.pool},availability" in done.output
    nobody = shell("show", "--strategy", "nobody")
    assert (nobody.exit_code, f"use one of {replays.pool}, OTHER, portfolio" in nobody.output) == (1, True)
    midweek = shell("show", "--week", "--date", "2024-03-07")
    assert (midweek.exit_code, "2024-03-07 that ends a week" in midweek.output) == (1, True)


def test_list_prints_the_registry_with_the_thresholds_in_force(shell):
    done = shell("list", "--format", "csv")

    assert done.exit_code == 0
    assert "max_drawdown,Deepest drawdown,fraction,up,-0.15,-0.25" in done.output


WHOLE = {
    "summary": {"pnl": 1.0, "sharpe": 1.0},
    "metrics": {"max_dd": 0.1, "fill_error": 0.1},
    "risk": {"var_breach": 0.01},
}


@pytest.mark.parametrize(
    ("document", "code"),
    [({"mm": WHOLE}, 0), ({"mm": WHOLE | {"risk": {"var_breach": 0.2}}}, 2), ({"mm": WHOLE, "bad": 1}, 3)],
)
def test_import_keeps_what_it_can_and_ends_with_what_came_of_it(shell, week, platform, document, code):
    (week / "kpi.json").write_text(json.dumps(document))

    done = shell("import", str(week / "kpi.json"), "--date", "2024-03-08", "--format", "csv")

    assert done.exit_code == code, done.output
    assert set(platform.lake.read(t.KPI_VALUES, "imported")["strategy"]) == {"mm"}


def test_a_bad_file_changes_nothing(shell, week, platform, replays):
    good, bad, taken = (week / f"{name}.json" for name in ("good", "bad", "taken"))
    good.write_text(json.dumps({"mm": WHOLE}))
    bad.write_text('{"mm": ')
    taken.write_text(json.dumps({replays.pool: WHOLE}))
    shell("import", str(good), "--date", "2024-03-08")

    ended = [shell("import", str(file), "--date", "2024-03-08").exit_code for file in (bad, taken)]

    assert ended == [1, 1]
    assert platform.lake.version(t.KPI_VALUES, "imported") == 0


def test_on_a_live_source_a_run_is_in_time_when_its_commit_stands_between_close_and_deadline(platform, monkeypatch):
    """Friday's operations are due on Monday 10:00 in Shanghai and 90 minutes of grace: 03:30 UTC."""
    friday = pd.Timestamp(FRIDAY)
    due = pd.Timestamp("2024-03-11 03:30", tz="UTC")
    assert operations_deadline(platform, "A_SHARE", friday) == due

    for moment, is_in_time in ((due, True), (due + pd.Timedelta(seconds=1), False), (friday.tz_localize("UTC"), False)):
        commits = [{"timestamp": moment.timestamp() * 1000.0}]
        monkeypatch.setattr(type(platform.lake), "versions", lambda *_, found=commits: found)
        assert in_time(platform, t.DRIFT, "A_SHARE", {friday: True}) == {friday: is_in_time}


def test_the_log_of_a_table_says_when_it_was_written(platform, replays):
    commits = platform.lake.versions(t.DRIFT, replays.pool)

    assert all(abs(pd.Timestamp.now("UTC").timestamp() - each["timestamp"] / 1000.0) < 3600.0 for each in commits)
