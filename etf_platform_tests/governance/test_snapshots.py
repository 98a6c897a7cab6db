"""Snapshots appear whole, verify by hash, are refused from quarantine, and ten of them stay."""

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etf_platform.core.errors import BadInputError, GateClosedError, StorageConflictError, StorageError
from etf_platform.core.states import State
from etf_platform.governance import snapshots
from etf_platform.governance.snapshots import (
    Provenance,
    list_snapshots,
    referenced_versions,
    restore,
    take_snapshot,
    verify_snapshot,
)

STAMP = datetime(2024, 6, 28, 18, 5, 9)


class Place:
    """A tree, a configuration and a folder for snapshots."""

    def __init__(self, home: Path) -> None:
        self.root, self.tree, self.configs = home / "snapshots", home / "out", home / "cfg"
        (self.tree / "panel_QDII").mkdir(parents=True)
        (self.tree / "panel_QDII" / "QDII_symbols.txt").write_text("513100.SH\n")
        (self.tree / "pool_metrics_summary.csv").write_text("pool\n")
        (self.tree / ".half.partial").write_text("unfinished")
        self.configs.mkdir()
        (self.configs / "fuses.yaml").write_text("overrides: {}\n")
        (self.configs / ".env").write_text("SECRET=1")

    def take(self, state: State = State.PASS, after: int = 0, **given: Any) -> snapshots.Snapshot:
        made_from = Provenance(state, ["QDII coverage FAIL: low"], {"factors/QDII/panel": after}, "c0ffee", "abc123")
        return take_snapshot(self.root, self.tree, self.configs, made_from, STAMP + timedelta(seconds=after), **given)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_snapshot_has_one_stamp_a_manifest_and_where_it_came_from(place: Place) -> None:
    taken = place.take()
    meta = json.loads((place.root / "snapshot_production_20240628_180509" / "snapshot_meta.json").read_text())

    assert taken.name == meta["name"] == "snapshot_production_20240628_180509"
    assert meta["files"] == {
        "configs/fuses.yaml": hashlib.sha256(b"overrides: {}\n").hexdigest(),
        "panel_QDII/QDII_symbols.txt": hashlib.sha256(b"513100.SH\n").hexdigest(),
        "pool_metrics_summary.csv": hashlib.sha256(b"pool\n").hexdigest(),
    }
    assert (meta["status"], meta["config_digest"], meta["code_commit"]) == ("PASS", "c0ffee", "abc123")
    assert meta["table_versions"] == {"factors/QDII/panel": 0}
    assert meta["taken_at"] == "2024-06-28T18:05:09"


@pytest.mark.parametrize("state", [State.FAIL, State.BLOCKED])
def test_a_refused_run_goes_to_quarantine_and_comes_back_only_by_force(
    state: State, place: Place, tmp_path: Path
) -> None:
    taken = place.take(state)

    assert taken.name == "quarantine_20240628_180509"
    with pytest.raises(GateClosedError, match="QDII coverage FAIL: low"):
        restore(place.root, taken.name, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert (restore(place.root, taken.name, tmp_path / "back", force=True) / "panel_QDII" / "QDII_symbols.txt").exists()


def test_ten_accepted_snapshots_stay_and_quarantine_is_not_counted(place: Place) -> None:
    for second in range(12):
        place.take(State.WARN, after=second)
        if second % 4 == 0:
            place.take(State.FAIL, after=second)

    names = [snapshot.name for snapshot in list_snapshots(place.root)]

    assert names[:10] == [f"snapshot_production_20240628_1805{second:02d}" for second in range(20, 10, -1)]
    assert names[10:] == ["quarantine_20240628_180517", "quarantine_20240628_180513", "quarantine_20240628_180509"]
    assert sorted(path.name for path in place.root.iterdir()) == sorted(names)
    assert referenced_versions(place.root) == {"factors/QDII/panel": {0, *range(2, 12)}}


def test_restoring_gives_the_same_bytes_and_keeps_what_was_there(place: Place) -> None:
    name = place.take().name
    (place.tree / "pool_metrics_summary.csv").write_text("changed\n")

    restore(place.root, name, place.tree)

    assert (place.tree / "pool_metrics_summary.csv").read_text() == "pool\n"
    assert (place.tree / "configs" / "fuses.yaml").read_text() == "overrides: {}\n"
    assert (place.tree.with_name("out.replaced") / "pool_metrics_summary.csv").read_text() == "changed\n"


def test_a_snapshot_of_a_restored_tree_does_not_nest(place: Place) -> None:
    """The restored `configs` and meta data are replaced by those of the new snapshot."""
    restore(place.root, place.take().name, place.tree)
    (place.configs / "fuses.yaml").write_text("max_broken_rows: 4\n")

    again = place.take(after=1)

    assert (again.path / "configs" / "fuses.yaml").read_text() == "max_broken_rows: 4\n"
    assert sorted(again.files) == ["configs/fuses.yaml", "panel_QDII/QDII_symbols.txt", "pool_metrics_summary.csv"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "panel_QDII" / "QDII_symbols.txt").write_text("513500.SH\n"),
        lambda folder: (folder / "pool_metrics_summary.csv").unlink(),
        lambda folder: (folder / "extra.txt").write_text("?"),
    ],
    ids=["changed", "missing", "added"],
)
def test_a_damaged_snapshot_is_not_restored_even_by_force(damage: Any, place: Place) -> None:
    taken = place.take()
    damage(taken.path)

    with pytest.raises(StorageError, match="missing, changed or added"):
        restore(place.root, taken.name, place.tree, force=True)

    assert (place.tree / ".half.partial").exists()
    assert not place.tree.with_name("out.replaced").exists()


def test_an_interrupted_snapshot_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(snapshots, "_write_meta", broken)

    with pytest.raises(OSError, match="disk full"):
        place.take()

    assert list(place.root.iterdir()) == []


def test_a_folder_left_by_a_killed_process_is_ignored_and_removed_after_a_day(place: Place) -> None:
    old, fresh = place.root / ".partial_old", place.root / ".partial_fresh"
    old.mkdir(parents=True)
    fresh.mkdir()
    os.utime(old, (0, 0))

    place.take()

    assert [s.name for s in list_snapshots(place.root)] == ["snapshot_production_20240628_180509"]
    assert (old.exists(), fresh.exists()) == (False, True)


def test_two_snapshots_in_one_second_conflict(place: Place) -> None:
    place.take()

    with pytest.raises(StorageConflictError):
        place.take()


def test_nothing_to_copy_is_an_error(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(BadInputError, match="absent or empty"):
        take_snapshot(place.root, tmp_path / "empty", place.configs, Provenance(State.PASS), STAMP)


@pytest.mark.parametrize("name", ["snapshot_production_20200101_000000", "../out", "configs"])
def test_an_unknown_name_lists_the_known_ones(name: str, place: Place) -> None:
    place.take()

    with pytest.raises(StorageError, match="known: snapshot_production_20240628_180509"):
        verify_snapshot(place.root, name)


def test_restoring_never_moves_a_foreign_folder(place: Place, tmp_path: Path) -> None:
    """Neither a folder of something else nor one that holds the snapshots."""
    name = place.take().name
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")

    for target in (tmp_path / "photos", tmp_path, place.root / "inside"):
        with pytest.raises(BadInputError):
            restore(place.root, name, target, force=True)

    assert (tmp_path / "photos" / "cat.jpg").exists()
