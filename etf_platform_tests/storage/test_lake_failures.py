"""Full disks, file size limits and read-only folders, all real: one sentence each, and the old version intact."""

import os
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from etf_platform.core.errors import MissingTableError, StorageError
from etf_platform.core.tables import PANEL
from etf_platform.storage.lake import Lake


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB; needs the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def file_size_limit():
    """Files of this process may not exceed 4 KiB inside the block; pytest's own output must not be written there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_version_and_says_what_to_do(small_disk, panel):
    lake, rows = Lake(small_disk / "lake"), panel("2024-01-01", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)
    used = sum(f.stat().st_size for f in small_disk.rglob("*.parquet"))

    with pytest.raises(StorageError, match=r"no space left on device; free space .* stored versions are intact"):
        lake.write(PANEL, "A_SHARE", panel("2015-01-01", "2024-12-31", factors=20))
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)
    assert sum(f.stat().st_size for f in small_disk.rglob("*.parquet")) == used
    assert lake.write(PANEL, "A_SHARE", rows.iloc[:3]) == 1


def test_a_disk_that_fills_up_between_data_and_commit_leaves_the_old_version(small_disk, panel):
    lake, rows = Lake(small_disk / "lake"), panel("2024-01-01", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(b"x" * (free - 4096))

    with pytest.raises(StorageError, match="writing factors/A_SHARE/panel: no space left on device"):
        lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05", seed=1))
    (small_disk / "ballast").unlink()
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)
    assert lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05", seed=1)) == 1


def test_a_file_size_limit_leaves_the_old_version_and_says_what_to_do(lake, panel):
    rows, many = panel("2024-01-01", "2024-01-05"), panel("2015-01-01", "2024-12-31", factors=20)
    lake.write(PANEL, "A_SHARE", rows)
    sentence = r"file too large; raise the file size limit .* stored versions are intact"

    with file_size_limit(), pytest.raises(StorageError, match=sentence):
        lake.write(PANEL, "A_SHARE", many)
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)


def test_a_read_only_file_system_can_be_read_and_refuses_writes_in_one_sentence(small_disk, panel):
    lake, rows = Lake(small_disk / "lake"), panel("2024-01-01", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(StorageError, match="read-only file system; mount it writable"):
        lake.write(PANEL, "A_SHARE", rows.iloc[:3])
    with pytest.raises(StorageError, match="read-only file system; mount it writable"):
        lake.write(PANEL, "QDII", rows)
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)
    assert lake.sql("SELECT count(*) FROM factors_A_SHARE_panel").fetchall() == [(15,)]


def test_a_folder_without_write_permission_is_refused_in_one_sentence(tmp_path, panel):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; the read-only file system stands for this case")
    folder = tmp_path / "lake"
    folder.mkdir(mode=0o500)

    with pytest.raises(StorageError, match="permission denied; give this user write access"):
        Lake(folder).write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05"))


def test_a_data_file_that_was_deleted_behind_our_back_is_told_in_one_sentence(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05"))
    Path(lake.file_uris("factors/A_SHARE/panel")[0]).unlink()

    with pytest.raises(StorageError) as caught:
        lake.read(PANEL, "A_SHARE")
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, MissingTableError)


def test_writing_the_whole_table_again_heals_a_lost_data_file(lake, panel):
    rows = panel("2023-12-28", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)
    Path(lake.file_uris("factors/A_SHARE/panel")[0]).unlink()

    assert lake.write(PANEL, "A_SHARE", rows) == 1
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)
