"""Real processes: writers at the same time, writers that are killed, and a clean end of every process."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from etf_platform.core.tables import PANEL
from etf_platform.storage.lake import Lake

WRITER = """
import sys
import pandas as pd
from etf_platform.core.tables import PANEL
from etf_platform.storage.lake import Lake

root, frame_path, days, repeat = sys.argv[1], sys.argv[2], sys.argv[3].split(","), int(sys.argv[4])
frame = pd.read_parquet(frame_path)
frame["date"] = frame["date"].astype("datetime64[ns]")
lake = Lake(root)
print("ready", flush=True)
for _ in range(repeat):
    for day in days:
        first, last = day.split(":")
        rows = frame[(frame["date"] >= first) & (frame["date"] <= last)]
        lake.write(PANEL, "A_SHARE", rows, first, last)
lake.read(PANEL, "A_SHARE")
"""


def start_writer(root, frame_path, days, repeat=1) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(root), str(frame_path), ",".join(days), str(repeat)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def stored(tmp_path, panel):
    def store(name: str, frame: pd.DataFrame):
        path = tmp_path / f"{name}.parquet"
        frame.to_parquet(path)
        return path

    return store


def test_two_processes_that_write_disjoint_days_lose_nothing(tmp_path, panel, stored):
    """Both start on a table that does not exist, so they race for its creation as well."""
    rows = panel("2023-12-21", "2024-01-09")
    days = [f"{d.date()}:{d.date()}" for d in rows["date"].unique()]
    path = stored("rows", rows)

    writers = [start_writer(tmp_path / "lake", path, part) for part in (days[::2], days[1::2])]
    ends = [w.communicate(timeout=60)[1] for w in writers]

    assert ends == ["", ""]
    assert_frame_equal(Lake(tmp_path / "lake").read(PANEL, "A_SHARE"), rows)


def test_of_two_processes_that_write_overlapping_ranges_every_day_is_entirely_from_one(tmp_path, panel, stored):
    first, second = panel("2024-01-01", "2024-01-19", seed=1), panel("2024-01-10", "2024-01-31", seed=2)
    one, two = stored("one", first), stored("two", second)

    writers = [
        start_writer(tmp_path / "lake", one, ["2024-01-01:2024-01-19"], repeat=8),
        start_writer(tmp_path / "lake", two, ["2024-01-10:2024-01-31"], repeat=8),
    ]
    ends = [w.communicate(timeout=60)[1] for w in writers]

    assert ends == ["", ""]
    got = Lake(tmp_path / "lake").read(PANEL, "A_SHARE")
    overlap = (got["date"] >= "2024-01-10") & (got["date"] <= "2024-01-19")
    assert_frame_equal(got[got["date"] < "2024-01-10"], first[first["date"] < "2024-01-10"])
    after = second[second["date"] > "2024-01-19"]
    assert_frame_equal(got[got["date"] > "2024-01-19"].reset_index(drop=True), after.reset_index(drop=True))
    winners = [f[(f["date"] >= "2024-01-10") & (f["date"] <= "2024-01-19")] for f in (first, second)]
    middle = got[overlap]["factor_0"].to_numpy()
    assert any(np.array_equal(middle, w["factor_0"].to_numpy()) for w in winners)


def kill_writers(tmp_path, panel, stored, kills: int) -> None:
    """Kill two rivals at random moments; a reader must see the rows of one of them, complete, each time."""
    old, new = panel("2023-12-21", "2024-01-09"), panel("2023-12-21", "2024-01-09", seed=1)
    both = {"old": stored("old", old), "new": stored("new", new)}
    lake, moments = Lake(tmp_path / "lake"), random.Random(7)
    lake.write(PANEL, "A_SHARE", old)
    whole = "2023-12-21:2024-01-09"
    for kill in range(kills):
        writer = start_writer(tmp_path / "lake", both["new" if kill % 2 else "old"], [whole], repeat=10_000)
        rival = start_writer(tmp_path / "lake", both["old" if kill % 2 else "new"], [whole], repeat=10_000)
        assert writer.stdout.readline() == rival.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.02, 0.3))
        for process in (writer, rival):
            process.send_signal(signal.SIGKILL)
            process.communicate()
        got = lake.read(PANEL, "A_SHARE")
        assert got.equals(old) or got.equals(new)
    lake.write(PANEL, "A_SHARE", new)

    assert_frame_equal(lake.read(PANEL, "A_SHARE"), new)
    assert_frame_equal(lake.read(PANEL, "A_SHARE", version=0), old)


def test_a_killed_writer_leaves_a_complete_version_and_a_rerun_gives_the_same_rows(tmp_path, panel, stored):
    kill_writers(tmp_path, panel, stored, kills=3)


@pytest.mark.drill
def test_twenty_five_killed_writers_leave_a_complete_version_each_time(tmp_path, panel, stored):
    kill_writers(tmp_path, panel, stored, kills=25)


def test_a_first_write_that_is_killed_leaves_a_complete_table_or_none(tmp_path, panel, stored):
    rows = panel("2014-01-01", "2024-01-09")
    path = stored("rows", rows)
    moments = random.Random(3)
    for kill in range(5):
        root = tmp_path / f"lake_{kill}"
        writer = start_writer(root, path, ["2014-01-01:2024-01-09"])
        writer.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.12))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        lake = Lake(root)
        assert not lake.exists(PANEL, "A_SHARE") or lake.read(PANEL, "A_SHARE").equals(rows)
        lake.write(PANEL, "A_SHARE", rows)
        assert lake.read(PANEL, "A_SHARE").equals(rows)


def test_ten_processes_that_wrote_and_read_end_cleanly(tmp_path, panel, stored):
    path = stored("rows", panel("2023-12-21", "2024-01-09"))

    codes = []
    for i in range(0, 10, 2):
        pair = [start_writer(tmp_path / f"lake_{j}", path, ["2023-12-21:2024-01-09"]) for j in (i, i + 1)]
        codes += [(w.communicate(timeout=60)[1], w.returncode) for w in pair]

    assert codes == [("", 0)] * 10
