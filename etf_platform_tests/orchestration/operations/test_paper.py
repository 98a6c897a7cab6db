"""The running account on stored tables: written once, resumed after a cut, never rewritten by later data."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.orchestration.paper_imports import import_fills
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.paper import carry, decided_at, scheduled, write_account
from etf_platform.paper.imports import FillImportError
from etf_platform.storage.events import events

TABLES = (t.PAPER_DECISIONS, t.PAPER_FILLS, t.PAPER_ACCOUNT)
HEADER = "date,symbol,order_id,decision_date,side,ordered,shares,price,cost"


def versions(platform, pool):
    return [platform.lake.version(table, pool) for table in TABLES]


def on_record(platform, pool):
    return [platform.lake.read(table, pool) for table in TABLES]


def test_a_day_that_is_run_again_writes_nothing(replays, week):
    platform = replays.open(week)
    before = versions(platform, replays.pool)

    outcome = write_account(platform, replays.pool, Window(replays.first, replays.last))

    assert (outcome.written, versions(platform, replays.pool)) == ((), before)
    assert outcome.facts["decisions that would differ now"] == "none"


def test_a_range_records_the_same_as_day_by_day(replays, week, folder):
    platform = replays.open(folder)
    for layer in ("market", "factors", "strategies"):
        copy_tree(week / "home" / "lake" / layer, folder / "home" / "lake" / layer)

    write_account(platform, replays.pool, Window(replays.first, replays.last))

    for live, ranged in zip(
        on_record(replays.open(week), replays.pool), on_record(platform, replays.pool), strict=True
    ):
        volatile = [name for name in ("inputs", "code") if name in live]
        assert live.drop(columns=volatile).equals(ranged.drop(columns=volatile))


def test_later_data_that_would_decide_otherwise_are_an_event_and_change_no_row(replays, week):
    platform = replays.open(week)
    before = on_record(platform, replays.pool)
    targets = platform.lake.read(t.TARGETS, replays.pool)
    is_last = (targets["date"] == "2024-02-29") & (targets["target_weight"] > 0.0)
    platform.lake.write(
        t.TARGETS, replays.pool, targets.assign(target_weight=targets["target_weight"].where(~is_last, 0.0))
    )

    for _ in range(2):
        outcome = write_account(platform, replays.pool, Window(replays.first, replays.first))

    (event,) = events(platform.ops, kinds={"decision.differs"})
    assert (event.subject, event.as_of) == (replays.pool, replays.first)
    assert len(event.payload["funds"]) == is_last.sum()
    assert outcome.facts["decisions that would differ now"] == "2024-03-04"
    for was, now in zip(before, on_record(platform, replays.pool), strict=True):
        assert was.equals(now)


@pytest.mark.parametrize("kept", [(), (t.PAPER_DECISIONS,), (t.PAPER_DECISIONS, t.PAPER_FILLS)])
def test_a_run_that_was_cut_goes_on_where_it_stopped(replays, week, kept):
    """Of a day's three writes the first few were made: the day ends as if nothing had happened."""
    platform = replays.open(week)
    whole = on_record(platform, replays.pool)
    day = dt.date(2024, 3, 5)
    for table in TABLES:
        start = day if table not in kept else dt.date(2024, 3, 6)
        platform.lake.write(table, replays.pool, table.no_rows(), start, None)

    write_account(platform, replays.pool, Window(replays.last, replays.last))

    for was, now in zip(whole, on_record(platform, replays.pool), strict=True):
        volatile = [name for name in ("inputs", "code") if name in was]
        assert was.drop(columns=volatile).equals(now.drop(columns=volatile))


def test_a_decision_says_what_it_read_and_when(replays, week_home):
    rows = replays.open(week_home).lake.read(t.PAPER_DECISIONS, replays.pool)

    assert set(rows["decided_at"]) == {pd.Timestamp(f"2024-03-0{d} 10:00", tz="UTC") for d in (4, 5, 6, 7, 8)}
    assert rows["inputs"].str.contains("market/A_SHARE/bars").all()
    assert (rows["config"] != "").all() and (rows["code"] != "").all()
    assert set(rows["release_id"]) == {""}


def test_an_account_takes_up_the_weights_in_force_and_then_keeps_them(replays, week_home):
    rows = replays.open(week_home).lake.read(t.PAPER_DECISIONS, replays.pool)

    decides = rows.groupby("date")["is_decision"].any()
    assert decides.tolist() == [True, False, False, False, False]
    assert rows.groupby("date")["weight"].sum().round(9).nunique() == 1


