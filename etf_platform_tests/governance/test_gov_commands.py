"""One command for every act; a person's act needs the secret, from a shell and never from Dagster."""

import json
import os
import sys

import pytest

from etf_platform.cli import gov_acts, signing
from etf_platform.core.errors import GateClosedError
from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET
from etf_platform.core.units.event import Event
from etf_platform.storage import events as recorded
from etf_platform.storage import outbox
from etf_platform_tests.governance.conftest import SECRETS
from etf_platform_tests.resources.command import invoke

DAY = "2024-10-08"
UNFREEZE = ("unfreeze", "--all", "--by", "Zhao Min", "--role", "risk", "--reason", "repaired")


def propose(gov) -> str:
    done = gov("propose", "--strategy", "A_SHARE", "--experiment", "EXP-1", "--rollback-to", "CASH")
    assert done.exit_code == 0, done.stderr
    return "REL-20241008-001"


def status(gov) -> dict[str, str]:
    done = gov("status", "--format", "csv", day=None)
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("release,"))
    return dict(zip(lines[at].split(","), lines[at + 1].split(","), strict=False))


def test_a_release_is_proposed_and_signed_by_two_people(gov):
    release = propose(gov)

    first = gov("approve", release, "--by", "Li Wei", "--role", "research", secret=SECRETS["Li Wei"])
    assert (first.exit_code, status(gov)["state"]) == (0, "proposed")
    second = gov("approve", release, "--by", "Zhao Min", "--role", "risk", secret=SECRETS["Zhao Min"])

    assert second.exit_code == 0
    assert status(gov)["state"] == "approved"
    assert gov("audit", day=None).exit_code == 0


@pytest.mark.parametrize(
    ("secret", "said"),
    [("", "no terminal"), ("a field of summer barley", "not the one"), (SECRETS["Li Wei"], "not the one")],
)
def test_without_the_right_secret_nothing_is_recorded(gov, secret, said):
    release = propose(gov)

    done = gov("approve", release, "--by", "Zhao Min", "--role", "risk", secret=secret)

    assert (done.exit_code, said in done.stderr) == (1, True)
    assert [e.kind for e in recorded.events(gov.ops())] == ["release.proposed"]


@pytest.mark.parametrize("variable", [IN_DAGSTER, "DAGSTER_RUN_JOB_NAME", "DAGSTER_IS_DEV_CLI"])
def test_inside_dagster_nobody_signs_though_the_secret_is_there(gov, monkeypatch, variable):
    release = propose(gov)
    monkeypatch.setenv(variable, "1")

    done = gov("approve", release, "--by", "Zhao Min", "--role", "risk", secret=SECRETS["Zhao Min"])

    assert done.exit_code == 1
    assert "started by Dagster" in done.stderr


