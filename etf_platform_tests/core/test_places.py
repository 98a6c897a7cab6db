"""Where rows of long frames stand."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core.places import rows_between

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
