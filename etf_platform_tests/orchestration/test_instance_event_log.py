"""The fast event log holds the rows that Dagster's own holds, whoever reads, writes, forks or dies."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.event_api import EventLogCursor
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from etf_platform.core.errors import ConfigError
from etf_platform.orchestration.instance.event_log import FastSqliteEventLogStorage

RUN = "11111111-2222-3333-4444-555555555555"
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-31")
STAMPED_BY_THE_DATABASE = {"create_timestamp", "migration_completed"}


class Tee(FastSqliteEventLogStorage):
    """Hands every event to Dagster's own storage as well, one by one, as Dagster does by default."""

    def __init__(self, base_dir, inst_data=None):
        super().__init__(base_dir, inst_data)
        self.own = SqliteEventLogStorage(base_dir + "_own")
        self.batches = []

    def store_event(self, event):
        super().store_event(event)
        self.own.store_event(event)

    def _store_batch(self, events):
        self.batches.append(len(events))
        super()._store_batch(events)
        for event in events:
            self.own.store_event(event)


def tables_of(path: Path) -> dict:
    """All rows of all tables of one SQLite file, without the columns that the database stamps with its clock."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [
                {key: row[key] for key in row.keys() if key not in STAMPED_BY_THE_DATABASE}  # noqa: SIM118
                for row in connection.execute(f"SELECT * FROM {name} ORDER BY rowid")
            ]
            for name in sorted(names)
        }


def count(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*) FROM event_logs").fetchone()[0]


def entry(data: object, kind: DagsterEventType, run_id: str) -> EventLogEntry:
    event = DagsterEvent(kind.value, job_name="job", step_key="step", event_specific_data=data)
    return EventLogEntry(None, "debug", "", run_id, time.time(), "step", "job", event)


def planned(day: str, run_id: str = RUN, asset: str = "a") -> EventLogEntry:
    data = AssetMaterializationPlannedData(dg.AssetKey(asset), partition=day)
    return entry(data, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, run_id)


def materialized(day: str, run_id: str = RUN, asset: str = "a") -> EventLogEntry:
    data = StepMaterializationData(dg.AssetMaterialization(asset, partition=day, tags={"dagster/data_version": day}))
    return entry(data, DagsterEventType.ASSET_MATERIALIZATION, run_id)


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run(), code_version="1")
def bars(context):
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run(), deps=[bars])
def panel(context):
    context.log.info("a line of its own")
    return dg.MaterializeResult(tags={"colour": "red"})


@dg.asset(deps=[panel])
def report():
    raise dg.Failure("no report today")


@dg.asset_check(asset=bars, blocking=True)
def bars_are_complete():
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=panel, partitions_def=DAYS)
def panel_is_full(context):
    for key in context.op_execution_context.partition_keys:
        yield dg.AssetCheckEvaluation(
            asset_key=panel.key, check_name="panel_is_full", passed=key != "2024-01-03", metadata={}, partition=key
        )
    yield dg.Output(None)


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "4")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance._event_storage = Tee(str(tmp_path / "log"))
        instance._event_storage.register_instance(instance)
        yield instance


@pytest.fixture
def log(tmp_path):
    storage = FastSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def run_range(instance):
    job = dg.define_asset_job("job", selection=dg.AssetSelection.all())
    checks = [bars_are_complete, panel_is_full]
    defs = dg.Definitions(assets=[bars, panel, report], asset_checks=checks, jobs=[job])
    days = {"dagster/asset_partition_range_start": "2024-01-02", "dagster/asset_partition_range_end": "2024-01-11"}
    return defs.resolve_job_def("job").execute_in_process(instance=instance, tags=days, raise_on_error=False)


def test_a_range_run_leaves_the_rows_of_dagsters_own_log(instance, tmp_path):
    """Every table of the index and of the run, row by row, for events stored in batches and one by one."""
    run_id = run_range(instance).run_id

    ours, own = (tables_of(tmp_path / log / "index.db") for log in ("log", "log_own"))
    checks, their_checks = ours.pop("asset_check_executions"), own.pop("asset_check_executions")

    assert max(instance.event_log_storage.batches) == 4
    assert ours == own
    assert tables_of(tmp_path / "log" / f"{run_id}.db") == tables_of(tmp_path / "log_own" / f"{run_id}.db")
    assert judged(checks) == judged(their_checks)
    assert len(judged(checks)) == 11


def judged(rows):
    """Evaluations of checks; what is only planned, and the numbering, are left out."""
    return [{k: v for k, v in row.items() if k != "id"} for row in rows if row["execution_status"] != "PLANNED"]


def test_a_check_is_planned_once_per_run_and_not_once_per_partition(log, tmp_path):
    """Dagster writes a row for each of the run's days, which no evaluation of an unpartitioned check ever fills."""
    keys = [f"2024-01-{day:02}" for day in range(2, 12)]
    days = DAYS.subset_with_partition_keys(keys).to_serializable_subset()
    data = AssetCheckEvaluationPlanned(asset_key=dg.AssetKey("a"), check_name="full", partitions_subset=days)
    log.store_event_batch([entry(data, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, RUN)])

    with sqlite3.connect(tmp_path / "index.db") as connection:
        rows = connection.execute("SELECT partition, execution_status FROM asset_check_executions").fetchall()
    assert rows == [(None, "PLANNED")]