def test_the_code_location_marks_its_process_and_drops_the_secret(tmp_path):
    import subprocess

    code = f"import os, etf_platform.definitions;print(os.environ.get('{IN_DAGSTER}'), '{SIGN_SECRET}' in os.environ)"
    env = {**os.environ, SIGN_SECRET: "left in the shell", "ETF_PLATFORM_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["1", "False"]


def test_at_a_terminal_the_secret_is_asked_for_and_the_variable_is_not_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(signing.getpass, "getpass", lambda prompt: f"typed at {prompt}")

    assert signing.ask_secret("Li Wei", {SIGN_SECRET: "of the shell"}) == "typed at Secret of Li Wei: "


def test_promoting_says_everything_that_is_missing(gov):
    release = propose(gov)

    done = gov("promote", release)

    assert done.exit_code == 1
    for part in ("approved by nobody", "thresholds BLOCKED", "backtest_sharpe BLOCKED", "rehearsal BLOCKED"):
        assert part in done.stderr
    assert gov("check", release).exit_code == 3


def test_a_freeze_needs_no_secret_and_its_lifting_does(gov):
    assert gov("freeze", "--reason", "odd prices").exit_code == 0

    assert gov(*UNFREEZE).exit_code == 1
    assert "freeze.on/cli" in gov("status", day=None).stdout
    assert gov(*UNFREEZE, secret=SECRETS["Zhao Min"]).exit_code == 0
    assert "freeze.on/cli" not in gov("status", day=None).stdout
    assert gov(*UNFREEZE, secret=SECRETS["Zhao Min"]).exit_code == 1


def test_a_person_of_risk_lowers_a_breaker_and_nobody_else(gov):
    halted = {"from": "NORMAL", "to": "HALTED", "calm": 0, "reasons": []}
    lower = ("lower-breaker", "A_SHARE", "--reason", "in cash since Monday")
    assert "it is NORMAL" in gov(*lower, "--by", "Zhao Min", secret=SECRETS["Zhao Min"]).stderr
    with outbox.transaction(gov.ops()) as connection:
        recorded.append(connection, [Event("b", "breaker.moved", "A_SHARE", "system:breaker", halted)])

    assert gov(*lower, "--by", "Li Wei", secret=SECRETS["Li Wei"]).exit_code == 1
    assert gov(*lower, "--by", "Zhao Min").exit_code == 1
    assert "HALTED" in gov("status", day=None).stdout
    assert gov(*lower, "--by", "Zhao Min", secret=SECRETS["Zhao Min"]).exit_code == 0

    assert "RESTRICTED" in gov("status", day=None).stdout
    assert gov("audit", day=None).exit_code == 0


def test_a_freeze_of_a_strategy_that_does_not_exist_is_refused_and_protects_nobody(gov):
    done = gov("freeze", "--strategy", "A_SHAER", "--reason", "odd prices")

    assert (done.exit_code, "there is no 'A_SHAER'" in done.stderr) == (1, True)
    assert recorded.events(gov.ops()) == []


def test_proposing_an_experiment_that_is_not_on_record_says_what_that_means(gov):
    done = gov("propose", "--strategy", "A_SHARE", "--experiment", "EXP-1", "--rollback-to", "CASH")

    assert "EXP-1 is not on record" in done.stderr


def test_a_rehearsal_to_cash_passes_and_thresholds_are_signed(gov):
    release = propose(gov)

    drill = gov("rollback", release, "--rehearse")
    signed = gov("thresholds", "--by", "Zhao Min", secret=SECRETS["Zhao Min"])
    checks = json.loads(gov("check", release, "--format", "json").stdout)

    assert (drill.exit_code, drill.stdout.strip()) == (0, "drill.passed: CASH")
    assert signed.exit_code == 0
    states = {row["check"]: row["state"] for row in checks}
    assert (states["rehearsal"], states["thresholds"], states["rollback_target"]) == ("PASS", "PASS", "PASS")


def test_a_release_that_is_not_in_force_is_not_rolled_back(gov):
    release = propose(gov)

    assert "nothing to do" in gov("rollback", release, "--reason", "drill").stdout
    assert gov("rollback", release).exit_code == 1
    assert gov("rollback", "REL-9", "--reason", "x").exit_code == 1


def test_a_hold_is_set_by_anybody_and_ended_by_a_signature(gov):
    release = propose(gov)
    end = ("hold", release, "--reason", "looked at", "--end")
    gov("hold", release, "--reason", "odd fills")
    assert status(gov)["state"] == "held"

    assert gov(*end).exit_code == 1
    assert gov(*end, "--by", "Chen Yu", "--role", "engineering", secret=SECRETS["Chen Yu"]).exit_code == 0

    assert status(gov)["state"] == "proposed"


def test_person_prints_a_line_that_verifies(monkeypatch):
    monkeypatch.delenv(IN_DAGSTER, raising=False)
    monkeypatch.setenv(SIGN_SECRET, "seven quiet rivers flow")

    line = invoke(["gov", "person", "Li Wei", "--role", "research"]).stdout

    assert line.startswith('  "Li Wei": {roles: [research], verifier: scrypt-ed25519$15$')
    assert invoke(["gov", "person", "risk_owner", "--role", "risk"]).exit_code == 1


def test_a_short_lived_shell_without_terminal_or_variable_is_refused():
    with pytest.raises(GateClosedError, match="no terminal"):
        signing.ask_secret("Li Wei", {})
    assert gov_acts.BY == "system:cli"
