"""The page and its files. Not here: what is on it (`static`, `templates`)."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from etf_platform.web.describing import describe

WEB = Path(__file__).resolve().parents[1]
INDEX, STATIC = WEB / "templates" / "index.html", WEB / "static"
# Scripts, requests and pictures of this server only, nothing inline. Styles are the exception: plotly.js writes its rules
# into a <style> of its own and `style` attributes into the SVG, which a policy can only allow as a whole.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
PLAIN = '<!doctype html><meta charset="utf-8"><title>etf_platform</title><a href="/docs">API</a>'

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/frontend")
def page() -> Response:
    """The page; a link to the API where it was not installed."""
    headers = {"Content-Security-Policy": POLICY}
    if not INDEX.is_file():
        return HTMLResponse(PLAIN, headers=headers)
    return FileResponse(INDEX, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/docs")
def description(request: Request) -> HTMLResponse:
    """What can be asked, as a page without scripts."""
    return HTMLResponse(describe(request.app), headers={"Content-Security-Policy": POLICY})


@router.get("/favicon.ico")
def icon() -> FileResponse:
    """The icon, for browsers that ask for it beside pages that name none."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")


def mount_static(app: FastAPI) -> None:
    """Serve the page's files below /static."""
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
