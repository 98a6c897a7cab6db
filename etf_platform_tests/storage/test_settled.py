"""Figures over all rows from the years that are over and the last one: the same, and old years are read once."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import MissingTableError
from etf_platform.core.tables import PANEL
from etf_platform.storage.lake import Lake
from etf_platform.storage.settled import figures, is_noted, note, rows_digest

COLUMNS = ["factor_0", "factor_1"]


def sums(rows):
    """Rows and sums of the columns."""
    return {"rows": np.array(len(rows)), "sums": rows.to_numpy(np.float64).sum(axis=0)}


def whole(parts):
    return int(sum(part["rows"] for part in parts)), sum(part["sums"] for part in parts)


@pytest.fixture
def stored(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2022-12-01", "2024-03-29"))
    return lake


def expected(rows):
    return len(rows), rows[COLUMNS].to_numpy(np.float64).sum(axis=0)


def check(parts, rows):
    found, wanted = whole(parts), expected(rows)
    assert found[0] == wanted[0]
    np.testing.assert_allclose(found[1], wanted[1])


@pytest.mark.parametrize("end", [None, "2024-02-01", "2023-06-30", "2022-12-09"])
def test_parts_are_those_of_all_rows_up_to_the_end(stored, panel, tmp_path, end):
    """First when nothing is kept, then from what was kept."""
    for _ in range(2):
        parts, version = figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept", end)

        check(parts, panel("2022-12-01", end or "2024-03-29"))
        assert version == 0


def test_a_new_day_reads_the_last_year_alone(stored, panel, tmp_path, monkeypatch):
    figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")
    stored.write(PANEL, "A_SHARE", panel("2024-04-01", "2024-04-01"), "2024-04-01", "2024-04-01")
    asked = []
    read = Lake.read
    monkeypatch.setattr(Lake, "read", lambda *a, **k: asked.append(a[3:5]) or read(*a, **k))

    parts, _ = figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")

    assert asked == [(dt.date(2024, 1, 1), None)]
    check(parts, panel("2022-12-01", "2024-04-01"))


def test_a_year_that_was_written_again_is_looked_at_again(stored, panel, tmp_path):
    """And only the figures of the current files are kept."""
    figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")
    stored.write(PANEL, "A_SHARE", panel("2023-05-01", "2023-05-31", seed=5), "2023-05-01", "2023-05-31")

    parts, _ = figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")

    check(parts, stored.read(PANEL, "A_SHARE"))
    assert len(list((tmp_path / "kept").rglob("*.npz"))) == 1


def test_figures_of_other_columns_stand_beside_each_other(stored, tmp_path):
    for columns in (COLUMNS, COLUMNS[:1], COLUMNS):
        figures(stored, PANEL, "A_SHARE", columns, sums, tmp_path / "kept")

    assert len(list((tmp_path / "kept").rglob("*.npz"))) == 2


def test_a_damaged_file_and_a_folder_in_the_way_only_cost_time(stored, panel, tmp_path):
    figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")
    (file,) = (tmp_path / "kept").rglob("*.npz")
    file.write_bytes(file.read_bytes()[:40])
    (tmp_path / "file").write_text("in the way")

    for folder in ("kept", "file"):
        parts, _ = figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / folder)
        check(parts, panel("2022-12-01", "2024-03-29"))


def test_an_end_before_the_first_day_gives_no_rows(stored, tmp_path):
    parts, _ = figures(stored, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept", "2020-01-01")

    assert whole(parts)[0] == 0


def test_a_table_that_was_never_written_is_missing(lake, tmp_path):
    with pytest.raises(MissingTableError):
        figures(lake, PANEL, "A_SHARE", COLUMNS, sums, tmp_path / "kept")


def test_a_note_is_known_until_another_text_is_noted(tmp_path):
    path = tmp_path / "new" / "note.txt"
    before = is_noted(path, "one")
    note(path, "one")
    known = is_noted(path, "one")
    note(path, "two")

    assert (before, known, is_noted(path, "one"), is_noted(path, "two")) == (False, True, False, True)


def test_a_digest_of_rows_sees_values_their_order_and_their_column():
    rows = pd.DataFrame({"date": pd.to_datetime(["2024-01-02", "2024-01-03"]), "x": [1.0, 2.0], "name": ["a", "b"]})
    others = [rows.iloc[::-1], rows.assign(x=[1.0, 2.0000000000000004]), rows.rename(columns={"x": "y"}), rows.iloc[:1]]

    assert rows_digest(rows) == rows_digest(rows.copy())
    assert len({rows_digest(rows), *map(rows_digest, others)}) == 5
