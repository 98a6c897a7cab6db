"""Decision records: numbered in order, and what people write into them stays."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.core.units.event import RELEASE_ROLLED_BACK, Event
from etf_platform.governance.weekly import adr, manual
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.adr import Record, merged
from etf_platform.governance.weekly.pack import Pack
from etf_platform.reports.weekly import adr as text
from etf_platform_tests.governance.test_weekly_decision import EPOCH, canary, count, headings
from etf_platform_tests.resources.good_week import WEEK, good_week

RECORD = Record(7, WEEK, "2024-W45 canary decision", releases=("REL-1",))
DAY = dt.date(2024, 11, 8)


def document(exceptions: int = 0) -> dict:
    documents = good_week()
    count("exceptions", exceptions)(documents)
    documents["canary_checklist"] = canary(documents).document(EPOCH)
    return adr.build(Pack(About(WEEK, (DAY,)), documents), RECORD).document(EPOCH)


def draft(existing: str = "", exceptions: int = 0, is_signed: bool = False) -> str:
    made = document(exceptions)
    return merged(existing, text.head(made), text.parts(made), is_signed)


def test_sections_stand_in_the_order_of_the_specification():
    assert headings(draft()) == [
        "ADR 0007: 2024-W45 canary decision",
        "Decision",
        "Evidence",
        "Rollback Baseline",
        "Risk Findings",
        "Recent Changes",
        "Follow-up Actions",
        "Sign-off",
    ]


def test_ten_recent_changes_are_listed():
    assert [entry["subject"] for entry in document()["recent_changes"]] == [f"change {i}" for i in range(10)]


def test_drafting_again_gives_the_same_bytes():
    assert draft(draft()) == draft()


def test_text_before_between_and_after_generated_parts_stays():
    parts = draft().split("<!-- end evidence -->\n")
    written = "Read with the minutes of Friday.\n" + parts[0] + "<!-- end evidence -->\n\nWhy we waited: 港股假期。\n"
    written += parts[1] + "\n## Dissent\n\nChen Yu would have gone on.\n"

    again = draft(written, exceptions=2)

    assert "`risk_exceptions=2`" in again
    assert "`risk_exceptions=2`" not in written
    for said in ("Read with the minutes of Friday.", "Why we waited: 港股假期。", "Chen Yu would have gone on."):
        assert again.count(said) == 1
    assert again.index("Why we waited") < again.index("## Rollback Baseline") < again.index("## Dissent")
    assert draft(again, exceptions=2) == again


def test_text_written_into_a_generated_part_stays_below_it():
    written = draft().replace("None.", "None.\n- but see the fill of 510300.SH on Wednesday", 1)

    again = draft(written, exceptions=2)

    assert again.count("but see the fill of 510300.SH on Wednesday") == 1
    assert "`risk_exceptions=2`" in again
    assert draft(again, exceptions=2) == again


def test_a_part_that_somebody_removed_comes_back_in_its_place():
    before, _, after = draft().partition("<!-- generated risk_findings")
    without = before + after.partition("<!-- end risk_findings -->\n")[2]

    assert headings(draft(without)) == headings(draft())


def test_a_signed_record_changes_nothing_but_its_status():
    written = draft() + "\nMinutes.\n"
    made = {**document(exceptions=5), "adr_status": "accepted"}

    again = merged(written, text.head(made), text.parts(made), is_signed=True)

    assert again.splitlines()[3] == "- Status: **accepted**"
    assert again.partition("<!-- end head -->")[2] == written.partition("<!-- end head -->")[2]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("2024-W45 canary decision", "0007-2024-w45-canary-decision.md"),
        ("回滚 / Rollback: why?", "0007-回滚-rollback-why.md"),
        ("../../etc", "0007-etc.md"),
        ("!", "0007-decision.md"),
    ],
)
def test_files_are_named_by_number_and_title(title, name):
    assert replace(RECORD, title=title).file == name


def test_status_follows_from_signature_successor_and_rollback(staff):
    first, second = Record(1, WEEK, "one", releases=("REL-1",)), Record(2, "2024-W46", "two", supersedes=1)
    third = Record(3, "2024-W47", "three", releases=("REL-3",))
    written = [adr.written(each, "system:weekly") for each in (first, second, third)]
    signed = staff.seal(manual.item_done(staff.config, "2024-W46", "adr_signed", "Li Wei", DAY, {"adr": 2}))
    unsealed = manual.item_done(staff.config, "2024-W47", "adr_signed", "Li Wei", DAY, {"adr": 3})
    fallen = Event("k", RELEASE_ROLLED_BACK, "REL-3", "system:rollback", {"to": "CASH"}, DAY)

    def statuses(*more: Event) -> list[str]:
        return [record.status for record in adr.records([*written, *more], staff.config)]

    assert statuses() == ["superseded", "proposed", "proposed"]
    assert statuses(signed, unsealed) == ["superseded", "accepted", "proposed"]
    assert statuses(signed, fallen) == ["superseded", "accepted", "rolled-back"]
