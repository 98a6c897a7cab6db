"""The data dictionary names every table, column and unit."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables import TABLES
from etf_platform.storage.dictionary import render

SMALL = Table(
    "market",
    "rows",
    "a table",
    (Column("date", "date", "session", "the day"), Column("x", "float64", "a|b", "a number", True)),
    key=("date",),
    open_columns=Column("factor", "float32", "any", "more numbers", True),
)


def test_a_table_is_a_section_with_a_row_per_column():
    page = render([SMALL])

    assert "## market/rows\n\na table. Key: `date`; a write replaces a range of `date`.\n" in page
    assert "| column | type | unit | null | meaning |\n| --- | --- | --- | --- | --- |\n" in page
    assert "| `date` | date | session | no | the day |\n" in page
    assert "| `x` | float64 | a\\|b | yes | a number |\n" in page
    assert "| *factor columns* | float32 | any | yes | more numbers |\n" in page


def test_factor_rows_are_listed_under_the_keys_of_the_first():
    page = render([SMALL], [{"name": "sma_5", "warm-up": 5}, {"name": "sma_10", "warm-up": 10}])

    assert (
        "## Factor columns of factors/panel\n\n| name | warm-up |\n| --- | --- |\n| sma_5 | 5 |\n| sma_10 | 10 |\n"
        in page
    )


def test_every_declared_table_and_column_appears():
    page = render(TABLES)

    for table in TABLES:
        assert f"## {table.layer}/{table.name}\n" in page
        assert all(f"| `{column.name}` | {column.type} | " in page for column in table.columns)
