"""What every group of answers shares: failures, pages of a list, free rows, acknowledgements."""

import datetime as dt
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Item = TypeVar("Item")
Row = dict[str, Any]

FIRST, LAST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
MOST = 1_000


def _day(value: dt.date) -> dt.date:
    if not FIRST <= value <= LAST:
        raise ValueError(f"a day from {FIRST} to {LAST}")
    return value


Day = Annotated[dt.date, AfterValidator(_day)]
Code = Annotated[str, Path(pattern=r"^[0-9]{6}$", description="six digits", examples=["600519"])]
Symbol = Annotated[
    str, Path(pattern=r"^\^?[A-Z0-9-]{1,10}(\.[A-Z]{2})?$", description="house symbol", examples=["510300.SH"])
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="rows of the page")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="rows before the page")]


class Answered(BaseModel):
    """Base of all answers: built once, never changed."""

    model_config = ConfigDict(frozen=True)


class ProblemOf(Answered):
    """One thing that is wrong with a request."""

    where: str = Field(description="part of the request, e.g. query.limit")
    problem: str


class Problem(Answered):
    """Why a request was not answered: one sentence, and its parts."""

    detail: str = Field(description="the sentence")
    doing: str = Field(description="what the server was doing")
    saw: str = Field(description="what it saw")
    remedy: str = Field(description="what to do")
    problems: list[ProblemOf] = Field(default_factory=list, description="single problems of an invalid request")


class Page(Answered, Generic[Item]):
    """A part of a list."""

    total: int = Field(description="length of the whole list")
    limit: int
    offset: int
    items: list[Item]


class Done(Answered):
    """What became of a changing request."""

    status: str
    message: str


def page_of(rows: list[Item], limit: int, offset: int) -> dict[str, Any]:
    """The wanted part of a list that is at hand as a whole."""
    return {"total": len(rows), "limit": limit, "offset": offset, "items": rows[offset : offset + limit]}


FAILURES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request cannot be answered as it stands"},
    "5XX": {"model": Problem, "description": "The server cannot answer now"},
}
