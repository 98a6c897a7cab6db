"""Markdown of the rollback tag. Not here: what it says (`governance.weekly.rollback_tag`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import code, grid, page


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    names = ("strategy", "release", "tag", "commit", "created", "reused_existing", "rehearsed_on")
    sections = {
        "Rollback Tag": grid(("what", "value"), ((name, document[name]) for name in names)),
        "To push it": code([document["push_command"]] if document["push_command"] else []),
    }
    return page("Rollback Tag", document, sections)
