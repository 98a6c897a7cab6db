"""Markdown of the release candidate guard. Not here: what it says (`governance.weekly.release_candidate_guard`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.parts import lead_of, page, records


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    sections = {
        "Version": f"`{document['version']}` ({document['form']})",
        "Checks": records(("key", "state", "reason"), document["checks"]),
        "Tags": records(("tag", "commit", "at_head"), document["tags"]),
    }
    return page("Release Candidate Guard", lead_of(document), sections)
