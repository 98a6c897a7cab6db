"""Pieces of the weekly Markdown: heads, sections, tables, lists.

Here: how a document, a table, a state, a number looks in Markdown. Not here: headings and order of a document (its own
module).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etf_platform.reports.display import NOT_DEFINED, shown

Document = Mapping[str, Any]
Column = tuple[str, str, str]  # head, key, unit
Columns = Sequence[Column]
NONE = "None."
DIGEST = 12  # digits of a SHA-256 that people are shown


def page(title: str, document: Document, sections: Mapping[str, Iterable[str]], lead: Iterable[str] = ()) -> str:
    """A whole document: its head, a few lines, then sections in their order; ends with a line break.

    A document that has a section of its own for its status does not say it twice.
    """
    lines = [*head(title, document, "Status" not in sections), *lead]
    for name, body in sections.items():
        lines += section(name, body)
    return text(lines)


def head(title: str, document: Document, with_status: bool = True) -> list[str]:
    """Title, week, status and reason, date, code: the first lines of every document."""
    reason, as_of = brief(document.get("reason") or "", 400), str(document.get("as_of") or "")
    lines = [f"# {title}", "", f"- Week: {document['week']}"]
    if with_status:
        lines += [f"- Status: **{document['status']}**", *[f"- Reason: {reason}"] * bool(reason)]
    lines += [f"- As of: {as_of}"] * bool(as_of)
    git = document.get("git") or {}
    dirty = {True: ", with changes that are not committed", False: "", None: ""}[git.get("dirty")]
    return [*lines, f"- Code: {git.get('commit') or 'unknown'}{dirty}"]


def section(title: str, lines: Iterable[str], level: int = 2) -> list[str]:
    """A heading and what stands below it; "None." where nothing does."""
    return ["", f"{'#' * level} {title}", "", *(list(lines) or [NONE])]


def table(rows: Sequence[Mapping[str, Any]], columns: Columns) -> list[str]:
    """A table of mappings; no lines without rows. Numbers are rounded for people, the JSON has every digit."""
    heads = [name for name, _, _ in columns]
    return _lines(heads, [[cell(row.get(key), unit) for _, key, unit in columns] for row in rows])


def grid(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table of rows in the order of its heads; no lines without rows."""
    return _lines(heads, [[cell(each) for each in row] for row in rows])


def shortened(rows: Sequence[Mapping[str, Any]], columns: Columns, most: int = 30) -> list[str]:
    """A table of the first rows, and how many more the JSON has."""
    left = len(rows) - most
    return table(rows[:most], columns) + (["", f"... and {left} more in the JSON."] if left > 0 else [])


def bullets(items: Iterable[Any], box: str = "") -> list[str]:
    """A list; `box` is `[ ]` or `[x]`."""
    mark = f"- {box} " if box else "- "
    return [mark + " ".join(str(item).split()) for item in items]


def code(items: Iterable[str]) -> list[str]:
    """Lines as they are typed; none without lines."""
    lines = list(items)
    return ["```", *lines, "```"] if lines else []


def inputs(document: Document) -> list[str]:
    """The inputs with date and the first digits of their digest; the JSON has it whole."""
    rows = [{**row, "said": row["sha256"][:DIGEST]} for row in document["inputs"]]
    return table(rows, (("Path", "path", ""), ("SHA-256", "said", ""), ("As of", "as_of", "")))


def signatures(roles: Iterable[str]) -> list[str]:
    """Who has to sign; the signatures themselves stand in the sign-off pack."""
    lines = bullets(f"{role}: see `signoff_pack.md`" for role in roles)
    return [*lines, "", "Signed by command only: `gov manual-update`."]


def text(lines: Iterable[str]) -> str:
    """The document as text that ends with a line break."""
    return "\n".join(lines) + "\n"


def brief(said: Any, most: int = 160) -> str:
    """The beginning of a long reason; the document that it is from says all."""
    line = " ".join(str(said).split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def cell(value: Any, unit: str = "") -> str:
    """A value inside a table: lists and mappings in one line, no bars, no line breaks; `-` for nothing."""
    return " ".join(_said(value, unit).split()).replace("|", "\\|") or "-"


def value(document: Mapping[str, Any], key: str, unit: str = "") -> str:
    """One value of a mapping as people read it."""
    return shown(document.get(key), unit) if document.get(key) is not None else NOT_DEFINED


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruled = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(cells)} |" for cells in ruled] if rows else []


def _said(value: Any, unit: str) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_said(each, unit) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(each, unit)}" for name, each in value.items())
    return shown(value, unit)
