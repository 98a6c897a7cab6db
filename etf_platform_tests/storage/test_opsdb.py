"""The ops database opens once, keeps its promises, and its ledgers read back what was recorded."""

import datetime as dt
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.core.units.event import EXPERIMENT_RUN, Event
from etf_platform.storage import ledger
from etf_platform.storage.events import append
from etf_platform.storage.ledger import AcceptedRun, TableWrite, Verdict
from etf_platform.storage.opsdb import EXPERIMENTS, FUSE_VERDICTS, SCHEMA_STAMP, open_ops

DAY = dt.date(2024, 1, 3)


@pytest.fixture
def ops(tmp_path) -> sa.Engine:
    return open_ops(f"sqlite:///{tmp_path}/new/ops.db")


def verdict(fuse: str, state: str, as_of: dt.date = DAY, observed: float | None = 0.9, pool: str = "QDII") -> Verdict:
    return Verdict(pool, "factors/panel", fuse, as_of, state, observed, 0.8, "", "run", 4, "digest")


def test_sqlite_is_opened_with_wal_foreign_keys_and_patience(ops):
    with ops.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "foreign_keys", "busy_timeout")
        ]

    assert pragmas == ["wal", 1, 30_000]


def test_opening_again_keeps_what_is_there(tmp_path, ops):
    ledger.record_verdicts(ops, [verdict("coverage", "PASS")])

    assert len(ledger.latest_verdicts(open_ops(f"sqlite:///{tmp_path}/new/ops.db"), "QDII")) == 1


def test_many_that_open_a_new_database_at_once_make_it_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(open_ops, [f"sqlite:///{tmp_path}/ops.db"] * 8))

    with engines[0].connect() as connection:
        assert connection.execute(sa.select(SCHEMA_STAMP)).all() == [(3,)]


def test_another_schema_version_is_refused_with_the_remedy(tmp_path, ops):
    with sqlite3.connect(tmp_path / "new" / "ops.db") as raw:
        raw.execute("UPDATE schema_stamp SET version = 99")

    with pytest.raises(StorageError, match="its schema has version 99, this program needs 3; use the program version"):
        open_ops(f"sqlite:///{tmp_path}/new/ops.db")


def test_a_path_that_cannot_be_opened_gives_one_sentence_without_the_password(tmp_path):
    (tmp_path / "file").write_text("no database")

    with pytest.raises(
        StorageError, match=r"opening the ops database sqlite:.*: file is not a database; check its path"
    ):
        open_ops(f"sqlite:///{tmp_path}/file")
    with pytest.raises(StorageError) as caught:
        open_ops("postgresql+absent://me:secret@nowhere/ops")
    assert "secret" not in str(caught.value)


def test_the_latest_verdict_of_every_fuse_counts(ops):
    ledger.record_verdicts(ops, [verdict("coverage", "FAIL"), verdict("drop", "PASS")])
    ledger.record_verdicts(ops, [verdict("coverage", "WARN"), verdict("coverage", "FAIL", pool="A_SHARE")])
    ledger.record_verdicts(ops, [verdict("coverage", "BLOCKED", DAY - dt.timedelta(days=1))])

    states = {v["fuse"]: v["state"] for v in ledger.latest_verdicts(ops, "QDII")}
    assert states == {"coverage": "WARN", "drop": "PASS"}
    before = ledger.latest_verdicts(ops, "QDII", DAY - dt.timedelta(days=1))
    assert [(v["fuse"], v["state"]) for v in before] == [("coverage", "BLOCKED")]


