"""What the commands accept, print and end with."""

import csv
import io
import json

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from etf_platform.cli import main


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group below a group, by its words."""
    found = [words]
    for name, command in sorted(group.commands.items()):
        below = (*words, name)
        found += commands(command, below) if isinstance(command, click.Group) else [below]
    return found


@pytest.mark.parametrize("words", commands(main), ids=" ".join)
def test_every_command_has_help(words):
    done = CliRunner().invoke(main, [*words, "--help"])

    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: main {' '.join(words)}".rstrip())


def test_an_unknown_pool_is_refused_with_the_known_ones(installation, days):
    done = installation.cli("run", "--date", days[0], "--pool", "B_SHARE")

    assert done.code == 1
    assert done.err == "Error: choosing pools: B_SHARE is not configured; use one of A_SHARE.\n"


def test_an_unknown_source_is_refused_with_the_known_ones(seeded, days, installed, tmp_path):
    done = installed(tmp_path / "home", seeded.config, source="bloomberg").cli("run", "--date", days[0])

    assert done.code == 1
    assert "there is no source 'bloomberg'; use one of " in done.err and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2024-11-29", "2024-11-29 lies before the first partition 2024-12-02; set first_partition in platform.yaml"),
        ("2024-12-28", "2024-12-28 is no session of the exchange; use a session, for example 2024-12-27"),
        ("2099-01-05", "2099-01-05"),
    ],
    ids=["before the first partition", "no session", "in the future"],
)
def test_a_date_that_cannot_be_run_is_refused(installation, day, sentence):
    before = installation.versions()

    done = installation.cli("run", "--date", day)

    assert done.code == 1
    assert sentence in done.err and done.err.startswith("Error: ") and done.err.count("\n") == 1
    assert installation.versions() == before


def test_a_session_of_tomorrow_is_in_the_future(installation):
    from exchange_calendars import get_calendar

    tomorrow = get_calendar("XSHG").date_to_session(pd.Timestamp.now().normalize() + pd.Timedelta(days=1), "next")

    done = installation.cli("run", "--date", str(tomorrow.date()))

    assert done.code == 1
    assert "lies in the future; the last closed session is" in done.err


def test_a_backfill_that_ends_before_it_starts_is_refused(installation):
    done = installation.cli("backfill", "--from", "2025-01-06", "--to", "2024-12-30")

    assert done.code == 1
    assert done.err.startswith("Error: ") and "swap --from and --to" in done.err


def test_a_backfill_of_a_weekend_has_nothing_to_do(installation):
    before = installation.versions()

    done = installation.cli("backfill", "--from", "2024-12-28", "--to", "2024-12-29")

    assert done.code == 0
    assert "nothing to do" in done.err
    assert installation.versions() == before


def test_what_is_no_date_is_a_usage_error():
    done = CliRunner().invoke(main, ["run", "--date", "yesterday"])

    assert done.exit_code == 2
    assert "'yesterday' is no date such as 2025-06-13" in done.output


def test_json_and_csv_hold_the_same_rows(seeded):
    sql = "SELECT date, symbol, close FROM market_A_SHARE_bars ORDER BY date, symbol LIMIT 7"

    as_json = json.loads(seeded.cli("query", sql, "--format", "json").out)
    as_csv = list(csv.DictReader(io.StringIO(seeded.cli("query", sql, "--format", "csv").out)))

    stored = seeded.rows("market/A_SHARE/bars").sort_values(["date", "symbol"]).head(7)
    assert [row["close"] for row in as_json] == stored["close"].tolist()
    assert [float(row["close"]) for row in as_csv] == stored["close"].tolist()
    assert [row["symbol"] for row in as_csv] == [row["symbol"] for row in as_json] == stored["symbol"].tolist()


def test_show_tables_lists_the_lake(seeded):
    done = seeded.cli("query", "SHOW TABLES", "--format", "csv")

    listed = done.out.split()
    assert {address.replace("/", "_") for address in seeded.addresses} <= set(listed)
    assert "ops_fuse_verdicts" in listed


def test_a_query_of_a_wrong_table_names_the_nearest(seeded):
    done = seeded.cli("query", "SELECT * FROM market_A_SHAER_bars")

    assert done.code == 1
    assert "did you mean market_A_SHARE_bars" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("sql", ["DROP TABLE market_A_SHARE_bars", "SELECT 1; SELECT 2", "SELEC 1"])
def test_a_query_that_is_not_one_select_is_refused(seeded, sql):
    done = seeded.cli("query", sql)

    assert done.code == 1
    assert done.err.startswith("Error: answering the query: ") and done.err.count("\n") == 1


def test_init_makes_a_copy_that_works_and_never_overwrites(tmp_path):
    first = CliRunner().invoke(main, ["init", str(tmp_path)])
    (tmp_path / "configs" / "platform.yaml").write_text("mine: 1\n")

    second = CliRunner().invoke(main, ["init", str(tmp_path)])

    assert first.exit_code == 0 and second.exit_code == 1
    assert "platform.yaml" in second.stderr and "exist already" in second.stderr
    assert (tmp_path / "configs" / "platform.yaml").read_text() == "mine: 1\n"


def test_a_fresh_copy_of_the_configuration_has_no_problems(tmp_path, installed):
    CliRunner().invoke(main, ["init", str(tmp_path)])

    done = installed(tmp_path / "home", tmp_path / "configs").cli("config", "check")

    assert done.code == 0
    assert "no problems" in done.out


def test_config_check_lists_all_problems_and_ends_with_2(tmp_path, installed, configured):
    config = configured(tmp_path / "configs")
    (config / "platform.yaml").write_text('first_partition: "soon"\nhistory_start: "2015-01-05"\ncolour: blue\n')

    done = installed(tmp_path / "home", config).cli("config", "check")

    assert done.code == 2
    assert "first_partition" in done.out and "colour" in done.out and "Traceback" not in done.text


def test_a_command_on_a_wrong_configuration_ends_with_1_and_says_where(tmp_path, installed, configured, days):
    config = configured(tmp_path / "configs")
    (config / "fuses.yaml").write_text("max_broken_rows: many\n")

    done = installed(tmp_path / "home", config).cli("run", "--date", days[0])

    assert done.code == 1
    assert "fuses.yaml" in done.err and "max_broken_rows" in done.err and "Traceback" not in done.err
