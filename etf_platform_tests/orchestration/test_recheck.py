"""The schedule of `checks`: there only where `platform.yaml` says when, on any day, and with what has data."""

import dagster as dg
import pytest

from etf_platform.core.config.load import check_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.build import build_definitions

NEVER = "recheck: null"
FIELDS = ["* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 1 13 *", "* * * * 8", "9-5 * * * *"]
NO_CRON = [*FIELDS, "", "@daily", "*/0 * * * *", "1- * * * *", "0 7 * * mon", "x * * * *", "١ * * * *"]


def configured(small, folder, line):
    """Configuration with this line in place of the shipped `recheck`."""
    config = small.write_config(folder, pools={"A_SHARE": ["510050.SH", "510300.SH"]})
    path = config / "platform.yaml"
    text = path.read_text(encoding="utf-8")
    assert NEVER in text
    path.write_text(text.replace(NEVER, line), encoding="utf-8")
    return config


def test_shipped_configuration_has_no_schedule_of_checks(tmp_path):
    graph = build_definitions(Workspace(tmp_path, packaged_config()))

    assert "checks" not in {schedule.name for schedule in graph.schedules}


def test_a_cron_line_makes_a_schedule_that_runs_from_the_start_on_any_day(small, tmp_path):
    config = configured(small, tmp_path / "configs", 'recheck: {cron: "30 7 * * *", timezone: America/New_York}')
    schedule = build_definitions(Workspace(tmp_path / "home", config)).resolve_schedule_def("checks")

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 7 * * *", "America/New_York")
    assert schedule.job_name == "checks"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize("cron", ["* * * * *", "*/15 9-15 * * 1-5", "0,30 7 1 12 7", "5/20 0 31 1 0"])
def test_cron_lines_are_taken(small, tmp_path, cron):
    assert check_config(configured(small, tmp_path / "configs", f'recheck: {{cron: "{cron}"}}'))[1] == []


@pytest.mark.parametrize("cron", NO_CRON)
def test_what_is_no_cron_line_is_refused_with_its_place(small, tmp_path, cron):
    _, (problem,) = check_config(configured(small, tmp_path / "configs", f'recheck: {{cron: "{cron}"}}'))

    assert "recheck.cron" in problem
    assert "is no cron line such as 30 7 * * *" in problem


def test_a_universe_without_data_is_left_out_and_one_with_data_is_judged(small, folder):
    """The home has two pools and nothing of the universe US."""
    graph = build_definitions(Workspace(folder / "home", small.write_config(folder / "configs")))
    with dg.DagsterInstance.ephemeral() as instance:
        result = graph.resolve_job_def("checks").execute_in_process(instance=instance)
    judged = {evaluation.asset_key.path[1] for evaluation in result.get_asset_check_evaluations()}

    assert result.success
    assert judged == {"A_SHARE", "OTHER", "portfolio"}
