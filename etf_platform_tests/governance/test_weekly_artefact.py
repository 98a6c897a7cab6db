"""The envelope of the weekly pack: same inputs same bytes, whole files, weeks."""

import datetime as dt
import json
from pathlib import Path

import pytest

from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.governance.weekly.artefact import Artefact, Source, monday_of, read, source_of, week_of, write

MORNING = dt.datetime(2024, 11, 11, 9, 0, tzinfo=dt.UTC)
ARTEFACT = Artefact(
    "operating_audit", "2024-W45", "PASS", "", {"summary": {"strategies": 3}}, [Source("b", "1"), Source("a", "2")]
)


def test_the_same_content_written_later_leaves_both_files_byte_for_byte(tmp_path: Path) -> None:
    write(tmp_path, ARTEFACT, "# Audit\n", MORNING)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    changed = write(tmp_path, ARTEFACT, "# Audit\n", MORNING + dt.timedelta(hours=3))

    assert not changed
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_content_is_written_with_its_own_time(tmp_path: Path) -> None:
    write(tmp_path, ARTEFACT, "# Audit\n", MORNING)
    later = MORNING + dt.timedelta(hours=3)

    write(tmp_path, Artefact("operating_audit", "2024-W45", "FAIL", "sharpe", {}), "# Audit\n", later)

    document = json.loads((tmp_path / "operating_audit.json").read_text(encoding="utf-8"))
    assert (document["status"], document["generated_at_utc"]) == ("FAIL", "2024-11-11T12:00:00+00:00")


def test_inputs_stand_in_the_order_of_their_paths(tmp_path: Path) -> None:
    write(tmp_path, ARTEFACT, "", MORNING)

    document = read(tmp_path, "operating_audit")

    assert document is not None
    assert [source["path"] for source in document["inputs"]] == ["a", "b"]


def test_a_document_that_was_never_written_is_none_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "close_gate.json").write_text("{", encoding="utf-8")

    assert read(tmp_path, "operating_audit") is None
    with pytest.raises(StorageError, match=r"close_gate\.json"):
        read(tmp_path, "close_gate")


@pytest.mark.parametrize(
    ("day", "week"),
    [(dt.date(2024, 12, 30), "2025-W01"), (dt.date(2021, 1, 3), "2020-W53"), (dt.date(2024, 11, 8), "2024-W45")],
)
def test_weeks_are_those_of_iso_8601(day: dt.date, week: str) -> None:
    assert week_of(day) == week
    assert monday_of(week) <= day < monday_of(week) + dt.timedelta(days=7)


@pytest.mark.parametrize("text", ["2024-45", "2021-W53", "W45", ""])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="2024-W45"):
        monday_of(text)


def test_an_input_that_is_an_artefact_has_the_same_digest_whenever_it_was_made(tmp_path: Path) -> None:
    for hour, name in ((0, "one"), (5, "two")):
        write(tmp_path / name, ARTEFACT, "# Audit\n", MORNING + dt.timedelta(hours=hour))
    write(tmp_path / "three", Artefact("operating_audit", "2024-W45", "FAIL", "", {}), "", MORNING)

    digests = [source_of(tmp_path / name / "operating_audit.json", tmp_path).sha256 for name in ("one", "two", "three")]

    assert digests[0] == digests[1] != digests[2]
