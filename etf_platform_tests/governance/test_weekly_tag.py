"""The rollback tag marks the previous stable release, never the candidate; a candidate's version is a pre-release."""

import datetime as dt
import subprocess
from dataclasses import replace

import pytest

from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance.releases import Release, Releases
from etf_platform.governance.weekly import release_candidate_guard as guard
from etf_platform.governance.weekly import rollback_tag
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.rollback_tag import Tagged
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.weekly import tagging
from etf_platform.orchestration.weekly.repository import tags
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.good_week import WEEK

ABOUT = About(WEEK, (dt.date(2024, 11, 8),))
NOW = dt.datetime(2024, 11, 11, 13, 4, 5, tzinfo=dt.UTC)
OLD, HEAD = "0a1b2c3d" + "0" * 32, "ffffffff" + "0" * 32
DAY = dt.date(2024, 11, 1)


def release(name: str, commit: str, **more) -> Release:
    return Release(name, "QDII", "EXP-1", "c", "{}", commit, more.pop("to", "CASH"), **more)


STABLE = release("REL-1", "0.1.0+0a1b2c3d0000", stage="FULL", stable_since=DAY)
RISING = release("REL-2", "0.1.0+ffffffff0000", to="REL-1", stage="S5")
BOTH = Releases(STABLE, RISING, {"REL-1": STABLE, "REL-2": RISING})


def test_the_previous_stable_release_is_taken_and_not_the_candidate():
    assert rollback_tag.previous(BOTH) == STABLE
    assert rollback_tag.previous(Releases(STABLE, None, {"REL-1": STABLE})) is None  # only cash was before it
    assert rollback_tag.previous(Releases()) is None


def test_the_tag_names_time_and_commit_and_is_used_again():
    new = rollback_tag.tag_of(Tagged(OLD, HEAD, {"v1": OLD, "backup-release-20240101-000000-ffffffff": HEAD}), NOW)
    again = rollback_tag.tag_of(Tagged(OLD, HEAD, {new[0]: OLD}), NOW + dt.timedelta(days=3))

    assert new == ("backup-release-20241111-130405-0a1b2c3d", False)
    assert again == ("backup-release-20241111-130405-0a1b2c3d", True)


def test_the_record_says_how_to_push_and_pushes_nothing():
    made = rollback_tag.build(ABOUT, "QDII", STABLE, Tagged(OLD, HEAD, {}), ("backup-release-x-0a1b2c3d", False), DAY)

    assert made.status == "PASS"
    assert {key: made.body[key] for key in ("created", "reused_existing", "tag", "ref", "commit", "push_command")} == {
        "created": True,
        "reused_existing": False,
        "tag": "backup-release-x-0a1b2c3d",
        "ref": "refs/tags/backup-release-x-0a1b2c3d",
        "commit": OLD,
        "push_command": "git push origin backup-release-x-0a1b2c3d",
    }


@pytest.mark.parametrize(
    ("of", "tagged", "status", "reason"),
    [
        (None, Tagged("", HEAD, {}), "BLOCKED", "falls back on cash"),
        (STABLE, Tagged(HEAD, HEAD, {}), "FAIL", "HEAD itself"),
        (STABLE, Tagged("", HEAD, {}), "BLOCKED", "git does not know"),
        (release("REL-0", "0.1.0"), Tagged("", HEAD, {}), "BLOCKED", "names no commit"),
        (release("REL-0", "0.1.0+0a1b2c3d0000.dirty"), Tagged(OLD, HEAD, {}), "BLOCKED", "names no commit"),
    ],
)
def test_what_cannot_be_tagged_is_said(of, tagged, status, reason):
    made = rollback_tag.build(ABOUT, "QDII", of, tagged, ("t", False), DAY)

    assert (made.status, made.body["tag"], made.body["created"]) == (status, "", False)
    assert reason in made.reason


def test_a_tag_whose_rollback_was_never_rehearsed_warns():
    made = rollback_tag.build(ABOUT, "QDII", STABLE, Tagged(OLD, HEAD, {}), ("t", False), None)

    assert (made.status, made.body["tag"]) == ("WARN", "t")
    assert "gov rollback --rehearse" in made.reason


@pytest.fixture
def git(tmp_path):
    """Calls git in a new repository."""

    def call(*words: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    call("init", "-q")
    return call


def test_tags_and_commits_are_read_from_git(tmp_path, git):
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("tag", "light")
    git("tag", "-a", "heavy", "-m", "annotated")
    first = git("rev-parse", "HEAD").strip()
    git("commit", "-q", "--allow-empty", "-m", "two")

    assert tags(tmp_path) == {"light": first, "heavy": first}
    assert tagging.commit(first[:12], tmp_path) == first
    assert tagging.commit("HEAD", tmp_path) != first
    assert tagging.commit("0123456789abcdef", tmp_path) == ""
    assert tagging.commit("HEAD", tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ("1.2.0rc1", "pre"),
        ("1.2.0rc7", "pre"),
        ("1.2a1", "pre"),
        ("1.2-beta.2", "pre"),
        ("1!1.0c3", "pre"),
        ("1.2.dev3", "dev"),
        ("1.2.0", "final"),
        ("1.2.0.post1", "post"),
        ("one", "invalid"),
        ("1.2rc", "pre"),
    ],
)
def test_forms_are_those_of_pep_440(version, form):
    assert guard.form(version) == form


@pytest.mark.parametrize(
    ("version", "known", "head", "status"),
    [
        ("1.2.0rc1", {"v1.2.0rc1": HEAD}, HEAD, "PASS"),
        ("1.2.0b3", {"1.2.0b3": HEAD, "v0.9": OLD}, HEAD, "PASS"),
        ("1.2.0rc1", {}, HEAD, "WARN"),
        ("1.2.0rc1", {"v1.2.0rc1": OLD}, HEAD, "FAIL"),
        ("1.2.0", {"v1.2.0": HEAD}, HEAD, "FAIL"),
        ("one", {}, HEAD, "FAIL"),
        ("1.2.0rc1", {}, "", "BLOCKED"),
    ],
)
def test_a_candidate_is_a_pre_release_whose_tag_is_on_this_code(version, known, head, status):
    assert guard.build(ABOUT, version, known, head).status == status


def test_the_previous_stable_release_of_the_ledger_is_tagged_in_git(tmp_path, git, staff):
    git("commit", "-q", "--allow-empty", "-m", "one")
    old = git("rev-parse", "HEAD").strip()
    git("commit", "-q", "--allow-empty", "-m", "two")
    workspace = Workspace(tmp_path / "home", packaged_config())
    opened = Platform.open(workspace)
    platform = Platform(workspace, replace(opened.config, governance=staff.config))
    story.append(platform.ops, story.proposal("REL-1", commit=f"0.1.0+{old[:12]}"))
    following = story.rise(platform.ops, staff.config, staff, "REL-1", "stable")
    story.append(platform.ops, story.proposal("REL-2", rollback_to="REL-1", commit="0.1.0+aaaaaaaaaaaa"))
    story.rise(platform.ops, staff.config, staff, "REL-2", "S5", following)

    first, second = (tagging.prepare_rollback_tag(platform, WEEK, now=NOW, root=tmp_path) for _ in range(2))

    tag = f"backup-release-20241111-130405-{old[:8]}"
    assert tags(tmp_path) == {tag: old}
    assert (first.document["tag"], first.document["created"], first.document["release"]) == (tag, True, "REL-1")
    assert (second.document["tag"], second.document["created"], second.document["reused_existing"]) == (
        tag,
        False,
        True,
    )
    assert git("remote") == ""
