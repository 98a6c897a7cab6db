"""Errors as JSON: what we were doing, what we saw, what to do. Never a traceback, never a secret.

Not here: the errors themselves (`core.errors`), refusals (`security`).
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from etf_platform.core import errors
from etf_platform.core.secrets import Secrets

LOG = logging.getLogger("etf_platform.web")

STATUSES: tuple[tuple[type[errors.PlatformError], HTTPStatus], ...] = (
    (errors.MissingTableError, HTTPStatus.NOT_FOUND),
    (errors.UnknownUnitError, HTTPStatus.NOT_FOUND),
    (errors.StorageConflictError, HTTPStatus.CONFLICT),
    (errors.GateClosedError, HTTPStatus.CONFLICT),
    (errors.BadInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.NotASessionError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.CalendarEndError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.SchemaError, HTTPStatus.UNPROCESSABLE_ENTITY),
)
OTHERWISE = HTTPStatus.SERVICE_UNAVAILABLE


class NotFoundError(errors.PlatformError):
    """Something that was asked for by name does not exist."""


def problem_response(
    status: HTTPStatus | int,
    doing: str,
    saw: str,
    remedy: str,
    problems: Sequence[Mapping[str, str]] = (),
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A failure as JSON: `detail` (one sentence unless given), its three parts, and single problems of a request."""
    content: dict[str, Any] = {
        "detail": detail if detail is not None else f"{doing}: {saw}; {remedy}.",
        "doing": doing,
        "saw": saw,
        "remedy": remedy,
        "problems": list(problems),
    }
    return JSONResponse(content, int(status), dict(headers or {}))


def handle_failures(app: FastAPI, secrets: Secrets) -> None:
    """Have the application answer every failure as JSON, without the values of `secrets`."""

    @app.exception_handler(errors.PlatformError)
    async def _ours(request: Request, error: errors.PlatformError) -> JSONResponse:
        doing, saw, remedy = (secrets.mask(part) for part in (error.doing, error.saw, error.remedy))
        return problem_response(status_of(error), doing, saw, remedy)

    @app.exception_handler(RequestValidationError)
    async def _request(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [
            {"where": _where(e["loc"]), "problem": e["msg"].removeprefix("Value error, ")} for e in error.errors()
        ]
        saw = "; ".join(f"{p['where']}: {p['problem']}" for p in problems[:5])
        doing = f"reading the request {request.method} {request.url.path}"
        remedy = "correct it as /docs describes"
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, doing, saw, remedy, problems)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        doing, detail = f"answering {request.method} {request.url.path}", str(error.detail)
        remedy = "see /docs for what can be asked"
        return problem_response(error.status_code, doing, detail, remedy, detail=detail, headers=error.headers)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        LOG.exception("unforeseen error at %s", request.url.path, exc_info=error)
        doing, saw = f"answering {request.method} {request.url.path}", "an error that nobody foresaw"
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, doing, saw, "look at the server's log")


def status_of(error: errors.PlatformError) -> HTTPStatus:
    """The HTTP status that says whose turn it is."""
    if isinstance(error, NotFoundError):
        return HTTPStatus.NOT_FOUND
    return next((status for kind, status in STATUSES if isinstance(error, kind)), OTHERWISE)


def _where(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location) or "request"
