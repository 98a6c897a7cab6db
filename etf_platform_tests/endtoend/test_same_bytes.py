"""Acceptance 3: a day is the same bits however it was written."""

import pytest


def test_a_backfill_writes_the_bits_of_day_by_day_runs(installation, day_by_day, days):
    done = installation.cli("backfill", "--from", days[0], "--to", days[-1])

    assert done.code in (0, 2), done.text
    assert installation.bits() == day_by_day.bits()


def test_a_run_after_missed_days_catches_them_up_and_its_rerun_writes_nothing(installation, day_by_day, days):
    done = installation.cli("run", "--date", days[-1])

    assert done.code in (0, 2), done.text
    assert set(days) <= installation.days("kpi/A_SHARE/snapshot")
    assert installation.bits() == day_by_day.bits()
    assert_rerun_writes_nothing(installation, days[-1])


def assert_rerun_writes_nothing(installation, day: str) -> None:
    """The same day again: no table gets a new version."""
    before = installation.versions()

    done = installation.cli("run", "--date", day)

    assert done.code in (0, 2), done.text
    assert installation.versions() == before


def test_an_empty_home_gets_the_bits_of_one_that_grew(day_by_day, days, tmp_path, installed):
    fresh = installed(tmp_path / "home", day_by_day.config)

    done = fresh.cli("run", "--date", days[-1])

    assert done.code in (0, 2), done.text
    got, wanted = fresh.bits(), day_by_day.bits()
    assert got.keys() == wanted.keys()
    assert {a for a in got if got[a] != wanted[a]} <= {"kpi/A_SHARE/snapshot", "kpi/portfolio/snapshot"}
    assert fresh.bits(since=days[-1]) == day_by_day.bits(since=days[-1])


@pytest.mark.parametrize("universe", ["A_SHARE", "portfolio"])
def test_a_run_that_stopped_before_its_figures_is_caught_up(day_by_day, days, tmp_path, universe):
    behind = day_by_day.copy(tmp_path / "home")
    log = behind.home / "lake" / "kpi" / universe / "snapshot" / "_delta_log"
    for commit in sorted(log.glob("*.json"))[-2:]:
        commit.unlink()
    assert not set(days[1:]) & behind.days(f"kpi/{universe}/snapshot")

    done = behind.cli("run", "--date", "2025-01-03")

    assert done.code in (0, 2), done.text
    assert set(days) <= behind.days(f"kpi/{universe}/snapshot")


def test_a_rerun_of_an_earlier_day_changes_nothing(day_by_day, days, tmp_path):
    again = day_by_day.copy(tmp_path / "home")

    done = again.cli("run", "--date", days[0])

    assert done.code in (0, 2), done.text
    assert again.bits() == day_by_day.bits()


@pytest.mark.parametrize("address", ["market/A_SHARE/bars", "factors/A_SHARE/panel", "strategies/A_SHARE/targets"])
def test_every_day_of_the_tests_is_there(day_by_day, days, address):
    assert set(days) <= day_by_day.days(address)
