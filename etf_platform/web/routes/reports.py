"""Reports for people: which there are, and the files themselves. Nothing outside their folder is ever given."""

import datetime as dt
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse

from etf_platform.web.failures import NotFoundError
from etf_platform.web.models.paging import Limit, Offset, Page, page_of
from etf_platform.web.models.platform import Report
from etf_platform.web.reading import Read
from etf_platform.web.services import Services

router = APIRouter(prefix="/api/v2/reports", tags=["platform"])
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
ALONE = {"Content-Security-Policy": "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data:"}
LATEST = "daily/latest.html"


@router.get("")
def listed(
    read: Read,
    kind: Annotated[str | None, Query(max_length=40, description="first folder")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Page[Report]:
    """Reports, newest first."""
    root = read.services.workspace.reports
    files = [path for path in root.rglob("*") if path.suffix in TYPES and path.is_file()] if root.is_dir() else []
    found = sorted((_report(root, path) for path in files), key=lambda r: (r.modified_at, r.path), reverse=True)
    return Page[Report](**page_of([r for r in found if kind in (None, r.kind)], limit, offset))


@router.get("/{path:path}", response_class=FileResponse, responses={200: {"content": {"text/html": {}}}})
def report(read: Read, path: Annotated[str, Path(max_length=300)]) -> FileResponse:
    """A report; its scripts cannot reach this server."""
    root = read.services.workspace.reports
    found = inside(root, path)
    if found is None:
        raise NotFoundError("looking up a report", f"there is no {path!r}", "take a path of /api/v2/reports")
    return FileResponse(found, media_type=TYPES[found.suffix], headers=ALONE)


def inside(root: File, path: str) -> File | None:
    """The file of a path below `root`; None where there is none, or it lies (or leads) outside."""
    if "\0" in path:
        return None
    try:
        found = (root / path).resolve()
        is_file = found.is_relative_to(root.resolve()) and found.suffix in TYPES and found.is_file()
    except OSError:
        return None
    return found if is_file else None


def todays_report(services: Services) -> str | None:
    """Path of the last daily report below the folder of reports; None before the first."""
    return LATEST if (services.workspace.reports / LATEST).is_file() else None


def _report(root: File, path: File) -> Report:
    facts, relative = path.stat(), path.relative_to(root)
    return Report(
        path=relative.as_posix(),
        title=path.stem,
        kind=relative.parts[0] if len(relative.parts) > 1 else "",
        bytes=facts.st_size,
        modified_at=dt.datetime.fromtimestamp(facts.st_mtime, dt.UTC),
    )