def test_the_range_run_of_that_comparison_holds_every_kind_of_event(instance, tmp_path):
    run_id = run_range(instance).run_id

    tables = tables_of(tmp_path / "log" / "index.db")
    kinds = [row["dagster_event_type"] for row in tables["event_logs"]]
    assert kinds.count("ASSET_MATERIALIZATION_PLANNED") == 21
    assert kinds.count("ASSET_MATERIALIZATION") == 20
    assert kinds.count("ASSET_CHECK_EVALUATION_PLANNED") == 2
    assert kinds.count("ASSET_CHECK_EVALUATION") == 11
    assert "PIPELINE_FAILURE" in kinds
    assert len(tables["asset_event_tags"]) == 20
    assert {row["run_id"] for row in tables["event_logs"]} == {run_id}


def test_materialisations_of_an_asset_never_share_a_millisecond(log, tmp_path):
    """Dagster's Events tab shows one per millisecond; other assets and planned events may share."""
    now = 1_700_000_000.1234
    same = [materialized(f"2024-01-{day:02}")._replace(timestamp=now) for day in range(1, 6)]
    log.store_event_batch([*same[:3], materialized("2024-01-01", asset="b")._replace(timestamp=now)])
    log.store_event_batch(same[3:])

    stamps = [(e.get_dagster_event().asset_key.path[0], int(e.timestamp * 1000)) for e in log.get_logs_for_run(RUN)]
    first = 1_700_000_000_123
    assert [ms - first for asset, ms in stamps if asset == "a"] == [0, 1, 2, 3, 4]
    assert [ms - first for asset, ms in stamps if asset == "b"] == [0]


def test_dagster_reads_the_partitions_back(instance):
    run_range(instance)

    assert instance.get_materialized_partitions(dg.AssetKey("panel")) == {f"2024-01-{day:02}" for day in range(2, 12)}


