"""Dated series out of CSV files: when a value may be used, where a series ends, and what is refused."""

import json
import shutil
from datetime import date

import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.config.scoring import RecordedSeries
from etf_platform.core.errors import BadInputError, ConfigError, SourceError
from etf_platform.core.tables import ASSET_SERIES
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.market.series import published_at, read_all, read_series

HOME = sessions("XSHG")
HEADER = "date,balance,other\n"


@pytest.fixture
def read(tmp_path):
    """Reads a series out of the text of a file."""

    def reader(text, encoding="utf-8", end="2024-12-31", **settings):
        (tmp_path / "file.csv").write_bytes(text.encode(encoding))
        chosen = RecordedSeries(**({"path": "file.csv", "date": "date", "column": "balance"} | settings))
        return read_series("margin_balance", chosen, tmp_path, HOME, end)

    return reader


def values(found):
    return dict(zip(found.rows["date"].dt.strftime("%m-%d"), found.rows["value"], strict=True))


@pytest.mark.parametrize(
    ("dated", "lag", "expected"),
    [
        ("2024-09-27", 0, "2024-09-27"),
        ("2024-09-27", 1, "2024-09-30"),  # Friday to Monday
        ("2024-09-30", 1, "2024-10-08"),  # over the National Day holidays
        ("2024-10-03", 0, "2024-10-08"),  # a date of New York on which Shanghai is closed
        ("2024-10-03", 1, "2024-10-08"),
        ("2024-09-26", 2, "2024-09-30"),
    ],
)
def test_a_value_may_be_used_lag_sessions_after_its_date(dated, lag, expected):
    found = published_at(pd.Series(pd.to_datetime([dated])), lag, HOME)

    assert found.tolist() == [pd.Timestamp(expected)]


def test_a_value_beyond_the_known_calendar_has_no_session():
    found = published_at(pd.Series([HOME.index[-1]]), 1, HOME)

    assert found.isna().all()


def test_numbers_become_yuan_and_rows_are_sorted_by_date(read):
    found = read(HEADER + "2024-01-03,2.5,x\n2024-01-02,1.5,x\n", unit=1e6, lag_sessions=1)

    assert values(found) == {"01-02": 1.5e6, "01-03": 2.5e6}
    assert found.rows["date"].is_monotonic_increasing
    assert found.rows["published_at"].dt.strftime("%m-%d").tolist() == ["01-03", "01-04"]
    assert ASSET_SERIES.conform(found.rows).num_rows == 2


def test_rows_after_the_end_of_the_range_are_left_out(read):
    found = read(HEADER + "2024-01-02,1,x\n2024-01-03,2,x\n", end="2024-01-02")

    assert values(found) == {"01-02": 1.0}


def test_gaps_before_the_end_are_counted_and_the_rest_is_the_end(read):
    text = HEADER + "2024-08-14,1,x\n2024-08-15,,x\n2024-08-16,3,x\n2024-08-19,,x\n2024-08-20,,x\n"
    found = read(text, ended="2024-08-16")

    assert values(found) == {"08-14": 1.0, "08-16": 3.0}
    assert found.dropped == {"margin_balance": 1}
    assert found.ended == {"margin_balance": date(2024, 8, 16)}


def test_only_rows_with_the_wanted_texts_are_read(read):
    found = read(HEADER + "2024-01-02,1,north\n2024-01-02,7,south\n", where={"other": "north"})

    assert values(found) == {"01-02": 1.0}


def test_bad_input_a_missing_column_names_it_and_those_there_are(read):
    with pytest.raises(BadInputError, match=r"no column balance; there are date, margin"):
        read("date,margin\n2024-01-02,1\n")


def test_bad_input_text_in_a_number_costs_that_row_alone(read):
    found = read(HEADER + "2024-01-02,1,x\n2024-01-03,abc,x\n2024-01-04,inf,x\n2024-01-05,4,x\n")

    assert values(found) == {"01-02": 1.0, "01-05": 4.0}
    assert found.refused[["line", "rule", "reason"]].to_numpy().tolist() == [
        [3, "non_numeric", "no number in 'abc'"],
        [4, "non_numeric", "no number in 'inf'"],
    ]


def test_bad_input_a_date_with_two_values_is_refused_and_a_repetition_is_not(read):
    found = read(HEADER + "2024-01-02,1,x\n2024-01-02,1,x\n2024-01-03,2,x\n2024-01-03,3,x\n2024-01-04,4,x\n")

    assert values(found) == {"01-02": 1.0, "01-04": 4.0}
    assert found.refused["rule"].tolist() == ["duplicate", "duplicate"]


def test_bad_input_a_future_date_is_an_error(read):
    with pytest.raises(BadInputError, match="2999-01-04 lies in the future"):
        read(HEADER + "2024-01-02,1,x\n2999-01-04,2,x\n")


