"""Pieces of the weekly Markdown: heads, tables, lists.

Here: how a table, a state, a number looks in Markdown. Not here: headings and order of a document (its own module).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etf_platform.reports.display import NOT_DEFINED, shown

Document = Mapping[str, Any]
Column = tuple[str, str, str]  # head, key, unit


def head(title: str, document: Document) -> list[str]:
    """Title, week, state and reason: the first lines of every document."""
    reason = str(document.get("reason") or "")
    as_of = str(document.get("as_of") or "")
    lines = [f"# {title}", "", f"- Week: {document['week']}", f"- Status: **{document['status']}**"]
    lines += [f"- Reason: {reason}"] * bool(reason) + [f"- As of: {as_of}"] * bool(as_of)
    git = document.get("git") or {}
    dirty = {True: ", with changes that are not committed", False: "", None: ""}[git.get("dirty")]
    return [*lines, f"- Code: {git.get('commit') or 'unknown'}{dirty}"]


def section(title: str, lines: Iterable[str], level: int = 2) -> list[str]:
    """A heading and what stands below it; "None." where nothing does."""
    return ["", f"{'#' * level} {title}", "", *(list(lines) or ["None."])]


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[str]:
    """A Markdown table; no lines without rows. Numbers are rounded for people, the JSON has every digit."""
    if not rows:
        return []
    heads, rule = " | ".join(name for name, _, _ in columns), " | ".join("---" for _ in columns)
    body = [" | ".join(_cell(row.get(key), unit) for _, key, unit in columns) for row in rows]
    return [f"| {line} |" for line in (heads, rule, *body)]


def shortened(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], most: int = 30) -> list[str]:
    """A table of the first rows, and how many more the JSON has."""
    left = len(rows) - most
    return table(rows[:most], columns) + (["", f"... and {left} more in the JSON."] if left > 0 else [])


def bullets(items: Iterable[str], box: str = "") -> list[str]:
    """A list; `box` is `[ ]` or `[x]`."""
    return [f"- {box} {item}".replace("-  ", "- ") for item in items]


def inputs(document: Document) -> list[str]:
    """The inputs with digest and date."""
    columns = (("Path", "path", ""), ("SHA-256 or version", "sha256", ""), ("As of", "as_of", ""))
    return table(document["inputs"], columns)


def text(lines: Iterable[str]) -> str:
    """The document as text that ends with a line break."""
    return "\n".join(lines) + "\n"


def _cell(value: Any, unit: str) -> str:
    if isinstance(value, list | tuple):
        said = ", ".join(_cell(each, unit) for each in value)
    elif isinstance(value, Mapping):
        said = ", ".join(f"{name} {_cell(each, unit)}" for name, each in value.items())
    else:
        said = shown(value, unit)
    return said.replace("|", "\\|").replace("\n", " ") or "-"


def value(document: Mapping[str, Any], key: str, unit: str = "") -> str:
    """One value of a mapping as people read it."""
    return shown(document.get(key), unit) if document.get(key) is not None else NOT_DEFINED
