"""A week that may close: a release that came through the stages, evidence made by the steps, three people who sign.

Everything is simulated and labelled so; nothing of the evidence is written by hand. Only times are set: how long a
calculation takes on the machine of a test is no fact of the week. The regression's commands are replaced by one that
ends well, because each session runs them; they are tested in `test_weekly_evidence`.
"""

import datetime as dt
import json
import os
import subprocess
from functools import partial

import pytest

from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET
from etf_platform.core.workspace import Workspace
from etf_platform.governance import people, prerelease
from etf_platform.governance.weekly.artefact import folder, read
from etf_platform.governance.weekly.manual import ITEMS
from etf_platform.governance.weekly.timings import LIMITS
from etf_platform.orchestration.experiments import registered
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.replay import replay
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps import weekly
from etf_platform.orchestration.steps.paper import write_account
from etf_platform.orchestration.weekly import judgements, tagging
from etf_platform.orchestration.weekly.chain import close
from etf_platform.orchestration.weekly.measuring import Measured
from etf_platform.orchestration.weekly.repository import repository
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.command import invoke

POOL, WEEK = "A_SHARE", "2024-W45"
FUNDS = ["510050.SH", "510300.SH", "510500.SH", "159915.SZ", "159919.SZ"]
START, EVE, MONDAY, FRIDAY = "2024-09-30", "2024-11-01", dt.date(2024, 11, 4), dt.date(2024, 11, 8)
SECRETS = {
    "Li Wei": "seven quiet rivers flow",
    "Chen Yu": "copper lamps over harbour",
    "Zhao Min": "a field of winter barley",
}
ROLES = {"Li Wei": "research", "Chen Yu": "engineering", "Zhao Min": "risk"}


class Staff:
    """The hands of the people in the configuration."""

    def __init__(self, config):
        self.config = config

    def seal(self, event):
        return people.sealed(self.config, event, SECRETS[event.by])


def edited(path, *changes):
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{path.name} no longer holds {old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def configured(small, where):
    """One pool of five simulated funds of which three are held, with people; a seed whose autumn of 2024 is good."""
    path = small.write_config(where / "configs", pools={POOL: FUNDS}, has_universes=False)
    edited(path / "sources.yaml", ('"2022-06-01"', '"2021-06-01"'), ("seed: 20240102", "seed: 7"))
    edited(path / "platform.yaml", ('"2022-06-01"', '"2021-06-01"'))
    edited(path / "etf_pools.yaml", ('"top_n": 2', '"top_n": 3'))
    known = {
        name: {"roles": [role], "verifier": people.new_verifier(SECRETS[name], salt=bytes(16), cost=10)}
        for name, role in ROLES.items()
    }
    governance = (path / "governance.yaml").read_text(encoding="utf-8")
    edited(
        path / "governance.yaml",
        (next(line for line in governance.splitlines() if line.startswith("people:")), f"people: {json.dumps(known)}"),
        ("concentration: [0.20, 0.30]", "concentration: [0.90, 0.95]"),
        *[(line, f"{' ' * 4}- [python, -c, pass]") for line in governance.splitlines() if line.startswith("    - [")],
    )
    return path


def checkout_of(where):
    """Two commits before the week and one in it that says what it is; the first two by their hash."""
    where.mkdir()
    for day, text in (("2024-05-06", "one"), ("2024-06-03", "two"), ("2024-11-05", "words\n\nno-strategy-change")):
        who = {f"GIT_{a}_{b}": "a@b" for a in ("AUTHOR", "COMMITTER") for b in ("NAME", "EMAIL")}
        env = {**os.environ, **who, "GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
        for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", text]):
            subprocess.run(["git", *words], cwd=where, env=env, check=True, capture_output=True)
    said = subprocess.run(
        ["git", "rev-list", "--reverse", "HEAD"], cwd=where, check=True, capture_output=True, text=True
    )
    return where, said.stdout.split()[:2]


@pytest.fixture
def week(small, tmp_path, monkeypatch):
    """The replayed week of the release R2, which came after R1; a function that calls `gov`."""
    platform = Platform.open(Workspace(tmp_path / "home", configured(small, tmp_path)))
    root, commits = checkout_of(tmp_path / "checkout")
    monkeypatch.setattr(judgements, "repository", partial(repository, root=root))
    monkeypatch.setattr(weekly, "measure", quick)
    monkeypatch.setattr(story, "FIRST", dt.date(2024, 6, 3))
    monkeypatch.delenv(IN_DAGSTER, raising=False)
    small.run(platform, EVE)
    released(platform, commits)
    write_account(platform, POOL, Window(dt.date.fromisoformat(START), dt.date.fromisoformat(EVE)))
    done = replay(platform, MONDAY, FRIDAY)
    assert [(each.address, each.facts["error"]) for each in done if "error" in each.facts] == []
    tagging.prepare_rollback_tag(platform, WEEK, POOL, root=root)

    def call(*words, by):
        monkeypatch.setenv(SIGN_SECRET, SECRETS[by])
        return invoke(["gov", *words, "--week", WEEK, "--home", tmp_path / "home", "--config", tmp_path / "configs"])

    yield platform, call
    platform.ops.dispose()


def quick(config, name):
    """A measurement on a machine that takes a tenth of every limit."""
    rounds = {measure: [limit / 1e4] * 40 for measure, limit in LIMITS[name].items()}
    return Measured(rounds, rounds, {"pool": "set by a test (simulated)"})


def released(platform, commits):
    """R1, then R2 rise through every stage, each with two signatures and one to leave S50; thresholds are signed."""
    staff = Staff(platform.config.governance)
    trial = registered(platform, "rotation_backtest", {"pool": POOL}).experiment_id
    for name, commit, start, back in (("R1", commits[0], 0, "CASH"), ("R2", commits[1], 30, "R1")):
        facts = {"experiment_id": trial, "config_hash": platform.config.digest, "commit": f"0.1.0+{commit[:12]}"}
        story.append(platform.ops, story.proposal(name, POOL, rollback_to=back, **facts))
        story.rise(platform.ops, staff.config, staff, name, "stable", start=start)
    limits = prerelease.thresholds_event(staff.config, "Zhao Min", "risk", dt.date.fromisoformat(EVE))
    story.append(platform.ops, staff.seal(limits))


def test_an_honest_week_closes_once_three_people_have_signed_what_the_steps_wrote(week):
    platform, call = week
    before = close(platform, WEEK)
    assert (before.document["status"], before.document["auto_blockers"]) == ("PENDING_MANUAL_SIGNOFF", [])

    signed = [call("manual-update", "--item", item, "--by", "Chen Yu", by="Chen Yu") for item in ITEMS]
    remade = close(platform, WEEK)
    signed += [call("manual-update", "--signoff", f"{role}={name}", by=name) for name, role in ROLES.items()]
    after = close(platform, WEEK)

    assert [one.exit_code for one in signed] == [0] * 9, signed[-1].stderr
    assert remade.document["missing_manual_checks"] == []
    assert (after.document["status"], after.document["gate"]) == ("READY_FOR_CLOSE", "PASS")
    where = folder(platform.workspace.reports, WEEK)
    assert {row["source"] for row in read(where, "kpi_snapshot")["kpi_snapshot"]} == {"sample (simulated)"}
    assert read(where, "live_deviation_snapshot")["status"] == "WARN"
    assert read(where, "operating_audit")["incomplete_tasks"] == []
    assert read(where, "decision_log")["decision"] == "APPROVE_CANARY"
