"""Markdown of the rollback tag. Not here: what it says (`governance.weekly.rollback_tag`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.parts import lead_of, page, table


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    names = ("strategy", "release", "tag", "commit", "created", "reused_existing", "rehearsed_on")
    sections = {
        "Rollback Tag": table(("", ""), ((name, document[name]) for name in names)),
        "To push it": f"```\n{document['push_command']}\n```" if document["push_command"] else "- nothing to push",
    }
    return page("Rollback Tag", lead_of(document), sections)
