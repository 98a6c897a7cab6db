"""The page and its files. Not here: what is on it (`static`, `templates`)."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from etf_platform.web.describing import describe

WEB = Path(__file__).resolve().parents[1]
INDEX, STATIC = WEB / "templates" / "index.html", WEB / "static"
# Two <style> elements of plotly.js 4.1 are let in by their hashes: an empty one, which it fills through the object
# model, and the style sheet of its maps. Of another version the second is refused, which charts do not notice.
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
NOWHERE = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
POLICY = (
    f"default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self' {PLOTLY_STYLES}; "
    f"{NOWHERE}"
)
DOCS_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; {NOWHERE}"
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
    return HTMLResponse(describe(request.app), headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/favicon.ico")
def icon() -> FileResponse:
    """The icon, for browsers that ask for it beside pages that name none."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")


def mount_static(app: FastAPI) -> None:
    """Serve the page's files below /static."""
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
