"""A week as its users live it: drafted, filled in and signed by three people, closed; and what nobody can do."""

import hashlib
import json
from pathlib import Path

import pytest

from etf_platform.cli.gov import gov as group
from etf_platform.core.secrets import IN_DAGSTER
from etf_platform.governance.weekly.manual import ITEMS
from etf_platform_tests.governance.conftest import SECRETS
from etf_platform_tests.resources.good_week import WEEK, good_week

SIGNERS = {"research": "Li Wei", "engineering": "Chen Yu", "risk": "Zhao Min"}
DECISION = ("canary-checklist", "adr-draft", "decision-log", "manual-prefill", "signoff-pack")


@pytest.fixture
def week(gov, tmp_path):
    """Calls commands on a home that holds the evidence of a good week."""
    folder = tmp_path / "home" / "reports" / "governance" / WEEK
    folder.mkdir(parents=True)
    for name, document in good_week().items():
        (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        (folder / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")

    def call(*words: str, by: str = ""):
        return gov(*words, "--week", WEEK, secret=SECRETS.get(by, by), day=None)

    call.folder, call.gov = folder, gov
    return call


def read(week, name: str) -> dict:
    return json.loads((week.folder / f"{name}.json").read_text(encoding="utf-8"))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.*") if path.is_file()}


def drafted(week) -> None:
    for command in DECISION:
        week(command)


def signed(week, role: str):
    return week("manual-update", "--signoff", f"{role}={SIGNERS[role]}", by=SIGNERS[role])


def ticked(week, item: str):
    return week("manual-update", "--item", item, "--by", "Chen Yu", by="Chen Yu")


def test_a_week_is_drafted_filled_in_signed_and_closed(week):
    ended = {command: week(command).exit_code for command in DECISION}
    assert ended == dict.fromkeys(DECISION, 0) | {"signoff-pack": 3}
    assert read(week, "decision_log")["decision"] == "APPROVE_CANARY"
    form = read(week, "manual_status")
    assert [row["done"] for row in (*form["items"].values(), *form["signoffs"].values())] == [False] * 9
    assert read(week, "signoff_pack")["status"] == "PENDING_MANUAL_SIGNOFF"

    done = [ticked(week, item) for item in ITEMS] + [signed(week, role) for role in SIGNERS]
    before = digests(week.folder)
    closed = week("close-gate")

    assert [one.exit_code for one in done] == [0] * 9, done[0].stderr
    assert (closed.exit_code, read(week, "close_gate")["status"]) == (0, "READY_FOR_CLOSE")
    assert {name: digest for name, digest in digests(week.folder).items() if name in before} == before | {
        name: digests(week.folder)[name] for name in ("signed.json",)
    }
    pack = read(week, "signoff_pack")
    assert {role: row["by"] for role, row in pack["role_signoffs"].items()} == SIGNERS
    assert all(row["at"].endswith("+00:00") for row in pack["manual_items"].values())

    everything = digests(week.folder)
    assert week("close-gate").exit_code == 0
    assert digests(week.folder) == everything


def test_before_people_signed_the_gate_stays_shut(week):
    drafted(week)

    gate = week("close-gate")

    assert gate.exit_code in (2, 3)
    assert read(week, "close_gate")["status"] in ("AUTO_BLOCKED", "PENDING_MANUAL_SIGNOFF")


def test_a_signed_file_is_not_overwritten_and_the_command_says_so(week):
    drafted(week)
    assert signed(week, "risk").exit_code == 0
    changed = {**good_week()["operating_audit"], "summary": {"exceptions": 4, "consistency_exceptions": 0}}
    before = (week.folder / "canary_checklist.json").read_bytes()
    (week.folder / "operating_audit.json").write_text(json.dumps(changed), encoding="utf-8")

    again = week("canary-checklist")

    assert "is signed by Zhao Min" in again.stderr
    assert (week.folder / "canary_checklist.json").read_bytes() == before
    week("signoff-pack")
    assert read(week, "signoff_pack")["outdated"] == ["operating_audit.json"]
    assert read(week, "signoff_pack")["role_signoffs"]["risk"]["done"] is False


def test_removing_the_list_of_signed_files_opens_nothing(week):
    drafted(week)
    signed(week, "risk")
    before = digests(week.folder)
    (week.folder / "signed.json").unlink()

    for command in ("performance-baseline", "pnl-attribution", "canary-checklist", "decision-log"):
        week(command)

    assert digests(week.folder) == before


def test_a_signed_week_is_taken_up_again_with_copies_kept(week):
    drafted(week)
    signed(week, "risk")
    before = (week.folder / "canary_checklist.json").read_bytes()

    assert week("reopen", "--reason", "a price was wrong").exit_code == 0
    audit = good_week()["operating_audit"]
    audit["summary"]["exceptions"] = 2
    (week.folder / "operating_audit.json").write_text(json.dumps(audit), encoding="utf-8")
    week("canary-checklist")

    assert (week.folder / "signed-1" / "canary_checklist.json").read_bytes() == before
    assert read(week, "canary_checklist")["blockers"] == ["risk_exceptions=2"]
    week("manual-prefill")
    assert read(week, "manual_status")["signoffs"]["risk"]["done"] is False
    assert "is not signed" in week("reopen", "--reason", "again").stdout


def test_writing_into_the_form_changes_nothing(week):
    drafted(week)
    form = read(week, "manual_status")
    for row in (*form["items"].values(), *form["signoffs"].values()):
        row.update(done=True, by="Zhao Min", at="2024-11-11T09:00:00+00:00")
    (week.folder / "manual_status.json").write_text(json.dumps(form), encoding="utf-8")

    week("signoff-pack")

    assert read(week, "signoff_pack")["status"] == "PENDING_MANUAL_SIGNOFF"
    assert len(read(week, "signoff_pack")["pending_items"]) == 9


@pytest.mark.parametrize(
    ("words", "secret", "said"),
    [
        (("--item", "adr_signed", "--by", "Zhao Min"), "", "no terminal"),
        (("--item", "adr_signed", "--by", "Zhao Min"), "a field of summer barley", "not the one"),
        (("--item", "adr_signed", "--by", "risk_owner"), "whatever it may be", "placeholder"),
        (("--item", "adr_signed", "--by", ""), "whatever it may be", "placeholder"),
        (("--item", "adr_signed"), "x", "--item KEY --by NAME"),
        (("--signoff", "risk=Li Wei"), SECRETS["Li Wei"], "has not the role"),
        (("--signoff", "risk="), SECRETS["Zhao Min"], "placeholder"),
        (("--signoff", "risk=Zhao Min"), SECRETS["Li Wei"], "not the one"),
        (("--signoff", "risk=Zhao Min", "--item", "adr_signed"), SECRETS["Zhao Min"], "--item KEY --by NAME"),
    ],
)
def test_without_a_person_and_their_secret_nothing_is_set(week, words, secret, said):
    drafted(week)
    before = digests(week.folder)

    done = week("manual-update", *words, by=secret)

    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert digests(week.folder) == before


def test_inside_dagster_nobody_signs(week, monkeypatch):
    drafted(week)
    monkeypatch.setenv(IN_DAGSTER, "1")

    done = signed(week, "risk")

    assert (done.exit_code, "started by Dagster" in done.stderr) == (1, True)


def test_one_person_does_not_sign_for_all_three_roles(week):
    drafted(week)
    done = [week("manual-update", "--signoff", f"{role}=Sun Hao", by="Sun Hao") for role in SIGNERS]

    assert [one.exit_code for one in done] == [0, 0, 1]
    assert "all three roles" in done[2].stderr


def test_making_everything_again_gives_the_same_bytes(week):
    drafted(week)
    before = digests(week.folder)

    drafted(week)

    assert digests(week.folder) == before


def test_records_are_numbered_and_keep_what_people_wrote(week):
    drafted(week)
    record = week.folder.parent / "adr" / "0001-2024-w45-canary-decision.md"
    record.write_text(record.read_text(encoding="utf-8") + "\n会议纪要：观察一周。\n", encoding="utf-8")

    week("adr-draft")
    week("adr-draft", "--title", "Return to four funds", "--supersedes", "1")

    assert record.read_text(encoding="utf-8").endswith("\n会议纪要：观察一周。\n")
    assert sorted(path.name[:4] for path in record.parent.iterdir()) == ["0001", "0002"]
    assert read(week, "adr")["file"] == "adr/0002-return-to-four-funds.md"


def test_a_signed_record_is_accepted_and_then_stays(week):
    drafted(week)
    record = week.folder.parent / "adr" / "0001-2024-w45-canary-decision.md"
    assert ticked(week, "adr_signed").exit_code == 0
    audit = good_week()["operating_audit"]
    audit["summary"]["exceptions"] = 2
    (week.folder / "operating_audit.json").write_text(json.dumps(audit), encoding="utf-8")

    week("canary-checklist")
    week("adr-draft")

    said = record.read_text(encoding="utf-8")
    assert "- Status: **accepted**" in said
    assert "risk_exceptions=2" not in said


def test_strict_turns_a_warning_into_a_failure(week):
    snapshot = {**good_week()["kpi_snapshot"], "status": "WARN", "reason": "sharpe near its limit"}
    (week.folder / "kpi_snapshot.json").write_text(json.dumps(snapshot), encoding="utf-8")

    assert (week("canary-checklist").exit_code, week("canary-checklist", "--strict").exit_code) == (0, 2)


def test_other_thresholds_come_from_a_file_and_unknown_ones_are_refused(week, tmp_path):
    limits = tmp_path / "limits.json"
    limits.write_text('{"min_sharpe": 1.0}', encoding="utf-8")

    week("canary-checklist", "--thresholds", str(limits))
    assert read(week, "canary_checklist")["observation"][1]["limit"] == ">= 1"
    limits.write_text('{"min_sharp": 1.0}', encoding="utf-8")
    assert "unknown: min_sharp" in week("canary-checklist", "--thresholds", str(limits)).stderr


def test_a_week_or_quarter_that_is_none_is_refused(gov):
    assert "2024-W45" in gov("canary-checklist", "--week", "2024-45", day=None).stderr
    assert "2024-Q4" in gov("quarter-review", "--quarter", "2024-5", day=None).stderr


def test_commands_have_the_names_of_the_specification():
    wanted = (
        "operating-audit pnl-attribution canary-checklist adr-draft decision-log manual-prefill manual-update "
        "live-deviation consistency-replay signoff-pack close-gate daily-regression performance-baseline "
        "latency-benchmark prepare-rollback-tag rollback release unfreeze experiment quarter-review "
        "release-candidate-check"
    )

    assert set(wanted.split()) <= set(group.commands)
    assert set(group.commands["release"].commands) == {"start", "promote", "hold"}
    assert set(group.commands["experiment"].commands) == {"new", "show"}


def test_a_week_that_is_not_over_cannot_be_closed(gov):
    done = gov("close-gate", "--week", "2026-W52", day=None)

    assert (done.exit_code, "close it when it is over" in done.stderr) == (1, True)


def test_kpi_files_of_other_systems_are_taken_in_before_the_audit(week, tmp_path):
    files = tmp_path / "kpi"
    files.mkdir()
    assert "there is no *.json" in week("operating-audit", "--inputs", str(files)).stderr
    text = '{"options": {"summary": {"total_pnl": 10.0}, "metrics": {"sharpe_ratio": "high"}, "risk": {}}}'
    (files / "options.json").write_text(text, encoding="utf-8")

    done = week("operating-audit", "--inputs", str(files))

    assert "values for 2024-11-08" in done.stderr
    assert "left out: options.metrics.sharpe_ratio" in done.stderr
