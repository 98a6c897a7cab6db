"""Bytes of a reply to text or JSON, or a typed error: what every provider's envelope can suffer.

Cut off, another encoding, an HTML page, nothing at all, a callback around the JSON. What stands inside is the
provider's module's business.
"""

import json
import re
from typing import Any, NoReturn

from etf_platform.core.errors import ReplyKind
from etf_platform.core.units.source import reply_error

_CHINESE_UTF8 = re.compile("[\u4e00-\u9fff]")
_CALLBACK = re.compile(r"\s*[\w$.]{1,100}\s*\((.*)\)\s*;?\s*", re.DOTALL | re.ASCII)
_ASSIGNED = re.compile(r"\s*(?:var\s+)?[\w$]{1,100}\s*=\s*([\[{].*)", re.DOTALL | re.ASCII)
_BLOCKED = re.compile(rb"forbidden|access denied|too many requests|edge: too many", re.IGNORECASE)


def check_page(body: bytes, doing: str) -> None:
    """Refuse what is no data at all.

    Raises
    ------
    ReplyError
        `empty`, `html` or `blocked`.
    """
    start = body[:200].strip().lstrip(b"\xef\xbb\xbf").strip()
    if not body.strip():
        raise reply_error("empty", doing, "the reply is empty")
    if start.startswith(b"<"):
        raise reply_error("html", doing, "the reply is an HTML page")
    if len(body) < 500 and _BLOCKED.match(start):
        raise reply_error("blocked", doing, "the provider forbids the request")


def gbk_text(body: bytes, doing: str) -> str:
    """Text of a GBK reply whose last statement is closed by `";`.

    Raises
    ------
    ReplyError
        As `check_page`; `cut` without the closing; `encoding` where the bytes are no GBK, or are Chinese in UTF-8.
    """
    check_page(body, doing)
    if not body.rstrip().endswith(b'";'):
        raise reply_error("cut", doing, "the last statement is not closed")
    try:
        is_utf8 = bool(_CHINESE_UTF8.search(body.decode("utf-8")))
    except UnicodeDecodeError:
        is_utf8 = False
    try:
        text = body.decode("gbk")
    except UnicodeDecodeError as error:
        raise reply_error("encoding", doing, f"byte {error.start} is no GBK") from error
    if is_utf8:
        raise reply_error("encoding", doing, "the text is UTF-8 instead of GBK")
    return text


def utf8_text(body: bytes, doing: str) -> str:
    """Text of a UTF-8 reply; raises ReplyError as `check_page`, and `encoding` (`cut` inside the last character)."""
    check_page(body, doing)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind: ReplyKind = "cut" if error.reason == "unexpected end of data" else "encoding"
        raise reply_error(kind, doing, f"byte {error.start} is no UTF-8") from error


def json_object(body: bytes, doing: str) -> dict[str, Any]:
    """The JSON object of a reply, with or without a callback or `name=` around it.

    Raises
    ------
    ReplyError
        As `utf8_text`; `cut` where the text ends too early; `layout` where it is no JSON object.
    """
    text = utf8_text(body, doing).strip()
    if wrapped := _CALLBACK.fullmatch(text) or _ASSIGNED.fullmatch(text):
        text = wrapped[1].strip()
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        kind: ReplyKind = "cut" if _is_open(text) else "layout"
        raise reply_error(kind, doing, f"no JSON: {error.msg} at character {error.pos} of {len(text)}") from error
    except (ValueError, RecursionError) as error:
        raise reply_error("layout", doing, f"no JSON: {error}"[:200]) from error
    if not isinstance(value, dict):
        raise reply_error("layout", doing, f"the JSON is a {type(value).__name__}, not an object")
    return value


def _is_open(text: str) -> bool:
    return bool(re.match(r"[\w$.]*\s*\(?\s*[{\[]", text)) and not text.rstrip(");\n ").endswith(("}", "]"))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