def test_a_verdict_comes_back_as_recorded_in_utc(ops):
    ledger.record_verdicts(ops, [verdict("coverage", "BLOCKED", observed=float("nan"))])

    (row,) = ledger.latest_verdicts(ops, "QDII")
    assert row["observed"] is None and row["limit"] == 0.8 and row["as_of"] == DAY
    assert abs(row["recorded_at"] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


@pytest.mark.parametrize("change", [FUSE_VERDICTS.update().values(state="PASS"), FUSE_VERDICTS.delete()])
def test_verdicts_can_be_neither_changed_nor_removed(ops, change):
    ledger.record_verdicts(ops, [verdict("coverage", "FAIL")])

    with pytest.raises(sa.exc.IntegrityError, match="fuse_verdicts is append-only"), ops.begin() as connection:
        connection.execute(change)


def test_an_unknown_state_is_refused_and_nothing_of_the_batch_stays(ops):
    with pytest.raises(StorageError, match="recording fuse verdicts: CHECK constraint failed: known_state"):
        ledger.record_verdicts(ops, [verdict("coverage", "PASS"), verdict("drop", "FINE")])

    assert ledger.latest_verdicts(ops, "QDII") == []


def test_a_snapshot_name_is_taken_once(ops):
    manifest = {"tables": {"market/QDII/bars": 3, "kpi/portfolio/summary": None}, "rate": float("nan")}
    ledger.record_snapshot(ops, "2024-01", "draft", "snapshots/2024-01", manifest)

    with pytest.raises(StorageError, match="recording snapshot 2024-01: UNIQUE constraint failed"):
        ledger.record_snapshot(ops, "2024-01", "draft", "elsewhere", {})
    ledger.set_snapshot_status(ops, "2024-01", "released")
    stored = ledger.snapshot(ops, "2024-01")
    assert (stored["status"], stored["path"]) == ("released", "snapshots/2024-01")
    assert stored["manifest"] == {**manifest, "rate": None}
    assert [s["name"] for s in ledger.snapshots(ops)] == ["2024-01"]
    assert ledger.snapshot(ops, "2023-12") is None
    assert ledger.referenced_versions(ops) == {"market/QDII/bars": {3}}


def test_the_status_of_an_unknown_snapshot_cannot_be_set(ops):
    with pytest.raises(StorageError, match="there is no such snapshot"):
        ledger.set_snapshot_status(ops, "2024-01", "released")


def test_the_last_accepted_run_is_of_the_latest_session_before(ops):
    for day, coverage in ((DAY, 0.9), (DAY, 0.91), (DAY - dt.timedelta(days=1), 0.8)):
        ledger.record_accepted_run(ops, AcceptedRun("QDII", day, "run", coverage, 100, 20))

    assert ledger.last_accepted_run(ops, "QDII")["coverage"] == 0.91
    assert ledger.last_accepted_run(ops, "QDII", before=DAY)["coverage"] == 0.8
    assert ledger.last_accepted_run(ops, "A_SHARE") is None


def test_writes_of_a_table_are_listed_in_order(ops):
    for version in (0, 1):
        write = TableWrite("market/QDII/bars", version, f"run {version}", "sample", "digest", "c0ffee", DAY, DAY, 9)
        ledger.record_table_write(ops, write)

    assert [w["run_id"] for w in ledger.table_writes(ops, "market/QDII/bars")] == ["run 0", "run 1"]
    assert len(ledger.table_writes(ops)) == 2 and ledger.table_writes(ops, "market/OTHER/bars") == []


def test_sweeps_of_the_register_before_this_one_stay_readable_and_keep_their_tables(ops):
    old = {"pool": "QDII", "lookback": [20], "bars_version": 4}
    with ops.begin() as connection:
        made = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
        connection.execute(EXPERIMENTS.insert().values(created_at=made, params=old, result={"sharpe": 1.5}))

    assert [(e["params"], e["result"]) for e in ledger.old_experiments(ops)] == [(old, {"sharpe": 1.5})]
    assert ledger.referenced_versions(ops) == {"market/QDII/bars": {4}}


def test_versions_that_an_experiment_read_are_referred_to(ops):
    read = {"market/QDII/bars": 7, "strategies/QDII/targets": 2}
    event = Event("e/run", EXPERIMENT_RUN, "EXP-20240102-001", "system:x", {"conditions": {"data_version": read}})
    with ops.begin() as connection:
        append(connection, [event])

    assert ledger.referenced_versions(ops) == {"market/QDII/bars": {7}, "strategies/QDII/targets": {2}}


def test_many_threads_record_at_once_and_lose_nothing(ops):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: ledger.record_verdicts(ops, [verdict(f"fuse {i}", "PASS")]), range(40)))

    assert len(ledger.latest_verdicts(ops, "QDII")) == 40
