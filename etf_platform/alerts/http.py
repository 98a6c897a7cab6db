"""One JSON document to one webhook, and what its answer means. Not here: what the document says, retries, rates."""

import ipaddress
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from etf_platform.alerts.channel import Outlet, Receipt

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines show paths, which hold tokens


@dataclass(frozen=True)
class Codes:
    """What a service means by `errcode`: too fast, and never again. Any other code than 0 may pass later."""

    limited: frozenset[int] = frozenset()
    permanent: frozenset[int] = field(default_factory=frozenset)
    is_required: bool = True


def send_json(url: str, document: Mapping[str, Any], outlet: Outlet, codes: Codes, name: str = "") -> Receipt:
    """POST a document and judge the answer: status, then `errcode`, for a 200 with an error code is a failure.

    TLS is verified, redirects are refused, plain http is for this machine only. `name` goes out as `Idempotency-Key`.
    """
    if not _is_allowed(url):
        return Receipt(False, "the address is neither https nor on this machine")
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": name}
    timeout = outlet.config.timeout_seconds
    try:
        reply = requests.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return _unanswered(error)
    return _judged(reply, codes, outlet)


def _unanswered(error: requests.RequestException) -> Receipt:
    """A failure without an answer; the address stays out of the detail, for it holds the token."""
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return Receipt(False, "the address is no URL")
    detail = f"no answer ({type(error).__name__})"
    reason = getattr(error.args[0], "reason", None) if error.args else None
    early = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError)
    return Receipt(False, detail, retryable=True, uncertain=not (early or isinstance(reason, NewConnectionError)))


def _judged(reply: requests.Response, codes: Codes, outlet: Outlet) -> Receipt:
    if reply.status_code == 429:
        return Receipt(False, "status 429", retryable=True, rate_limited=True)
    if not 200 <= reply.status_code < 300:
        return Receipt(False, f"status {reply.status_code}", retryable=reply.status_code >= 500)
    code, text = _errcode(reply)
    if code == 0 or (code is None and not codes.is_required):
        return Receipt(True)
    if code is None:
        return Receipt(False, "status 200 without errcode", retryable=True, uncertain=True)
    detail = f"errcode {code} {outlet.secrets.mask(text)[:200]}".rstrip()
    limited = code in codes.limited
    return Receipt(False, detail, retryable=code not in codes.permanent, rate_limited=limited)


def _errcode(reply: requests.Response) -> tuple[int | None, str]:
    try:
        document = reply.json()
    except requests.exceptions.JSONDecodeError:
        return None, ""
    code = document.get("errcode") if isinstance(document, dict) else None
    if isinstance(code, bool) or not isinstance(code, int):
        return None, ""
    return code, " ".join(str(document.get("errmsg", "")).split())


def _is_allowed(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