def test_bad_input_text_for_a_date_costs_that_row_alone(read):
    found = read(HEADER + "2024-01-02,1,x\nyesterday,2,x\n")

    assert values(found) == {"01-02": 1.0}
    assert found.refused["rule"].tolist() == ["bad_date"]


def test_bad_input_a_truncated_file_loses_its_last_row_with_a_reason(read):
    found = read(HEADER + "2024-01-02,1,x\n2024-01-03,2")

    assert values(found) == {"01-02": 1.0}
    assert found.refused["rule"].tolist() == ["short_row"]


def test_bad_input_a_file_cut_inside_its_header_or_empty_is_an_error(read):
    for text in ("", HEADER, "date,bal"):
        with pytest.raises(BadInputError, match="holds no rows"):
            read(text)


def test_bad_input_another_encoding_is_an_error_that_says_so(read):
    with pytest.raises(BadInputError, match="UTF-8"):
        read("日期,balance,other\n2024-01-02,1,x\n", encoding="gbk", date="日期")


def test_a_byte_order_mark_is_no_part_of_the_first_column(read):
    assert values(read(HEADER + "2024-01-02,1,x\n", encoding="utf-8-sig")) == {"01-02": 1.0}


def test_bad_input_a_value_after_the_declared_end_is_refused(read):
    found = read(HEADER + "2024-01-02,1,x\n2024-01-03,2,x\n", ended="2024-01-02")

    assert values(found) == {"01-02": 1.0}
    assert found.refused["rule"].tolist() == ["after_end"]


def test_bad_input_no_usable_row_is_an_error(read):
    with pytest.raises(BadInputError, match="no row holds a balance"):
        read(HEADER + "2024-01-02,abc,x\n")


def test_bad_input_an_unknown_series_name_is_refused_with_the_known_ones(tmp_path):
    shutil.copytree(packaged_config(), tmp_path / "configs")
    file = tmp_path / "configs" / "scoring.yaml"
    text = file.read_text(encoding="utf-8")
    assert "    vix: {path" in text
    file.write_text(text.replace("    vix: {path", "    vxx: {path"), encoding="utf-8")

    with pytest.raises(ConfigError, match="vxx"):
        load_config(tmp_path / "configs")


def test_a_file_or_folder_that_is_not_there_is_no_bad_input_but_a_source_error(tmp_path):
    settings = RecordedSeries(path="absent.csv", date="date", column="balance")
    for root, words in ((tmp_path, "there is no file"), (None, "no data folder is given")):
        with pytest.raises(SourceError, match=words):
            read_series("pe", settings, root, HOME, "2024-01-31")


def test_a_series_that_fails_costs_no_other(tmp_path):
    (tmp_path / "good.csv").write_text("date,v\n2024-01-02,1\n")
    (tmp_path / "bad.csv").write_text("date,w\n2024-01-02,1\n")
    recorded = {
        "pe": RecordedSeries(path="good.csv", date="date", column="v"),
        "pb": RecordedSeries(path="bad.csv", date="date", column="v"),
    }

    found = read_all(recorded, tmp_path, HOME, "2024-01-31")
    assert found.rows["name"].tolist() == ["pe"]
    assert list(found.failures) == ["pb"]


def test_recorded_northbound_flow_ends_on_the_day_on_which_publication_stopped(shared):
    settings = {str(k): v for k, v in load_config(packaged_config()).scoring.recorded.series.items()}

    found = read_all(settings, shared("data"), HOME, "2026-07-24")
    last = found.rows.groupby("name")["date"].max().dt.strftime("%Y-%m-%d").to_dict()
    assert found.ended == {"northbound_net": date(2024, 8, 16)}
    assert last == {
        "margin_balance": "2026-01-30",
        "margin_buy": "2026-01-30",
        "northbound_net": "2024-08-16",
        "pb": "2026-07-24",
        "pe": "2026-07-24",
        "vix": "2026-07-23",
    }
    assert not len(found.refused) and not found.failures
    lines = shared("data/macro/northbound_full_raw.csv").read_text(encoding="utf-8-sig").splitlines()
    last_flow = next(row for row in (line.split(",") for line in lines[1:]) if row[3])
    newest = found.rows[found.rows["name"] == "northbound_net"].iloc[-1]
    assert (newest["value"], last_flow[1][:10]) == (pytest.approx(float(last_flow[3]) * 1e6), "2024-08-16")


def test_the_shipped_settings_are_strict_about_their_keys():
    with pytest.raises(ValueError, match="Extra inputs"):
        RecordedSeries(**json.loads('{"path": "a.csv", "date": "d", "column": "v", "lags": 1}'))
