"""One SQL over lake and ops tables: what it answers, and what it refuses."""

import datetime as dt

import pandas as pd
import pytest
import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.core.tables import METRICS, PANEL
from etf_platform.storage import ledger
from etf_platform.storage.ledger import TableWrite
from etf_platform.storage.opsdb import EXPERIMENTS, open_ops
from etf_platform.storage.query import query


@pytest.fixture
def ops(tmp_path) -> sa.Engine:
    return open_ops(f"sqlite:///{tmp_path}/ops.db")


@pytest.fixture
def filled(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2023-12-28", "2024-01-03"))
    lake.write(METRICS, "QDII", pd.DataFrame(columns=["metric", "value", "unit", "source"]))
    return lake


def test_a_view_answers_for_the_newest_version_over_all_years(filled):
    got = query(filled, None, "SELECT date, count(*) AS n FROM factors_A_SHARE_panel GROUP BY date ORDER BY date")

    assert got["n"].tolist() == [3] * 5
    assert got["date"].dtype == "datetime64[ns]" and got["date"][0] == pd.Timestamp("2023-12-28")


def test_case_of_a_view_name_does_not_matter_and_the_partition_stays_hidden(filled):
    got = query(filled, None, "select * from FACTORS_a_share_PANEL")

    assert got.columns.tolist() == ["date", "symbol", "source", "factor_0", "factor_1"]


def test_an_empty_table_answers_with_its_columns(filled):
    assert query(filled, None, "SELECT metric, value FROM backtest_QDII_metrics").columns.tolist() == [
        "metric",
        "value",
    ]


def test_lake_and_ops_tables_can_be_joined(filled, ops):
    day = dt.date(2024, 1, 3)
    ledger.record_table_write(
        ops, TableWrite("factors/A_SHARE/panel", 0, "run 1", "sample", "digest", "c0ffee", day, day, 3)
    )

    got = query(
        filled,
        ops,
        "SELECT w.run_id, count(*) AS n FROM factors_A_SHARE_panel p "
        'JOIN ops_table_writes w ON p.date BETWEEN w."start" AND w."end" GROUP BY w.run_id',
    )

    assert got.to_dict("records") == [{"run_id": "run 1", "n": 3}]


def test_every_ops_table_can_be_asked_while_empty(filled, ops):
    for name in ("fuse_verdicts", "snapshots", "accepted_runs", "table_writes", "experiments"):
        assert len(query(filled, ops, f"SELECT * FROM ops_{name}")) == 0


def test_a_document_column_is_json_text(filled, ops):
    made = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
    with ops.begin() as connection:
        connection.execute(EXPERIMENTS.insert().values(created_at=made, params={}, result={"sharpe": 1.5}))

    got = query(filled, ops, "SELECT json_extract(result, '$.sharpe')::DOUBLE AS sharpe FROM ops_experiments")
    assert got["sharpe"].tolist() == [1.5]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT * FROM factors_A_SHARE_pannel", "did you mean factors_A_SHARE_panel"),
        ("SELECT * FROM ops_fuse_verdict", "did you mean ops_fuse_verdicts"),
        ("SELECT factor_9 FROM factors_A_SHARE_panel", 'Candidate bindings: "factor_'),
        ("SELEC 1", "syntax error"),
        ("DROP TABLE ops_snapshots", "the lake is read-only here: ask one SELECT"),
        ("COPY (SELECT 1) TO 'out.csv'", "the lake is read-only here: ask one SELECT"),
        ("SELECT 1; SELECT 2", "it is not one SELECT statement"),
        ("", "it is not one SELECT statement"),
        ("SELECT * FROM read_csv('/etc/hostname')", "Permission Error"),
        ("SELECT 'a'::INTEGER", "Could not convert string"),
    ],
)
def test_a_query_that_cannot_be_answered_gives_one_sentence(filled, ops, sql, sentence):
    with pytest.raises(StorageError) as caught:
        query(filled, ops, sql)

    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_variable_of_the_caller_is_no_table(filled):
    hidden = pd.DataFrame({"a": [1]})

    with pytest.raises(StorageError, match="hidden"):
        query(filled, None, "SELECT * FROM hidden")
    assert len(hidden) == 1
