"""The outbox tells each event once per channel, in order, over crashes; on SQLite and PostgreSQL."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.storage import mailroom
from etf_platform.storage.letters import Letter, Parcel, Result, Settled, Terms
from etf_platform.storage.opsdb import METADATA, SCHEMA_STAMP, open_ops
from etf_platform.storage.outbox import (
    bury_stranded,
    claim,
    enqueue,
    read_cursor,
    settle,
    transaction,
    unheard,
    write_cursor,
)

NOW = dt.datetime(2026, 1, 5, 10, 0, tzinfo=dt.UTC)
TERMS = Terms(per_window=20, lease=dt.timedelta(seconds=30), attempts=3)


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def letter(key: str, channel: str = "dingtalk", order: str | None = None, due: dt.datetime = NOW) -> Letter:
    return Letter(key, channel, order or key, "check_failure", "error", key, {"key": key}, due)


def put(ops: sa.Engine, *letters: Letter, now: dt.datetime = NOW, cursor: tuple[str, str] | None = None) -> int:
    with transaction(ops) as connection:
        return enqueue(connection, letters, now, cursor)


def take(
    ops: sa.Engine, now: dt.datetime = NOW, most: int = 1, terms: Terms = TERMS, channel="dingtalk"
) -> Parcel | None:
    with transaction(ops) as connection:
        return claim(connection, channel, terms, now, lambda letters, recent: most)


def end(ops: sa.Engine, parcel: Parcel, verdict: str, now: dt.datetime = NOW, terms: Terms = TERMS, **other) -> Settled:
    result = Result(verdict, "status 500" if verdict != "sent" else "", now, now)
    with transaction(ops) as connection:
        return settle(connection, parcel, replace(result, **other), terms, now)


def keys(parcel: Parcel | None) -> list[str]:
    return [one.dedupe_key for one in parcel.letters] if parcel else []


def states(ops: sa.Engine) -> dict[str, str]:
    return {row["dedupe_key"]: row["state"] for row in mailroom.letters(ops)}


def test_an_event_is_told_once_on_each_channel(ops):
    assert put(ops, letter("a"), letter("a"), letter("a", "wecom")) == 2
    assert put(ops, letter("a"), letter("b")) == 1

    assert mailroom.counts(ops) == {"dingtalk": {"new": 2}, "wecom": {"new": 1}}


def test_cursor_and_letters_are_kept_or_lost_together(ops):
    put(ops, letter("a"), cursor=("checks", "41"))
    with pytest.raises(ZeroDivisionError), transaction(ops) as connection:
        enqueue(connection, [letter("b")], NOW, ("checks", "42"))
        raise ZeroDivisionError

    with transaction(ops) as connection:
        assert read_cursor(connection, "checks") == "41"
        assert read_cursor(connection, "runs") is None
        write_cursor(connection, "checks", "43", NOW)
        assert read_cursor(connection, "checks") == "43"
    assert states(ops) == {"a": "new"}


def test_a_claimed_letter_belongs_to_one_dispatcher_until_its_lease_ends(ops):
    put(ops, letter("a"))
    first = take(ops)

    assert take(ops, later(29)) is None
    again = take(ops, later(31))
    assert keys(again) == ["a"] and again.batch == first.batch and again.token != first.token


def test_a_killed_dispatchers_digest_comes_back_as_the_same_message(ops):
    put(ops, letter("a"), letter("b"))
    first = take(ops, most=2)
    put(ops, letter("c"), now=later(5))

    again = take(ops, later(31), most=3)
    assert keys(again) == ["a", "b"] and again.batch == first.batch
    assert keys(take(ops, later(31))) == ["c"]


def test_a_message_that_may_have_arrived_stays_the_same_message_whatever_becomes_of_its_repeats(ops):
    put(ops, letter("a"), letter("b"))
    first = take(ops, most=2)
    end(ops, first, "again", same_again=True)
    put(ops, letter("c"))
    end(ops, take(ops, most=3), "again")

    again = take(ops, most=3)
    assert keys(again) == ["a", "b"] and again.batch == first.batch


def test_a_message_that_surely_failed_is_packed_anew(ops):
    put(ops, letter("a"), letter("b"))
    first = take(ops, most=2)
    end(ops, first, "again")
    put(ops, letter("c"))

    again = take(ops, most=3)
    assert keys(again) == ["a", "b", "c"] and again.batch != first.batch


def test_an_undelivered_letter_holds_back_later_ones_of_its_key_and_no_others(ops):
    put(ops, letter("a1", order="a"), letter("a2", order="a"), letter("b1", order="b"))
    first = take(ops)
    second = take(ops)
    assert (keys(first), keys(second), take(ops)) == (["a1"], ["b1"], None)
    end(ops, first, "again", next_try=later(60))

    assert take(ops, later(31)).letters[0].dedupe_key == "b1"
    assert keys(take(ops, later(60))) == ["a1"]


def test_a_dead_letter_holds_nothing_back(ops):
    put(ops, letter("a1", order="a"), letter("a2", order="a"))

    assert end(ops, take(ops), "refused").dead == 1
    assert keys(take(ops)) == ["a2"]


def test_a_letter_dies_after_its_attempts_and_lives_again_on_request(ops):
    put(ops, letter("a"))
    for i in range(3):
        assert states(ops) == {"a": "new"}
        end(ops, take(ops, later(i)), "again", later(i))

    assert [(row["dedupe_key"], row["last_error"]) for row in mailroom.dead_letters(ops)] == [("a", "status 500")]
    assert take(ops, later(9)) is None
    assert mailroom.retry(ops, later(10)) == 1 and mailroom.retry(ops, later(10)) == 0
    assert keys(take(ops, later(10))) == ["a"]


def test_a_letter_whose_dispatchers_all_died_is_dead_too(ops):
    put(ops, letter("a"))
    for i in range(3):
        assert take(ops, later(31 * i)) is not None

    assert take(ops, later(100)) is None
    assert mailroom.dead_letters(ops)[0]["last_error"] == "every dispatcher that tried it died"


def test_being_too_fast_costs_no_attempt_and_pauses_the_channel(ops):
    put(ops, letter("a"))
    for i in range(9):
        end(ops, take(ops, later(10 * i)), "limited", later(10 * i), resume=later(10 * i + 9))
        assert take(ops, later(10 * i + 8)) is None

    assert states(ops) == {"a": "new"} and mailroom.letters(ops)[0]["attempts"] == 0


def test_a_letter_that_was_never_taken_dies_of_old_age(ops):
    put(ops, letter("a"))
    end(ops, take(ops), "limited")

    assert take(ops, NOW + dt.timedelta(hours=73)) is None
    assert states(ops) == {"a": "dead"}


def test_no_window_holds_more_messages_than_the_limit_even_for_killed_dispatchers(ops):
    terms = replace(TERMS, per_window=3)
    put(ops, *(letter(str(i)) for i in range(9)))
    end(ops, take(ops, terms=terms), "sent", later(1))
    end(ops, take(ops, terms=terms), "again", later(2), arrived_by=later(12), next_try=later(999))
    take(ops, terms=terms)

    assert take(ops, later(60), terms=terms) is None
    assert keys(take(ops, later(61.5), terms=terms)) == ["2"]  # the killed one's place counts to its lease's end
    assert take(ops, later(71), terms=terms) is None
    assert take(ops, later(73), terms=terms) is not None
    assert take(ops, later(89), terms=terms) is None


def test_digest_picks_from_the_front_and_sees_what_was_sent(ops):
    put(ops, *(letter(str(i)) for i in range(4)))
    end(ops, take(ops), "sent")
    seen = []
    with transaction(ops) as connection:
        parcel = claim(connection, "dingtalk", TERMS, NOW, lambda x, recent: seen.append((len(x), recent)) or 2)

    assert seen == [(3, 1)] and keys(parcel) == ["1", "2"]


def test_a_success_counts_after_the_lease_and_a_failure_does_not(ops):
    put(ops, letter("a"), letter("b"))
    slow_a, slow_b = take(ops), take(ops)
    take(ops, later(31)), take(ops, later(31))

    assert end(ops, slow_a, "sent", later(32)).sent == 1
    assert end(ops, slow_b, "refused", later(32)).dead == 0
    assert states(ops) == {"a": "sent", "b": "new"}


def test_a_letter_that_may_speak_wakes_earlier_ones_of_its_key(ops):
    put(ops, letter("a1", order="a", due=later(9000)), letter("b1", order="b", due=later(9000)))
    assert take(ops) is None

    put(ops, letter("a2", order="a"))
    assert (keys(take(ops)), keys(take(ops))) == (["a1"], [])


def test_an_event_is_unheard_when_every_channel_failed_it(ops):
    put(ops, letter("a"), letter("a", "wecom"), letter("b"), letter("b", "wecom"))
    for channel in ("dingtalk", "wecom"):
        end(ops, take(ops, channel=channel), "refused")
    end(ops, take(ops), "refused")

    with transaction(ops) as connection:
        assert [x.dedupe_key for x in unheard(connection, 2)] == ["a"]
        assert [x.dedupe_key for x in unheard(connection, 0)] == ["a", "b"]
    end(ops, take(ops, channel="wecom"), "sent")
    with transaction(ops) as connection:
        assert [x.dedupe_key for x in unheard(connection, 0)] == ["a"]


def test_letters_of_a_channel_that_is_gone_are_given_up_in_the_end(ops):
    put(ops, letter("a", "wecom"), letter("b"))

    with transaction(ops) as connection:
        assert bury_stranded(connection, ["dingtalk"], NOW) == 0
        assert bury_stranded(connection, ["dingtalk"], later(1)) == 1
    assert states(ops) == {"a": "dead", "b": "new"}


def test_the_health_of_a_channel_is_kept(ops):
    put(ops, letter("a"))
    assert end(ops, take(ops), "again") == Settled(0, 0, 0, 1, NOW)
    assert end(ops, take(ops, later(1)), "again", later(1)) == Settled(0, 0, 1, 2, NOW)

    assert end(ops, take(ops, later(2)), "sent", later(2)) == Settled(1, 0, 2, 0, NOW)
    (row,) = mailroom.channel_states(ops)
    assert (row["failures"], row["failing_since"], row["last_ok_at"]) == (0, None, later(2))


def test_many_dispatchers_at_once_send_each_letter_once(ops):
    put(ops, *(letter(str(i), order=str(i % 7)) for i in range(60)))
    terms = replace(TERMS, per_window=1000)

    def drain(_: int) -> list[str]:
        sent: list[str] = []
        while (parcel := take(ops, terms=terms)) is not None:
            sent += keys(parcel)
            end(ops, parcel, "sent", terms=terms)
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = [key for part in pool.map(drain, range(4)) for key in part]
    sent += drain(0)
    assert sorted(sent, key=int) == [str(i) for i in range(60)]


def test_a_database_of_the_first_version_gets_the_new_tables_and_keeps_its_rows(tmp_path):
    url = f"sqlite:///{tmp_path}/ops.db"
    old = sa.create_engine(url)
    with old.begin() as connection:
        kept = ("outbox", "cursors", "channel_sends", "channel_states", "source_marks", "source_states")
        METADATA.create_all(connection, tables=[t for name, t in METADATA.tables.items() if name not in kept])
        connection.execute(SCHEMA_STAMP.insert().values(version=1))
        connection.exec_driver_sql(
            "INSERT INTO experiments (created_at, params, result) VALUES ('2026-01-01', '{}', '{}')"
        )

    ops = open_ops(url)
    assert put(ops, letter("a")) == 1
    with ops.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM experiments").scalar() == 1
        assert connection.scalar(sa.select(sa.func.max(SCHEMA_STAMP.c.version))) == 3


def test_a_database_that_fails_gives_one_sentence(tmp_path):
    ops = open_ops(f"sqlite:///{tmp_path}/ops.db")
    with ops.begin() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")

    with pytest.raises(StorageError, match="writing the outbox: no such table: outbox; check the ops database"):
        put(ops, letter("a"))
