"""Whether a version may go out as a release candidate: any PEP 440 pre-release, and no tag of it on other code.

Not here: reading git (`orchestration.weekly`), staged releases of strategies (`governance.releases`).
"""

import re
from collections.abc import Mapping

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, overall
from etf_platform.governance.weekly.artefact import Artefact

NAME = "release_candidate_guard"

# PEP 440, appendix B, without local versions: they are never published
_VERSION = re.compile(
    r"v?(\d+!)?(?P<release>\d+(\.\d+)*)"
    r"(?P<pre>[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(?P<post>-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"(?P<dev>[-_.]?dev[-_.]?\d*)?",
    re.IGNORECASE,
)


def form(version: str) -> str:
    """`final`, `pre`, `dev` or `post` release in the sense of PEP 440, or `invalid`."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return "invalid"
    return next((name for name in ("dev", "pre", "post") if match[name]), "final")


def build(about: About, version: str, tags: Mapping[str, str], head: str) -> Artefact:
    """The guard's verdict.

    Parameters
    ----------
    tags : mapping of str to str
        Tag -> full commit, of the whole repository.
    head : str
        Full commit of the checkout; empty when it is not known.
    """
    named = {tag: commit for tag, commit in tags.items() if tag.lstrip("v") == version.lstrip("v")}
    checks = {"version_form": _form(version), "tag": _tag(version, named, head)}
    body = {
        "version": version,
        "form": form(version),
        "tags": [{"tag": tag, "commit": commit, "at_head": commit == head} for tag, commit in sorted(named.items())],
        "checks": [{"key": key, "state": str(state), "reason": why} for key, (state, why) in checks.items()],
    }
    return about.artefact(NAME, overall(checks.values()), body)


def _form(version: str) -> Judged:
    found = form(version)
    if found == "invalid":
        return State.FAIL, f"{version!r} is no version in the sense of PEP 440"
    if found in ("pre", "dev"):
        return State.PASS, ""
    return State.FAIL, f"{version} is a {found} release; a candidate is a pre-release, e.g. {version}rc1"


def _tag(version: str, named: Mapping[str, str], head: str) -> Judged:
    if not head:
        return State.BLOCKED, "missing: git does not name the commit"
    other = sorted(tag for tag, commit in named.items() if commit != head)
    if other:
        return State.FAIL, f"{', '.join(other)} is on other code"
    return (State.PASS, "") if named else (State.WARN, f"no tag v{version} yet")
