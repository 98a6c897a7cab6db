"""What people sign for a week: only they can, and the gate waits for them."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from etf_platform.core.errors import BadInputError, GateClosedError
from etf_platform.core.units.event import MANUAL_DONE, SIGNOFF_GIVEN, Event
from etf_platform.governance.weekly import decision_log, manual, signoff_pack
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Source
from etf_platform.governance.weekly.manual import ITEMS, Manual
from etf_platform.governance.weekly.pack import Pack
from etf_platform.reports.weekly import close_gate as gate_text
from etf_platform.reports.weekly import manual_status as form_text
from etf_platform.reports.weekly import signoff_pack as pack_text
from etf_platform.storage.events import append, events
from etf_platform.storage.outbox import transaction
from etf_platform_tests.governance.test_weekly_decision import EPOCH, canary, headings, point, status
from etf_platform_tests.resources.good_week import WEEK, envelope, good_week

ABOUT = About(WEEK, (dt.date(2024, 11, 8),))
DAY = dt.date(2024, 11, 8)
FILES = {"decision_log.json": "a" * 64, "operating_audit.json": "b" * 64}
NOBODY = Manual()
SIGNERS = {"research": "Li Wei", "engineering": "Chen Yu", "risk": "Zhao Min"}


def pack_of(change: Any = None) -> Pack:
    documents = good_week()
    if change:
        change(documents)
    documents["canary_checklist"] = canary(documents).document(EPOCH)
    documents["adr"] = envelope({"number": 1})
    documents["decision_log"] = decision_log.build(Pack(ABOUT, documents)).document(EPOCH)
    return Pack(ABOUT, documents)


def item(staff, key: str, by: str = "Li Wei") -> Event:
    return staff.seal(manual.item_done(staff.config, WEEK, key, by, DAY))


def signoff(staff, role: str, by: str, state: Manual = NOBODY) -> Event:
    return staff.seal(manual.signoff(staff.config, state, WEEK, role, by, FILES, DAY))


def everything(staff) -> list[Event]:
    return [*(item(staff, key) for key in ITEMS), *(signoff(staff, role, by) for role, by in SIGNERS.items())]


def test_a_complete_week_is_ready_and_an_incomplete_one_waits(staff):
    nobody, all_ = Manual(), manual.fold(everything(staff), staff.config, WEEK)

    waiting, ready = signoff_pack.build(pack_of(), nobody), signoff_pack.build(pack_of(), all_)

    assert [check["key"] for check in ready.body["auto_checks"]] == [
        "risk_exceptions_zero",
        "consistency_exceptions_zero",
        "minimum_regression_passed",
        "performance_baseline_passed",
        "latency_baseline_passed",
        "rollback_version_marked",
        "canary_proceed",
        "decision_approved",
        "online_offline_replay_passed",
    ]
    assert {check["state"] for check in ready.body["auto_checks"]} == {"PASS"}
    assert (waiting.status, ready.status) == ("PENDING_MANUAL_SIGNOFF", "READY_FOR_CLOSE")
    assert waiting.body["pending_items"] == [*ITEMS, "signoff_research", "signoff_engineering", "signoff_risk"]
    assert ready.body["pending_items"] == []
    assert (
        "etf-platform gov manual-update --week 2024-W45 --signoff risk=NAME" in waiting.body["suggested_manual_update"]
    )


@pytest.mark.parametrize("left", [*ITEMS, *SIGNERS])
def test_one_open_item_or_role_keeps_the_week_open(staff, left):
    done = [
        e for e in everything(staff) if left not in (e.payload.get("item"), e.role if e.kind == SIGNOFF_GIVEN else "")
    ]

    made = signoff_pack.build(pack_of(), manual.fold(done, staff.config, WEEK))

    assert made.status == "PENDING_MANUAL_SIGNOFF"
    assert len(made.body["pending_items"]) == 1


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (point("latency_baseline_passed", "FAIL"), "FAIL"),
        (point("latency_baseline_passed", "BLOCKED"), "BLOCKED"),
        (status("consistency_replay", "FAIL"), "FAIL"),
        (lambda documents: documents.clear(), "BLOCKED"),
    ],
)
def test_a_failed_check_blocks_whatever_people_signed(staff, change, state):
    made = signoff_pack.build(pack_of(change), manual.fold(everything(staff), staff.config, WEEK))
    gate = signoff_pack.gate(Pack(ABOUT, {"signoff_pack": made.document(EPOCH)}))

    assert made.status == "AUTO_BLOCKED"
    assert (gate.status, gate.body["gate"]) == ("AUTO_BLOCKED", state)
    assert gate.body["auto_blockers"]


def test_the_gate_passes_only_a_ready_pack(staff):
    ready = signoff_pack.build(pack_of(), manual.fold(everything(staff), staff.config, WEEK)).document(EPOCH)
    waiting = signoff_pack.build(pack_of(), Manual()).document(EPOCH)

    gates = [signoff_pack.gate(Pack(ABOUT, {"signoff_pack": each} if each else {})) for each in (ready, waiting, None)]

    assert [gate.body["gate"] for gate in gates] == ["PASS", "BLOCKED", "BLOCKED"]
    assert gates[1].body["missing_role_signoffs"] == ["research", "engineering", "risk"]
    assert gates[1].body["missing_manual_checks"][0] == "gray_release_completed 灰度发布完成"
    assert (gates[2].status, gates[2].reason) == ("AUTO_BLOCKED", "signoff_pack is missing")


def test_the_form_has_the_chinese_labels_and_says_who_and_when(staff, ops):
    with transaction(ops) as connection:
        append(connection, [item(staff, "adr_signed", "Chen Yu")], dt.datetime(2024, 11, 11, 9, 30, tzinfo=dt.UTC))

    made = manual.build(pack_of(), manual.fold(events(ops), staff.config, WEEK))

    assert [row["label"] for row in made.body["items"].values()] == [
        "灰度发布完成",
        "24h 观察完成",
        "是否触发回滚已决策",
        "收益归因表确认",
        "变更与回滚记录",
        "ADR",
    ]
    assert made.body["items"]["adr_signed"] == {
        "label": "ADR",
        "done": True,
        "by": "Chen Yu",
        "at": "2024-11-11T09:30:00+00:00",
    }
    assert made.body["items"]["gray_release_completed"] == {"label": "灰度发布完成", "done": False, "by": "", "at": ""}
    assert made.body["signoffs"]["risk"] == {"done": False, "by": "", "at": ""}
    assert "| ☑ | ADR | adr_signed | Chen Yu | 2024-11-11T09:30:00+00:00 |" in form_text.markdown(made.document(EPOCH))


NAMES = ["", " ", "risk_owner", "Research_Owner", "engineering_owner", "Nobody Known"]


@pytest.mark.parametrize("name", NAMES)
def test_empty_names_placeholders_and_strangers_are_refused(staff, name):
    with pytest.raises(GateClosedError):
        manual.item_done(staff.config, WEEK, "adr_signed", name, DAY)
    with pytest.raises(GateClosedError):
        manual.signoff(staff.config, Manual(), WEEK, "risk", name, FILES, DAY)


def test_one_person_for_all_three_roles_is_refused_and_does_not_count(staff):
    two = manual.fold([signoff(staff, "research", "Sun Hao"), signoff(staff, "risk", "Sun Hao")], staff.config, WEEK)

    with pytest.raises(GateClosedError, match="all three roles"):
        signoff(staff, "engineering", "Sun Hao", two)
    unasked = manual.fold([signoff(staff, role, "Sun Hao") for role in SIGNERS], staff.config, WEEK)
    assert len(unasked.signoffs) == 2


def test_a_role_that_somebody_does_not_have_cannot_be_signed(staff):
    with pytest.raises(GateClosedError, match="has not the role"):
        signoff(staff, "risk", "Li Wei")


def test_unknown_items_and_roles_and_an_unwritten_week_are_refused(staff):
    with pytest.raises(BadInputError, match="no such item"):
        manual.item_done(staff.config, WEEK, "coffee", "Li Wei", DAY)
    with pytest.raises(BadInputError, match="no such role"):
        manual.signoff(staff.config, Manual(), WEEK, "product", "Sun Hao", FILES, DAY)
    with pytest.raises(BadInputError, match="nothing was written"):
        manual.signoff(staff.config, Manual(), WEEK, "risk", "Zhao Min", {}, DAY)


def forgeries(staff) -> dict[str, Event]:
    """Ways in which code without a secret might try to sign."""
    good, given = item(staff, "adr_signed"), signoff(staff, "risk", "Zhao Min")
    bare = manual.item_done(staff.config, WEEK, "adr_signed", "Li Wei", DAY)
    return {
        "without a seal": bare,
        "by the system": replace(bare, by="system:weekly", role=""),
        "by the system with somebody's seal": replace(good, by="system:weekly"),
        "with a made-up seal": replace(bare, key=f"{bare.key}#000000000000", seal="ab" * 64),
        "a seal of another week": replace(good, subject="2024-W46"),
        "a seal of another item": replace(good, payload={"item": "pnl_attribution_confirmed"}),
        "a sign-off in another role": replace(given, role="research", payload={**given.payload, "role": "research"}),
        "a sign-off of other files": replace(given, payload={**given.payload, "files": {"x.json": "c" * 64}}),
        "a seal under another name": replace(good, by="Chen Yu"),
        "an item as a sign-off": replace(good, kind=SIGNOFF_GIVEN),
    }


def test_nothing_that_code_writes_into_the_ledger_counts(staff, ops):
    forged = list(forgeries(staff).values())
    with transaction(ops) as connection:
        append(connection, [replace(event, key=f"{i}/{event.key}") for i, event in enumerate(forged)])

    recorded = events(ops, kinds={MANUAL_DONE, SIGNOFF_GIVEN})

    assert len(recorded) == len(forged)
    for week in (WEEK, "2024-W46"):
        assert manual.fold(recorded, staff.config, week) == Manual()


@pytest.mark.parametrize("name", ["without a seal", "a seal of another week", "a sign-off of other files"])
def test_a_forgery_under_its_own_key_does_not_count_either(staff, name):
    forged = forgeries(staff)[name]

    assert manual.fold([forged], staff.config, forged.subject) == Manual()


def test_a_signed_file_that_changed_takes_its_signoffs_back(staff):
    state = manual.fold(everything(staff), staff.config, WEEK)

    made = signoff_pack.build(pack_of(), state, ["decision_log.json"])

    assert made.status == "PENDING_MANUAL_SIGNOFF"
    assert made.body["outdated"] == ["decision_log.json"]
    assert made.body["pending_items"] == ["signoff_research", "signoff_engineering", "signoff_risk"]


def test_a_week_taken_up_again_has_to_be_signed_anew(staff):
    at = dt.datetime(2024, 11, 12, tzinfo=dt.UTC)
    again = manual.reopened(WEEK, "system:cli", "a price was wrong", at)

    state = manual.fold([*everything(staff), again], staff.config, WEEK)

    assert (len(state.items), state.signoffs) == (6, {})


def test_headings_stand_in_the_order_of_the_specification():
    made = signoff_pack.build(pack_of(), Manual()).document(EPOCH)
    gate = signoff_pack.gate(Pack(ABOUT, {"signoff_pack": made})).document(EPOCH)

    assert headings(pack_text.markdown(made)) == [
        "Sign-off Pack",
        "Status",
        "Auto Checks",
        "Manual Checks",
        "Role Sign-offs",
        "Suggested Manual Update",
        "Pending Items",
    ]
    assert headings(gate_text.markdown(gate)) == [
        "Close Gate",
        "Status",
        "Gate",
        "Reason",
        "Auto Blockers",
        "Pending Items",
        "Missing Manual Checks",
        "Missing Role Sign-offs",
        "PR brief",
    ]


def test_a_decision_made_before_its_evidence_changed_does_not_approve():
    path = f"reports/governance/{WEEK}/risk_exceptions.json"
    documents = dict(pack_of().documents)
    documents["decision_log"] = {
        **documents["decision_log"],
        "inputs": [{"path": path, "sha256": "old", "as_of": ""}],
    }

    checks = signoff_pack.auto_checks(Pack(About(WEEK, (DAY,), (Source(path, "new"),)), documents))

    assert [(c.key, str(c.state)) for c in checks if c.state != "PASS"] == [("decision_approved", "BLOCKED")]
    assert "stale: risk_exceptions changed after decision_log" in [c.reason for c in checks]
