"""One installation's Dagster home: written once, the same in every process."""

import os

import dagster as dg
import pytest
import yaml
from dagster._core.workspace.load import location_origins_from_yaml_paths

from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.instance.config import open_instance, packaged_dagster_yaml, write_dagster_home
from etf_platform.orchestration.instance.event_log import FastSqliteEventLogStorage


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    yield Workspace(home=tmp_path / 'a "quoted" home', config=tmp_path / "config")
    os.environ.pop("DAGSTER_EVENT_BATCH_SIZE", None)
    os.environ.pop("DAGSTER_HOME", None)


def test_the_event_log_lies_below_the_home(workspace):
    """Also when the path needs quoting in YAML."""
    home = write_dagster_home(workspace)

    written = yaml.safe_load((home / "dagster.yaml").read_text())
    assert written["event_log_storage"]["config"]["base_dir"] == f"{workspace.home}/dagster/history/runs"


def test_writing_again_touches_nothing(workspace):
    file = write_dagster_home(workspace) / "dagster.yaml"
    os.utime(file, (1, 1))

    write_dagster_home(workspace)

    assert file.stat().st_mtime == 1
    assert [path.name for path in file.parent.iterdir()] == ["dagster.yaml"]


def test_a_file_of_the_operators_own_wins(workspace):
    workspace.config.mkdir()
    (workspace.config / "dagster.yaml").write_text("telemetry: {enabled: false}\n")

    home = write_dagster_home(workspace)

    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_the_instance_has_the_fast_log_and_no_telemetry(workspace):
    with open_instance(workspace) as instance:
        assert isinstance(instance.event_log_storage, FastSqliteEventLogStorage)
        assert not instance.telemetry_enabled
        assert os.environ["DAGSTER_EVENT_BATCH_SIZE"] == "1000"
        assert os.environ["DAGSTER_HOME"] == str(workspace.dagster)


def test_a_child_process_opens_the_same_log(workspace):
    """Run workers and code servers get a reference to the instance, not the file."""
    with open_instance(workspace) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as copy:
        assert isinstance(copy.event_log_storage, FastSqliteEventLogStorage)
        assert copy.event_log_storage._base_dir == instance.event_log_storage._base_dir


def test_an_operators_batch_size_is_kept(workspace, monkeypatch):
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "50")

    with open_instance(workspace):
        assert os.environ["DAGSTER_EVENT_BATCH_SIZE"] == "50"


def test_the_file_works_unchanged_where_dagster_home_is_exported(workspace, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(packaged_dagster_yaml().read_text())

    with dg.DagsterInstance.get() as instance:
        assert instance.event_log_storage._base_dir == str(tmp_path / "history" / "runs")


def test_the_workspace_file_points_at_the_code_location():
    path = packaged_dagster_yaml().parent / "workspace.yaml"
    if not path.is_file():
        pytest.skip("workspace.yaml lies in a source checkout only")

    (origin,) = location_origins_from_yaml_paths([str(path)])
    assert origin.loadable_target_origin.module_name == "etf_platform.definitions"
