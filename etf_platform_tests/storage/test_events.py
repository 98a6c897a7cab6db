"""The ledger keeps every event once and for ever; on SQLite and PostgreSQL."""

import datetime as dt

import pytest
import sqlalchemy as sa

from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.units.event import Event
from etf_platform.storage import events as ledger
from etf_platform.storage.opsdb import EVENTS
from etf_platform.storage.outbox import transaction

NOON = dt.datetime(2024, 10, 8, 12, tzinfo=dt.UTC)


def make(key: str, kind: str = "decision.made", subject: str = "r1", **rest) -> Event:
    return Event(key, kind, subject, "system:test", rest.pop("payload", {"b": [1, 2.5], "a": None}), **rest)


def put(engine, *events, now=NOON) -> list[Event]:
    with transaction(engine) as connection:
        return ledger.append(connection, events, now)


def test_what_is_read_is_what_was_appended_in_this_order(ops):
    put(ops, make("z", as_of=dt.date(2024, 10, 8)), make("a", payload={"名": "灰度"}))

    read = ledger.events(ops)

    assert [(e.key, e.recorded_at) for e in read] == [("z", NOON), ("a", NOON)]
    assert read[1].payload == {"名": "灰度"}
    assert read[0].as_of == dt.date(2024, 10, 8)


def test_the_same_event_is_recorded_once(ops):
    first = put(ops, make("a"))

    again = put(ops, make("a"), make("b"), now=NOON + dt.timedelta(days=1))

    assert [e.key for e in first] == ["a"]
    assert [e.key for e in again] == ["b"]
    assert ledger.events(ops)[0].recorded_at == NOON


@pytest.mark.parametrize("other", [{"payload": {"x": 1}}, {"subject": "r2"}, {"seal": "00"}, {"kind": "freeze.on"}])
def test_another_event_under_a_known_key_is_refused_and_nothing_of_the_act_stays(ops, other):
    put(ops, make("a"))

    with pytest.raises(BadInputError, match="another event of this key"):
        put(ops, make("b"), make("a", **other))

    assert [e.key for e in ledger.events(ops)] == ["a"]


@pytest.mark.parametrize("change", [EVENTS.update().values(by="Zhao Min"), EVENTS.delete()])
def test_nothing_recorded_can_be_changed_or_deleted(ops, change):
    put(ops, make("a"))
    if ops.dialect.name != "sqlite":
        pytest.skip("the triggers are SQLite's; on PostgreSQL rights on the table do this")

    with pytest.raises(sa.exc.IntegrityError, match="append-only"), ops.begin() as connection:
        connection.execute(change)


def test_events_are_found_by_kind_subject_and_time(ops):
    put(ops, make("a", as_of=dt.date(2024, 10, 8)), make("b", kind="freeze.on", subject="r2"))
    put(ops, make("c", as_of=dt.date(2024, 10, 7)), make("d"), now=NOON + dt.timedelta(days=2))

    def keys(**query):
        return [e.key for e in ledger.events(ops, **query)]

    assert keys(kinds={"freeze.on"}) == ["b"]
    assert keys(kinds=set()) == []
    assert keys(subject="r2") == ["b"]
    assert keys(until=NOON) == ["a", "b"]
    assert keys(until=dt.date(2024, 10, 7)) == ["c"]
    assert keys(until=dt.date(2024, 10, 8)) == ["a", "b", "c"]
    assert keys(until=dt.date(2024, 10, 10)) == ["a", "b", "c", "d"]


def test_an_unreadable_database_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(StorageError, match="reading the ledger"):
        ledger.events(sa.create_engine(f"sqlite:///{tmp_path}/empty.db"))


@pytest.mark.parametrize(
    "wrong", [{"kind": "release.forged"}, {"subject": ""}, {"payload": {"x": float("nan")}}, {"payload": {"x": NOON}}]
)
def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(BadInputError):
        make("a", **wrong)
