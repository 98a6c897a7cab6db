"""Where rows of long frames stand."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core.places import codes_of, ordered_places, rows_between

ROWS = pd.DataFrame({"date": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-03", "2024-01-05"]), "n": range(4)})


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        ("2024-01-03", "2024-01-04", {1, 2}),
        (None, "2024-01-02", {0}),
        ("2024-01-06", None, set()),
        ("2024-01-05", "2024-01-02", set()),
        (dt.date.min, dt.date.max, {0, 1, 2, 3}),
        (dt.date.max, None, set()),
    ],
)
def test_rows_of_a_span_of_days_also_up_to_days_that_nanoseconds_cannot_hold(order, first, last, wanted):
    span = [None if day is None else pd.Timestamp(day) for day in (first, last)]
    rows = ROWS.iloc[order].assign(date=lambda frame: frame["date"].astype("datetime64[ns]"))

    found = rows_between(rows, *span)

    assert set(found["n"]) == wanted
    assert found["n"].tolist() == [n for n in rows["n"] if n in wanted]


@pytest.mark.parametrize("dtype", ["str", object, "string[python]"])
def test_codes_are_those_of_the_first_rows_and_asking_again_gives_the_same(dtype):
    names = pd.Series(["b", "a", "b", "c"], dtype=dtype)

    for _ in range(2):
        codes, found = codes_of(names)
        assert codes.tolist() == [0, 1, 0, 2]
        assert list(found) == ["b", "a", "c"]


def test_a_column_that_was_written_to_is_looked_at_again():
    frame = pd.DataFrame({"symbol": pd.Series(["b", "a", "b"], dtype="str")})
    codes_of(frame["symbol"])

    frame.loc[1, "symbol"] = "c"

    assert list(codes_of(frame["symbol"])[1]) == ["b", "c"]


def test_rows_are_ordered_by_the_letters_of_names_not_by_their_first_rows():
    order, codes = ordered_places(pd.Series(["b", "ä", "a", "b"]), pd.Series(pd.to_datetime(["2024-01-02"] * 4)))

    assert order.tolist() == [2, 0, 3, 1]
    assert codes.tolist() == [0, 1, 1, 2]
