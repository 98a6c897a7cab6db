"""Maintenance removes what nobody refers to, and nothing else."""

from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from etf_platform.core.errors import StorageError
from etf_platform.core.tables import PANEL
from etf_platform.storage.maintenance import maintain

ADDRESS = "factors/A_SHARE/panel"


@pytest.fixture
def grown(lake, panel):
    """Five versions of one table, and a file that a killed writer left behind."""
    for seed in range(5):
        lake.write(PANEL, "A_SHARE", panel("2023-12-28", "2024-01-03", seed=seed))
    Path(lake.root, ADDRESS, "year=2024", "0123456789abcdef-dead.parquet").write_bytes(b"half a file")
    return lake


def test_the_newest_and_the_kept_versions_stay_readable_and_the_rest_goes(grown, panel):
    (cleaned,) = maintain(grown, {ADDRESS: {1}}, retention_hours=0)

    assert (cleaned.address, cleaned.removed) == (ADDRESS, 3 * 2 + 1)
    assert_frame_equal(grown.read(PANEL, "A_SHARE"), panel("2023-12-28", "2024-01-03", seed=4))
    assert_frame_equal(grown.read(PANEL, "A_SHARE", version=1), panel("2023-12-28", "2024-01-03", seed=1))
    with pytest.raises(StorageError):
        grown.read(PANEL, "A_SHARE", version=2)


def test_a_second_maintenance_finds_nothing_and_writing_goes_on(grown, panel):
    maintain(grown, {}, retention_hours=0)

    assert [c.removed for c in maintain(grown, {}, retention_hours=0)] == [0]
    grown.write(PANEL, "A_SHARE", panel("2024-01-04", "2024-01-04"), "2024-01-04", "2024-01-04")
    assert len(grown.read(PANEL, "A_SHARE")) == 18


def test_young_files_stay(grown):
    assert [c.removed for c in maintain(grown, {})] == [0]
    assert len(grown.read(PANEL, "A_SHARE", version=0)) == 15


def test_a_dry_run_counts_and_removes_nothing(grown):
    assert [c.removed for c in maintain(grown, {}, retention_hours=0, dry_run=True)] == [4 * 2 + 1]
    assert len(grown.read(PANEL, "A_SHARE", version=0)) == 15
