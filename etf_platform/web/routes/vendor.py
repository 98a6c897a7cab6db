"""The chart library: plotly.js, out of the installed Python package, so that no page asks another host for it.

Compressed once per process (4.8 MB to 1.5 MB), kept by browsers for a day, then asked for again by its tag. Not here:
the page's own files (`pages`).
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from etf_platform.web.failures import NotFoundError

router = APIRouter(include_in_schema=False)
FILE = Path("package_data", "plotly.min.js")
KEPT = "public, max-age=86400"
TYPE = "text/javascript; charset=utf-8"


@dataclass(frozen=True)
class Script:
    """A script, plain and packed; `etag` is of its content."""

    plain: bytes
    packed: bytes
    etag: str


@router.get("/static/vendor/plotly.min.js")
def plotly(request: Request) -> Response:
    """plotly.js; 304 for a browser that has it."""
    script = _script()
    headers = {"ETag": script.etag, "Cache-Control": KEPT, "Vary": "Accept-Encoding"}
    if script.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(script.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=TYPE)
    return Response(script.plain, headers={**headers, "Content-Encoding": "identity"}, media_type=TYPE)


@lru_cache(maxsize=1)
def _script() -> Script:
    """The installed library; it is found without importing plotly, which takes a while."""
    found = find_spec("plotly")
    folders = [Path(folder) for folder in (found.submodule_search_locations or ())] if found else []
    path = next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)
    if path is None:
        raise NotFoundError("serving the chart library", "plotly is not installed", "install the package plotly")
    plain = path.read_bytes()
    return Script(plain, gzip.compress(plain, 9, mtime=0), f'"{hashlib.blake2b(plain, digest_size=12).hexdigest()}"')
