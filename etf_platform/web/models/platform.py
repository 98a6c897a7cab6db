"""The platform's other tables: pools, fuses, reports, any table. House terms: fractions, yuan; null is unknown."""

import datetime as dt
from typing import Any

from pydantic import Field

from etf_platform.web.models.paging import Answered

Cell = str | float | int | bool | None


class Pool(Answered):
    """A pool (or the portfolio) at a glance."""

    pool: str
    name: str
    members: int
    last_session: dt.date | None
    state: str = Field(description="worst of its fuses: PASS, WARN, FAIL, or BLOCKED where none has judged")
    reason: str = Field(description="first reason that it is not PASS")
    metrics: dict[str, float | None] = Field(description="fractions; sharpe is a ratio, annual_turnover per year")


class Metric(Answered):
    """A figure of a back-test."""

    metric: str
    value: float | None
    unit: str


class EquityPoint(Answered):
    """The account of a back-test at a close."""

    date: dt.date
    value: float = Field(description="yuan; the portfolio's starts at 1")
    drawdown: float = Field(description="value / highest value so far - 1, fraction, <= 0")


class Verdict(Answered):
    """The last judgement of a fuse."""

    universe: str
    guards: str = Field(description="<layer>/<table> whose readers it protects")
    fuse: str
    as_of: dt.date
    state: str
    observed: float | None
    limit: float | None
    reason: str
    recorded_at: dt.datetime
    run_id: str


class Report(Answered):
    """A report for people."""

    path: str = Field(description="below the folder of reports; /api/v2/reports/<path> gives it")
    title: str
    kind: str = Field(description="first folder: daily, risk, signal ...")
    bytes: int
    modified_at: dt.datetime = Field(description="UTC")


class TableColumn(Answered):
    """A column as declared."""

    name: str
    type: str
    unit: str
    meaning: str
    nullable: bool


class TableSchema(Answered):
    """A stored table: what it means, its columns, its key, its newest version."""

    address: str = Field(description="<layer>/<universe>/<name>")
    layer: str
    universe: str
    name: str
    meaning: str
    key: list[str]
    range_column: str | None
    version: int | None
    columns: list[TableColumn] = Field(description="as stored: open columns of a panel included")


class TableEntry(Answered):
    """A stored table in the list."""

    address: str
    layer: str
    universe: str
    name: str
    meaning: str


class Rows(Answered):
    """A page of rows."""

    address: str
    version: int | None
    total: int
    limit: int
    offset: int
    columns: list[str]
    items: list[dict[str, Any]]


class Links(Answered):
    """Where a person finds more."""

    dagster: str | None = Field(description="Dagster's UI")
    report: str | None = Field(description="path of today's report below /api/v2/reports")
    docs: str
