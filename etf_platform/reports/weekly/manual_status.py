"""Markdown of the form that only people fill in. Not here: what it says (`governance.weekly.manual`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import bullets, grid, page


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    sections = {"Manual Checks": items(document["items"]), "Role Sign-offs": signoffs(document["signoffs"])}
    if document["outdated"]:
        sections["Signed files that have changed"] = bullets(document["outdated"])
    return page("Manual Status", document, sections)


def items(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every item with its box, who did it and when."""
    shown = ((_box(row), row["label"], key, row["by"], row["at"]) for key, row in rows.items())
    return grid(("done", "项目", "key", "by", "at (UTC)"), shown)


def signoffs(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every role with its box, who signed and when."""
    shown = ((_box(row), role, row["by"], row["at"]) for role, row in rows.items())
    return grid(("signed", "role", "by", "at (UTC)"), shown)


def _box(row: Mapping[str, Any]) -> str:
    return "☑" if row["done"] else "☐"