def test_a_batch_that_fails_leaves_nothing_behind(log, tmp_path, monkeypatch):
    """So that Dagster, which then stores the events one by one, stores none of them twice."""
    log.store_event_batch([planned("2024-01-01")])
    monkeypatch.setattr(log, "_store_asset_rows", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        log.store_event_batch([materialized("2024-01-01"), materialized("2024-01-02")])

    assert (count(tmp_path / f"{RUN}.db"), count(tmp_path / "index.db")) == (1, 1)


def test_events_of_two_runs_in_one_batch_go_to_their_own_files(log, tmp_path):
    log.store_event_batch([planned("2024-01-01", "one"), planned("2024-01-01", "two"), planned("2024-01-02", "two")])

    assert (count(tmp_path / "one.db"), count(tmp_path / "two.db"), count(tmp_path / "index.db")) == (1, 2, 3)


def test_a_watcher_hears_of_events_while_the_writer_keeps_its_file_open(log, tmp_path):
    """Dagster's own watcher looks at the main file, which does not change until the WAL is checkpointed."""
    log.store_event(planned("2024-01-01"))
    heard = threading.Event()
    reader = FastSqliteEventLogStorage(str(tmp_path))
    reader.watch(RUN, str(EventLogCursor.from_storage_id(1)), lambda event, _: heard.set())

    log.store_event(materialized("2024-01-01"))

    assert heard.wait(10)
    reader.dispose()


def test_other_processes_read_what_is_written_at_once(log, tmp_path):
    """The rows are committed, not only visible to the writer's own connection."""
    log.store_event_batch([planned("2024-01-01"), planned("2024-01-02")])

    own = SqliteEventLogStorage(str(tmp_path))
    assert len(own.get_logs_for_run(RUN)) == 2


def test_old_files_stay_closed(log, tmp_path):
    for number in range(20):
        log.store_event(planned("2024-01-01", f"run{number}"))

    held = {str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    assert len([name for name in held if name.startswith(str(tmp_path)) and name.endswith(".db")]) == 16


def test_a_file_that_was_deleted_meanwhile_is_made_anew(log, tmp_path):
    log.store_event(planned("2024-01-01"))
    for path in tmp_path.glob(f"{RUN}.db*"):
        path.unlink()

    log.store_event(planned("2024-01-02"))

    assert count(tmp_path / f"{RUN}.db") == 1


def test_wiping_empties_everything(log, tmp_path):
    log.store_event_batch([planned("2024-01-01"), materialized("2024-01-01")])

    log.wipe()

    assert not list(tmp_path.glob(f"{RUN}.db*"))
    assert count(tmp_path / "index.db") == 0


def _write(log: FastSqliteEventLogStorage, run_id: str, batches: int, size: int) -> None:
    for batch in range(batches):
        log.store_event_batch([planned(f"{batch}-{i}", run_id, f"asset_{run_id}") for i in range(size)])


def test_forked_processes_and_their_parent_write_side_by_side(log, tmp_path):
    """No connection crosses the fork; every row of every writer arrives, in a file that is still sound."""
    log.store_event(planned("2024-01-01"))
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_write, args=(log, f"child{n}", 10, 20)) for n in range(3)]
    for child in children:
        child.start()
    _write(log, "parent", 10, 20)
    for child in children:
        child.join(60)

    assert [child.exitcode for child in children] == [0, 0, 0]
    assert count(tmp_path / "index.db") == 1 + 4 * 10 * 20
    with sqlite3.connect(tmp_path / "index.db") as index:
        assert index.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (names,) = index.execute("SELECT group_concat(asset_key) FROM asset_keys").fetchone()
    assert len(names.split(",")) == 5


def test_a_fork_while_another_thread_writes_does_not_hang(log):
    fork = multiprocessing.get_context("fork")
    writer = threading.Thread(target=_write, args=(log, "thread", 30, 20))
    writer.start()
    children = [fork.Process(target=_write, args=(log, f"child{n}", 1, 5)) for n in range(4)]
    for child in children:
        child.start()
        child.join(30)
    writer.join(30)

    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    assert len(log.get_logs_for_run("thread")) == 600


def test_a_killed_writer_loses_no_batch_that_it_had_stored(log, tmp_path):
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe(duplex=False)

    def write_for_ever() -> None:
        for number in range(1_000_000):
            log.store_event_batch([planned(f"{number}-{i}") for i in range(10)])
            theirs.send(number)

    child = fork.Process(target=write_for_ever)
    child.start()
    stored = 0
    while stored < 10:
        stored = mine.recv() + 1
    os.kill(child.pid, signal.SIGKILL)
    child.join(10)
    while mine.poll():
        stored = mine.recv() + 1

    assert stored * 10 <= count(tmp_path / f"{RUN}.db") <= stored * 10 + 10
    assert stored * 10 <= count(tmp_path / "index.db") <= stored * 10 + 10


def test_a_folder_below_an_unset_variable_is_refused(monkeypatch):
    monkeypatch.delenv("NO_SUCH_HOME", raising=False)

    with pytest.raises(ConfigError, match="NO_SUCH_HOME"):
        FastSqliteEventLogStorage("$NO_SUCH_HOME/history")
