"""Markdown of the release candidate guard. Not here: what it says (`governance.weekly.release_candidate_guard`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import page, table

CHECKS = (("check", "key", ""), ("state", "state", ""), ("reason", "reason", ""))
TAGS = (("tag", "tag", ""), ("commit", "commit", ""), ("at HEAD", "at_head", ""))


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    sections = {
        "Version": [f"`{document['version']}` ({document['form']})"],
        "Checks": table(document["checks"], CHECKS),
        "Tags": table(document["tags"], TAGS),
    }
    return page("Release Candidate Guard", document, sections)
