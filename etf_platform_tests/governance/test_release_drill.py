"""The release drill: up through all stages, down by every rule, in one transaction, killed in the middle."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.governance import freezes, ledger, people, rehearsal, releases, rollback, stages
from etf_platform.measures.sequential import PairedVerdict
from etf_platform.storage import events as recorded
from etf_platform.storage.opsdb import EVENTS, OUTBOX
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.release_story import append, day, post, trigger

ACT = ["release.rolled_back", "freeze.on", "decision.made", "incident.opened", "experiment.rolled_back"]


def fold(ops, staff, strategy="A_SHARE"):
    return releases.fold(recorded.events(ops), staff.config, strategy)


def letters(ops) -> list[str]:
    with ops.connect() as connection:
        return [row.kind for row in connection.execute(sa.select(OUTBOX).order_by(OUTBOX.c.id))]


@pytest.fixture
def raised(ops, staff):
    """R1 is stable, R2 stands in S20."""
    append(ops, story.proposal("R1"), story.proposal("R2", rollback_to="R1"))
    then = story.rise(ops, staff.config, staff, "R1", "stable")
    story.rise(ops, staff.config, staff, "R2", "S20", start=then)
    return ops


def test_a_release_rises_through_all_stages_with_signatures_and_minimum_stays(ops, staff):
    config, seen, free = staff.config, [], freezes.Freezes()
    append(ops, story.proposal("R1"))
    release = fold(ops, staff).by_id["R1"]
    assert stages.may_start(release, fold(ops, staff), free) == [
        "approved by nobody; two people are needed, one of them in the role of risk"
    ]
    for name, role in (("Li Wei", "research"), ("Zhao Min", "risk")):
        append(ops, staff.seal(releases.approval(release, name, role, day(0))))
    assert stages.may_start(fold(ops, staff).by_id["R1"], fold(ops, staff), free) == []
    append(ops, stages.start(release, "system:test", day(0)))

    for n in range(1, 40):
        candidate = fold(ops, staff).candidate
        if candidate is None:
            break
        progress = stages.Progress([day(i) for i in range(n + 1)], gates={"all": (State.PASS, "")})
        if candidate.stage == "FULL":
            if not stages.may_become_stable(candidate, free, progress, config):
                append(ops, stages.settle(candidate, "system:test", day(n), stages.stayed(progress, candidate)))
            continue
        missing = stages.may_promote(candidate, free, progress, config)
        if missing == ["no signature to leave S50"]:
            append(ops, staff.seal(releases.approval(candidate, "Chen Yu", "engineering", day(n), leaves="S50")))
        if not missing:
            append(ops, stages.promote(candidate, "system:test", day(n), config, stages.stayed(progress, candidate)))
            seen.append((fold(ops, staff).candidate.stage, n))

    # SHADOW 1 session, S5 2, S20 3, S50 5 and one more day for its signature; FULL 5 clean ones
    assert seen == [("S5", 1), ("S20", 3), ("S50", 6), ("FULL", 12)]
    assert fold(ops, staff).active.stable_since == day(17)
    assert stages.exposures(fold(ops, staff), config) == {"R1": 1.0}


def test_candidate_and_stable_release_share_the_exposure(raised, staff):
    assert stages.exposures(fold(raised, staff), staff.config) == {"R2": 0.20, "R1": 0.80}


CALM = rollback.Observation(
    session=day(9),
    drawdown=0.10,
    limit=0.25,
    majors=(False, True),
    data_quality=State.PASS,
    consistency=State.BLOCKED,
    error_rate=0.01,
    breaker="RESTRICTED",
)
TRIPS = {
    "drawdown": {"drawdown": 0.1501},
    "major_risk": {"majors": (True, True)},
    "data_quality": {"data_quality": State.FAIL},
    "consistency": {"consistency": State.FAIL},
    "error_rate": {"error_rate": 0.0101},
    "breaker": {"breaker": "HALTED"},
    "kpi_missing": {"missing_kpis": ("sharpe",)},
    "paired_test": {"paired": PairedVerdict(9, -0.003, 21.0, 9)},
}


@pytest.mark.parametrize("rule", TRIPS)
def test_each_rule_rolls_the_candidate_back_in_one_act_with_its_letters(raised, staff, rule):
    candidate = fold(raised, staff).candidate
    assert rollback.judge(candidate, CALM, staff.config) == ()

    triggers = rollback.judge(candidate, replace(CALM, **TRIPS[rule]), staff.config)
    act = rollback.Act("R2", triggers, day(9))
    fresh = rollback.roll_back(raised, staff.config, act, post)

    assert [t.rule for t in triggers] == [rule]
    assert [e.kind for e in fresh] == ACT
    assert letters(raised) == [kind for kind in ACT for _ in story.CHANNELS]
    after = fold(raised, staff)
    assert (after.active.release_id, after.candidate, after.by_id["R2"].is_rolled_back) == ("R1", None, True)
    assert freezes.fold(recorded.events(raised), staff.config).is_on("A_SHARE")


@pytest.mark.parametrize("unknown", [{"drawdown": None}, {"error_rate": float("nan")}])
def test_an_unknown_figure_is_a_missing_kpi(raised, staff, unknown):
    triggers = rollback.judge(fold(raised, staff).candidate, replace(CALM, **unknown), staff.config)

    assert [t.rule for t in triggers] == ["kpi_missing"]


def test_a_stable_release_has_the_whole_drawdown_limit(raised, staff):
    active = fold(raised, staff).active

    assert rollback.judge(active, replace(CALM, drawdown=0.24), staff.config) == ()
    assert [t.rule for t in rollback.judge(active, replace(CALM, drawdown=0.26), staff.config)] == ["drawdown"]


def test_a_rollback_happens_once(raised, staff):
    rollback.roll_back(raised, staff.config, trigger("R2"), post)
    count = len(recorded.events(raised))

    again = rollback.roll_back(raised, staff.config, trigger("R2", day(10)), post)

    assert again == []
    assert len(recorded.events(raised)) == count
    assert len(letters(raised)) == len(ACT) * len(story.CHANNELS)


def test_the_stable_release_falls_back_to_its_own_target(raised, staff):
    rollback.roll_back(raised, staff.config, trigger("R2"), post)
    rollback.roll_back(raised, staff.config, trigger("R1"), post)

    assert fold(raised, staff).active is None
    assert stages.exposures(fold(raised, staff), staff.config) == {}


def test_nothing_of_the_act_stays_when_its_letters_cannot_be_written(raised, staff):
    before = recorded.events(raised)

    def broken(connection, events):
        post(connection, events)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        rollback.roll_back(raised, staff.config, trigger("R2"), broken)

    assert recorded.events(raised) == before
    assert letters(raised) == []


def test_a_freeze_ends_only_by_a_signed_record_and_until_then_nothing_rises(raised, staff):
    rollback.roll_back(raised, staff.config, trigger("R2"), post)
    append(raised, story.proposal("R3", rollback_to="R1"))
    release = fold(raised, staff).by_id["R3"]
    for name, role in (("Li Wei", "research"), ("Zhao Min", "risk")):
        append(raised, staff.seal(releases.approval(release, name, role, day(10))))
    open_ = freezes.fold(recorded.events(raised), staff.config).open
    unsigned = freezes.lifting(open_, "Zhao Min", "risk", "cause repaired", day(11))
    append(raised, stages.start(release, "system:test", day(10)), unsigned)
    assert fold(raised, staff).candidate is None
    assert stages.may_start(release, fold(raised, staff), freezes.fold(recorded.events(raised), staff.config)) != []

    append(raised, staff.seal(unsigned))
    again = Event("release.started/R3/again", "release.started", "R3", "system:test", {}, day(11))
    append(raised, again)

    assert freezes.fold(recorded.events(raised), staff.config).open == ()
    assert fold(raised, staff).candidate.release_id == "R3"


def test_a_rehearsal_does_all_but_the_switch_and_is_on_record(raised, staff):
    asked = []

    drill = rehearsal.rehearse(raised, staff.config, "R2", day(9), lambda to: asked.append(to.release_id) or [], post)

    assert drill.kind == "drill.passed"
    assert (drill.payload["target"], drill.payload["problems"], asked) == ("R1", [], ["R1"])
    assert fold(raised, staff).candidate.release_id == "R2"
    assert letters(raised) == []
    assert rehearsal.last_passed(recorded.events(raised), "R1", day(9)) == drill
    assert rehearsal.last_passed(recorded.events(raised), "R1", day(10)) is None


def test_a_rehearsal_before_the_start_is_possible(raised, staff):
    append(raised, story.proposal("R3", rollback_to="R1"))

    assert rehearsal.rehearse(raised, staff.config, "R3", day(9), lambda to: [], post).kind == "drill.passed"


def test_a_rehearsal_that_cannot_restore_fails_and_says_why(raised, staff):
    drill = rehearsal.rehearse(raised, staff.config, "R2", day(9), lambda to: ["bars 7 are gone"], post)

    assert (drill.kind, drill.payload["problems"]) == ("drill.failed", ["bars 7 are gone"])


def forgeries(staff) -> dict[str, list[Event]]:
    """Every way in which code without a secret might sign the release R1."""
    release = replace(
        releases.Release("R1", "A_SHARE", "", "", "", "", "CASH"), digest=releases.digest(story.proposal("R1").payload)
    )
    two = [
        releases.approval(release, "Li Wei", "research", day(1)),
        releases.approval(release, "Zhao Min", "risk", day(1)),
    ]
    genuine = [staff.seal(releases.approval(replace(release, digest="of another"), e.by, e.role, day(1))) for e in two]

    def each(change) -> list[Event]:
        return [change(i, event) for i, event in enumerate(two)]

    own = people.new_verifier("the secret of the code", cost=10)
    cost, salt = int(own.split("$")[1]), bytes.fromhex(own.split("$")[2])
    seed = people._seed("the secret of the code", salt, cost)
    homemade = [people.ed25519.sign(seed, event.text.encode()).hex() for event in two]
    return {
        "no seal": two,
        "by the system": each(lambda i, e: replace(e, by="system:release", role="")),
        "a seal of zeros": each(lambda i, e: replace(e, seal="00" * 64, key=f"{e.key}#{people._suffix('00' * 64)}")),
        "a seal of its own key": each(
            lambda i, e: replace(e, seal=homemade[i], key=f"{e.key}#{people._suffix(homemade[i])}")
        ),
        "a seal of another proposal": each(lambda i, e: replace(e, seal=genuine[i].seal, key=genuine[i].key)),
        "placeholders": each(lambda i, e: replace(e, by=("research_owner", "risk_owner")[i], seal="00" * 64)),
        "unknown people": each(lambda i, e: replace(e, by=("A", "B")[i], seal=homemade[i])),
        "genuine, for another proposal": genuine,
        "one person in every role": [
            staff.seal(releases.approval(release, "Sun Hao", role, day(1)))
            for role in ("research", "engineering", "risk")
        ],
        "one person of risk": [staff.seal(two[1])],
        "one person in every role, risk first": [
            staff.seal(releases.approval(release, "Sun Hao", role, day(1))) for role in ("risk", "research")
        ],
        "two people without risk": [
            staff.seal(releases.approval(release, "Li Wei", "research", day(1))),
            staff.seal(releases.approval(release, "Chen Yu", "engineering", day(1))),
        ],
    }


GENUINE = {
    "genuine, for another proposal",
    "one person of risk",
    "one person in every role",
    "one person in every role, risk first",
    "two people without risk",
}


@pytest.mark.parametrize(
    "way",
    [
        "no seal",
        "by the system",
        "a seal of zeros",
        "a seal of its own key",
        "a seal of another proposal",
        "placeholders",
        "unknown people",
        *sorted(GENUINE),
    ],
)
def test_code_cannot_sign_a_release_and_the_audit_lists_what_it_tried(ops, staff, way):
    append(ops, story.proposal("R1"))
    forged = forgeries(staff)[way]

    append(ops, *forged, stages.start(fold(ops, staff).by_id["R1"], "system:test", day(1)))

    state = fold(ops, staff)
    assert not state.by_id["R1"].is_approved
    assert state.candidate is None
    listed = [finding.key for finding in ledger.audit(staff.config, recorded.events(ops))]
    assert listed == ([] if way in GENUINE else [event.key for event in forged])


def test_a_forged_event_does_not_keep_a_person_from_signing(ops, staff):
    append(ops, story.proposal("R1"))
    release = fold(ops, staff).by_id["R1"]
    wanted = releases.approval(release, "Zhao Min", "risk", day(1))
    append(ops, wanted)

    append(ops, staff.seal(wanted))

    assert [a.name for a in fold(ops, staff).by_id["R1"].approvals] == ["Zhao Min"]


def test_code_cannot_leave_a_stage_that_needs_a_signature(ops, staff):
    append(ops, story.proposal("R1"))
    n = story.rise(ops, staff.config, staff, "R1", "S50")
    release = fold(ops, staff).candidate

    append(ops, releases.approval(release, "Zhao Min", "risk", day(n), leaves="S50"))
    append(ops, stages.promote(release, "system:test", day(n), staff.config, story.sessions(n, 5)))

    assert fold(ops, staff).candidate.stage == "S50"


def test_code_cannot_jump_over_stages_or_rewrite_a_proposal(ops, staff):
    append(ops, story.proposal("R1"))
    story.rise(ops, staff.config, staff, "R1", "SHADOW")
    jump = Event("jump", "release.promoted", "R1", "system:test", {"stage": "FULL"}, day(3))
    swap = replace(story.proposal("R1", config_hash="another"), key="swap")

    append(ops, jump, swap)

    assert fold(ops, staff).candidate.stage == "SHADOW"
    assert fold(ops, staff).candidate.config_hash == "config of R1"


def promotion(to: str, days: list, as_of) -> Event:
    """A promotion by hand, whatever it says of its stay."""
    stay = [each.isoformat() for each in days]
    return Event("forged", "release.promoted", "R1", "system:test", {"stage": to, "sessions_in_stage": stay}, as_of)


@pytest.mark.parametrize(
    ("to", "days", "reason"),
    [
        ("S20", [], "0 of 2 sessions in S5 on record"),
        ("S20", [day(3)], "1 of 2 sessions in S5 on record"),
        ("S20", [day(3), day(3)], "its sessions do not lie in S5"),
        ("S20", [day(1), day(3)], "its sessions do not lie in S5"),  # the stage began at the close of day 2
        ("S20", [day(3), day(5)], "its sessions do not lie in S5"),  # the promotion is of day 4
        ("S50", [day(3), day(4)], "S50 does not follow S5"),
    ],
)
def test_a_promotion_before_the_minimum_stay_or_over_a_stage_changes_nothing_and_is_reported(
    ops, staff, to, days, reason
):
    append(ops, story.proposal("R1"))
    story.rise(ops, staff.config, staff, "R1", "S5")
    assert fold(ops, staff).candidate.since == day(2)

    append(ops, promotion(to, days, day(4)))
    assert fold(ops, staff).candidate.stage == "S5"
    (finding,) = releases.broken(recorded.events(ops), staff.config)
    assert (finding.key, finding.subject, finding.reason) == ("forged", "R1", reason)


def test_a_promotion_after_the_stay_counts_and_is_not_reported(ops, staff):
    append(ops, story.proposal("R1"))
    story.rise(ops, staff.config, staff, "R1", "S5")

    append(ops, promotion("S20", [day(3), day(4)], day(4)))
    assert fold(ops, staff).candidate.stage == "S20"
    assert releases.broken(recorded.events(ops), staff.config) == []


def test_leaving_s50_without_a_signature_is_reported(ops, staff):
    append(ops, story.proposal("R1"))
    n = story.rise(ops, staff.config, staff, "R1", "S50")

    append(ops, promotion("FULL", story.sessions(n + 4, 5), day(n + 4)))
    assert fold(ops, staff).candidate.stage == "S50"
    assert [f.reason for f in releases.broken(recorded.events(ops), staff.config)] == [
        "nobody had signed that it may leave S50"
    ]


def test_a_release_counts_as_stable_only_after_its_sessions_in_the_last_stage(ops, staff):
    append(ops, story.proposal("R1"))
    n = story.rise(ops, staff.config, staff, "R1", "FULL") - 1
    release = fold(ops, staff).candidate
    assert (release.stage, release.since) == ("FULL", day(n))

    append(ops, replace(stages.settle(release, "system:test", day(n + 4), story.sessions(n + 4, 4)), key="early"))
    assert fold(ops, staff).active is None
    append(ops, stages.settle(release, "system:test", day(n + 5), story.sessions(n + 5, 5)))
    assert fold(ops, staff).active.release_id == "R1"


def test_an_event_changed_in_the_file_itself_breaks_its_seal(ops, staff):
    """Somebody drops the triggers and edits the table: the fold no longer counts the signature."""
    append(ops, story.proposal("R1"))
    story.rise(ops, staff.config, staff, "R1", "SHADOW")

    with ops.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER governance_events_no_update")
        changed = EVENTS.update().where(EVENTS.c.kind == "release.proposed")
        connection.execute(changed.values(payload={**story.proposal("R1").payload, "config_hash": "another"}))

    assert fold(ops, staff).candidate is None


def test_a_hold_stops_a_release_and_only_a_person_ends_it(raised, staff):
    candidate = fold(raised, staff).candidate
    off = stages.hold(candidate, "Chen Yu", "looked at", day(10), role="engineering", on=False)
    append(raised, stages.hold(candidate, "system:test", "odd fills", day(9)))
    append(raised, replace(off, by="system:test", role="", key="off"), off)
    assert fold(raised, staff).candidate.held == "odd fills"

    append(raised, staff.seal(off))

    assert fold(raised, staff).candidate.held == ""


# ---- killed in the middle


STRATEGIES = [f"pool_{i:02d}" for i in range(30)]


@pytest.fixture
def many(ops, staff):
    """Thirty strategies, each with a candidate in its first stage above a stable release that is cash."""
    for name in STRATEGIES:
        append(ops, story.proposal(name, strategy=name))
        story.rise(ops, staff.config, staff, name, "S5")
    return ops


def start_rolling(engine, staff, pause: float, die_at: str = "never") -> subprocess.Popen:
    command = [sys.executable, story.__file__, str(engine.url), staff.config.model_dump_json(), str(pause), die_at]
    process = subprocess.Popen([*command, *STRATEGIES], stdout=subprocess.PIPE, env=os.environ.copy())
    process.stdout.readline()
    return process


def states(ops, staff) -> list[str]:
    """before, after, or what is wrong: per strategy, from the fold, the events and the letters together."""
    events, found = recorded.events(ops), []
    told = letters_of(ops)
    for name in STRATEGIES:
        own = [e for e in events if e.key.endswith(f"/{name}")]
        of_act = sorted(e.kind for e in own if "/rollback/" in e.key or e.kind == "experiment.rolled_back")
        folded = releases.fold(events, staff.config, name)
        frozen = freezes.fold(events, staff.config).is_on(name)
        facts = (of_act, folded.candidate is None, frozen, told.get(name, 0))
        before, after = ([], False, False, 0), (sorted(ACT), True, True, len(ACT) * len(story.CHANNELS))
        found.append("before" if facts == before else "after" if facts == after else f"half: {facts}")
    return found


def letters_of(ops) -> dict[str, int]:
    count = sa.select(OUTBOX.c.subject, sa.func.count()).group_by(OUTBOX.c.subject)
    with ops.connect() as connection:
        rows = connection.execute(sa.select(OUTBOX.c.dedupe_key)).scalars().all()
        assert sum(n for _, n in connection.execute(count)) == len(rows)
    return {name: sum(key.endswith(f"/{name}") for key in rows) for name in STRATEGIES}


@pytest.mark.drill
def test_twenty_kills_at_random_points_leave_every_release_before_or_after_never_between(many, staff, tmp_path):
    choose = random.Random(20240102)
    progress = []
    for _ in range(20):
        process = start_rolling(many, staff, pause=0.02)
        time.sleep(choose.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = states(many, staff)
        assert not [text for text in found if text.startswith("half")]
        progress.append(found.count("after"))

    start_rolling(many, staff, pause=0.0).wait()

    print("rolled back after each kill:", progress)
    assert progress == sorted(progress)
    assert set(states(many, staff)) == {"after"}


@pytest.mark.drill
@pytest.mark.parametrize(("point", "rolled_back"), [("before", 0), ("appended", 0), ("posted", 0), ("committed", 1)])
def test_a_kill_at_each_step_of_the_act_leaves_it_before_or_after(many, staff, point, rolled_back):
    process = start_rolling(many, staff, 0.0, die_at=point)
    process.wait()

    assert process.returncode == -signal.SIGKILL
    assert states(many, staff).count("after") == rolled_back
    assert states(many, staff).count("before") == len(STRATEGIES) - rolled_back
