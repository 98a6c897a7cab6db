"""Pieces of Markdown that the documents of the weekly pack share: title, sections, tables, lists, sign-off lines.

Not here: what a document says (its own module).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NONE = "- none"


def page(title: str, lead: Sequence[str], sections: Mapping[str, str]) -> str:
    """A whole document: title, a few lines, then sections in their order; ends with a line break."""
    parts = [f"# {title}", "\n".join(lead)] + [f"## {name}\n\n{text.strip()}" for name, text in sections.items()]
    return "\n\n".join(part for part in parts if part) + "\n"


def lead_of(document: Mapping[str, Any]) -> list[str]:
    """Week and state of a document, and the beginning of the reason."""
    state = f"- State: **{document['status']}**"
    reason = str(document.get("reason") or "")
    return [f"- Week: {document['week']}", f"{state} ({brief(reason)})" if reason else state]


def brief(text: Any, most: int = 160) -> str:
    """The beginning of a long reason; the document that it is from says all."""
    said = cell(text)
    return said if len(said) <= most else said[:most].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def bullets(lines: Iterable[Any]) -> str:
    """One line each; says so when there is none."""
    return "\n".join(f"- {cell(line)}" for line in lines) or NONE


def boxes(lines: Iterable[tuple[bool, str]]) -> str:
    """A line with a box each, ticked or not."""
    return "\n".join(f"- [{'x' if done else ' '}] {cell(line)}" for done, line in lines) or NONE


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table with a head; says so when it has no rows."""
    lines = ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    if not lines:
        return NONE
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns), *lines])


def records(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table of mappings: one column per key."""
    return table(columns, ([row.get(name) for name in columns] for row in rows))


def cell(value: Any) -> str:
    """A value inside a line or a table: no line breaks, no bars; numbers to four digits; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(str(value).split()).replace("|", "\\|")


def signatures(roles: Iterable[str]) -> str:
    """Who has to sign; the signatures themselves stand in the sign-off pack."""
    return "\n".join(
        [*(f"- {role}: see `signoff_pack.md`" for role in roles), "", "Signed by command only: `gov manual-update`."]
    )