@pytest.mark.parametrize(
    ("now", "decides"),
    [("2024-03-05 01:29", True), ("2024-03-05 01:30", False), ("2024-03-04 10:00", True)],
)
def test_on_a_live_source_nothing_is_decided_once_the_next_session_is_open(replays, week_home, now, decides):
    platform = replays.open(week_home)
    live = type(platform)(type(platform.workspace)(**{**vars(platform.workspace), "source": "live"}), platform.config)
    at = pd.Timestamp(now, tz="UTC").to_pydatetime()

    assert (decided_at(live, replays.pool, replays.first, at) == at) is decides


def test_on_recorded_data_the_moment_is_the_hour_of_the_schedule(replays, week_home):
    platform = replays.open(week_home)

    moment = decided_at(platform, replays.pool, replays.first, dt.datetime(2030, 1, 1, tzinfo=dt.UTC))

    assert moment == scheduled(platform, replays.first) == dt.datetime(2024, 3, 4, 10, tzinfo=dt.UTC)


def test_an_account_without_a_session_is_refused(replays, week_home):
    with pytest.raises(BadInputError, match="no session"):
        carry(replays.open(week_home), replays.pool, Window(None, None), lambda *_: None)


class TestImports:
    @pytest.fixture
    def unfilled(self, replays, week):
        """The week up to its first decision; its orders, as modelled, fill on the next session."""
        platform = replays.open(week)
        modelled = platform.lake.read(t.PAPER_FILLS, replays.pool)
        for table in TABLES:
            platform.lake.write(table, replays.pool, table.no_rows(), "2024-03-05", None)
        return platform, modelled

    def lines(self, fills, shift=0.001):
        names = HEADER.split(",")
        rows = fills.assign(
            date="2024-03-05", decision_date="2024-03-04", price=(fills["price"] + shift).round(3), cost=5.0
        )
        return rows[names].to_csv(index=False).encode()

    def test_imported_fills_take_the_place_of_modelled_ones_and_are_told(self, replays, unfilled):
        platform, modelled = unfilled

        days = import_fills(platform, replays.pool, self.lines(modelled), "broker.csv")
        outcome = write_account(platform, replays.pool, Window(replays.first, dt.date(2024, 3, 5)))

        stored = platform.lake.read(t.PAPER_FILLS, replays.pool)
        assert days == [dt.date(2024, 3, 5)]
        assert set(stored["origin"]) == {"broker.csv"}
        assert outcome.facts["imported fills"] == len(modelled)
        assert platform.lake.read(t.PAPER_ACCOUNT, replays.pool)["cost"].tolist() == [0.0, 5.0 * len(modelled)]
        assert [e.payload["origin"] for e in events(platform.ops, kinds={"fills.imported"})] == ["broker.csv"]

    def test_the_same_file_twice_is_one_import(self, replays, unfilled):
        platform, modelled = unfilled
        import_fills(platform, replays.pool, self.lines(modelled), "broker.csv")

        assert import_fills(platform, replays.pool, self.lines(modelled), "broker.csv") == []

    def test_other_fills_of_an_imported_day_are_refused(self, replays, unfilled):
        platform, modelled = unfilled
        import_fills(platform, replays.pool, self.lines(modelled), "broker.csv")

        with pytest.raises(FillImportError, match="has other fills of"):
            import_fills(platform, replays.pool, self.lines(modelled, shift=0.002), "second.csv")

    def test_a_recorded_day_takes_no_fills(self, replays, week):
        platform = replays.open(week)
        modelled = platform.lake.read(t.PAPER_FILLS, replays.pool)

        with pytest.raises(FillImportError, match="2024-03-05 is recorded"):
            import_fills(platform, replays.pool, self.lines(modelled), "broker.csv")

    def test_funds_of_another_pool_and_days_off_are_refused(self, replays, unfilled):
        platform, _ = unfilled
        line = "2024-03-05,512480.SH,o1,2024-03-04,buy,100,100,1.0,1"

        with pytest.raises(FillImportError, match="no member of A_SHARE"):
            import_fills(platform, replays.pool, f"{HEADER}\n{line}\n".encode(), "broker.csv")
        with pytest.raises(FillImportError, match="no session"):
            weekend = line.replace("512480", "510300").replace("03-05", "03-09")
            import_fills(platform, replays.pool, f"{HEADER}\n{weekend}\n".encode(), "broker.csv")


def copy_tree(source, target):
    import shutil

    shutil.rmtree(target)
    shutil.copytree(source, target)
