"""Positions come from the environment, else from the newest dated file; bad ones are refused by name."""

import datetime as dt
import json
import os

import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.reports.scoring.positions import VARIABLE, Position, parse_positions, read_positions

DAY = dt.date(2025, 5, 30)
ROW = {
    "asset_name": "沪深300ETF",
    "asset_code": "510300",
    "asset_key": "HS300",
    "position_ratio": 0.28,
    "current_value": 280000,
}


def write(folder, name, *rows):
    path = folder / name
    path.write_text(json.dumps(list(rows)), "utf-8")
    return path


def test_positions_are_read_from_the_environment_first(tmp_path):
    write(tmp_path, "positions_20250529.json", {**ROW, "asset_name": "file"})

    found = read_positions({VARIABLE: json.dumps([ROW])}, tmp_path, DAY)
    assert found is not None and found.origin == VARIABLE
    assert found.rows == (Position("沪深300ETF", "510300", "HS300", 0.28, 280000.0),)


def test_without_variable_and_file_there_are_none(tmp_path):
    assert read_positions({}, tmp_path, DAY) is None
    assert read_positions({VARIABLE: " "}, tmp_path / "absent", DAY) is None


def test_the_newest_file_is_the_one_with_the_latest_date_in_its_name(tmp_path):
    old = write(tmp_path, "positions_20250401.json", {**ROW, "asset_name": "old"})
    new = write(tmp_path, "positions_2025-05-29.json", {**ROW, "asset_name": "new"})
    os.utime(new, (1, 1))
    os.utime(old, (2_000_000_000, 2_000_000_000))

    found = read_positions({}, tmp_path, DAY)
    assert found is not None and (found.rows[0].asset_name, found.origin) == ("new", "positions_2025-05-29.json")


def test_files_after_the_day_and_examples_are_not_read(tmp_path):
    write(tmp_path, "positions_20250531.json", {**ROW, "asset_name": "later"})
    write(tmp_path, "positions_example.json", {**ROW, "asset_name": "example"})
    assert read_positions({}, tmp_path, DAY) is None

    write(tmp_path, "positions_20250530_evening.json", {**ROW, "asset_name": "today"})
    found = read_positions({}, tmp_path, DAY)
    assert found is not None and found.rows[0].asset_name == "today"


def test_a_date_that_does_not_exist_is_refused(tmp_path):
    write(tmp_path, "positions_20250231.json", ROW)

    with pytest.raises(BadInputError, match="positions_20250231"):
        read_positions({}, tmp_path, DAY)


def test_bytes_that_are_no_utf8_are_refused(tmp_path):
    (tmp_path / "positions_20250530.json").write_bytes(b'["\xff"]')

    with pytest.raises(BadInputError, match="UTF-8"):
        read_positions({}, tmp_path, DAY)


@pytest.mark.parametrize(
    ("text", "saw"),
    [
        ("[", "no JSON"),
        ("{}", "dict where a list belongs"),
        ("null", "NoneType where a list belongs"),
        ("[1]", "int where an object belongs"),
        (json.dumps([{**ROW, "asset_name": ""}]), "no asset_name"),
        (json.dumps([{k: v for k, v in ROW.items() if k != "asset_name"}]), "no asset_name"),
        (json.dumps([{**ROW, "asset_code": 510300}]), "asset_code is no text"),
        (json.dumps([{**ROW, "position_ratio": None}]), "no position_ratio"),
        (json.dumps([{**ROW, "position_ratio": "0.28"}]), "position_ratio is no number"),
        (json.dumps([{**ROW, "position_ratio": True}]), "position_ratio is no number"),
        (json.dumps([{**ROW, "position_ratio": float("nan")}]), "position_ratio is no number"),
        (json.dumps([{**ROW, "position_ratio": 28}]), "position_ratio of 28"),
        (json.dumps([{**ROW, "position_ratio": -0.1}]), "position_ratio of -0.1"),
        (json.dumps([{**ROW, "current_value": -1}]), "current_value of -1"),
        (json.dumps([{**ROW, "current_value": "much"}]), "current_value is no number"),
        (json.dumps([ROW, ROW]), "HS300 twice"),
        (
            json.dumps([{**ROW, "position_ratio": 0.6}, {**ROW, "asset_key": "B", "position_ratio": 0.5}]),
            "1.1000 in all",
        ),
    ],
)
def test_bad_positions_are_refused_by_what_is_wrong(text, saw):
    with pytest.raises(BadInputError, match=saw):
        parse_positions(text, "POSITIONS_DATA")


def test_an_empty_list_is_no_holding_and_a_value_may_be_unknown():
    assert parse_positions("[]", "x").rows == ()
    assert parse_positions(json.dumps([{"asset_name": "债", "position_ratio": 1}]), "x").rows[0].current_value is None
