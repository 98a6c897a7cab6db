"""What counts as restated history, how it is recorded, and what the sensor then starts."""

from datetime import date

import dagster as dg
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.wire.health import after_failure, after_success
from etf_platform.orchestration.live import OpsMemory, unusable_sources
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.rematerialise import PHASE, TAG, requests
from etf_platform.orchestration.revisions import find_restated, note_restated, report_of
from etf_platform.storage.source_states import source_events, source_states

DAYS = pd.DatetimeIndex(["2024-12-27", "2024-12-30", "2024-12-31"])


def _bars(source="live:tencent", **closes):
    frames = [
        pd.DataFrame({"date": DAYS[: len(values)], "symbol": symbol[1:].replace("_", "."), "close": values})
        for symbol, values in closes.items()
    ]
    rows = pd.concat(frames, ignore_index=True)
    prices = dict.fromkeys(("open", "high", "low", "prev_close"), rows["close"])
    others = {"volume": 1000.0, "amount": 1000.0, "adj_factor": 1.0, "amount_estimated": False, "revision": 0}
    stamp = pd.Timestamp("2024-12-31 10:00", tz="UTC").as_unit("us")
    return rows.assign(**prices, **others, source=source, fetched_at=stamp)


@pytest.fixture
def platform(tmp_path):
    return Platform.open(Workspace(tmp_path / "home", packaged_config(), "live"))


def test_the_same_rows_are_not_restated():
    stored = _bars(S510300_SH=[4.0, 4.1, 4.2])

    assert find_restated(stored, stored).empty


def test_one_changed_price_is_one_row_with_its_columns():
    found = find_restated(_bars(S510300_SH=[4.0, 4.15, 4.2]), _bars(S510300_SH=[4.0, 4.1, 4.2]))

    assert found["date"].unique().tolist() == [pd.Timestamp("2024-12-30")]
    assert found["what"].tolist() == ["close", "high", "low", "open"]


def test_another_source_may_differ_by_a_tick_or_three_thousandths():
    stored = _bars(S510300_SH=[4.0, 4.1, 4.2])
    close_by = _bars("live:eastmoney", S510300_SH=[4.001, 4.112, 4.2])
    far_off = _bars("live:eastmoney", S510300_SH=[4.0, 4.114, 4.2])

    assert find_restated(close_by, stored).empty
    assert find_restated(far_off, stored)["date"].unique().tolist() == [pd.Timestamp("2024-12-30")]


def test_a_new_last_day_and_a_new_symbol_are_no_restatement():
    stored = _bars(S510300_SH=[4.0, 4.1])

    assert find_restated(_bars(S510300_SH=[4.0, 4.1, 4.2], S510500_SH=[5.0, 5.1, 5.2]), stored).empty


def test_a_day_in_the_middle_that_comes_or_goes_is_one():
    whole = _bars(S510300_SH=[4.0, 4.1, 4.2])
    holed = whole[whole["date"] != "2024-12-30"]

    assert find_restated(whole, holed)["what"].tolist() == ["added"]
    assert find_restated(holed, whole)["what"].tolist() == ["withdrawn"]


def _found(platform):
    stored, fresh = _bars(S510300_SH=[4.0, 4.1, 4.2]), _bars(S510300_SH=[4.0, 4.15, 4.2])
    platform.lake.write(t.BARS, "A_SHARE", stored, date(2024, 12, 27), date(2024, 12, 31))
    return note_restated(platform.ops, "A_SHARE", find_restated(fresh, stored), date(2024, 12, 31), "run")


def test_the_same_change_is_recorded_once(platform):
    _found(platform)
    _found(platform)

    assert report_of(platform)[["universe", "rows", "state"]].values.tolist() == [["A_SHARE", 1, "found"]]


def test_the_sensor_asks_for_the_partitions_from_the_first_changed_day_on_and_closes_the_record(platform):
    _found(platform)

    with dg.DagsterInstance.ephemeral() as instance:
        asked = list(requests(platform, instance))
        instance.create_run_for_job(_job(), tags=asked[0].tags, status=dg.DagsterRunStatus.SUCCESS)
        afterwards = list(requests(platform, instance))

    assert len(asked) == 1
    assert asked[0].tags["dagster/asset_partition_range_start"] == "2024-12-30"
    assert asked[0].tags["dagster/asset_partition_range_end"] == "2024-12-31"
    assert (asked[0].tags[TAG], asked[0].tags[PHASE]) == ("1", "partitions")
    assert {key.path[1] for key in asked[0].asset_selection} == {"A_SHARE", "portfolio"}
    assert isinstance(afterwards[0], dg.SkipReason)
    assert report_of(platform)["state"].tolist() == ["done"]


def _job():
    @dg.op
    def nothing() -> None:
        """Does nothing."""

    @dg.job
    def empty() -> None:
        nothing()

    return empty


def test_the_state_of_sources_survives_the_process(platform):
    memory = OpsMemory(platform.ops, lambda: 1000.0)
    for _ in range(3):
        memory.change("tencent", lambda h: after_failure(h, 1000.0, 0.0, "HTTP 500"))
    memory.change("sina", lambda h: after_success(h, 1000.0, 0.2))
    waits = [memory.reserve("qt.gtimg.cn", 1000.0, rate=2.0, burst=1) for _ in range(3)]
    again = OpsMemory(platform.ops, lambda: 1000.0)

    assert again.health("tencent").breaker.phase(1010.0) == "open"
    assert again.reserve("qt.gtimg.cn", 1000.0, rate=2.0, burst=1) == 1.5
    assert waits == [0.0, 0.5, 1.0]
    assert {row["source"]: row["state"] for row in source_states(platform.ops)} == {
        "sina": "HEALTHY",
        "tencent": "FAILED",
    }
    assert unusable_sources(platform) == [
        "Source tencent gave nothing that may be stored: HTTP 500; not asked again before 00:17:10 UTC."
    ]


def test_an_event_is_written_with_the_source_in_use(platform):
    from etf_platform.market.wire.memory import SourceEvent

    memory = OpsMemory(platform.ops, lambda: 1000.0)
    event = SourceEvent("bars/XSHG", "switched", "sina", "tencent", "tencent: HTTP 500", 1000.0)
    memory.used("bars/XSHG", "sina", lambda before: event if before is None else None)
    memory.used("bars/XSHG", "sina", lambda before: event if before is None else None)

    assert [(e["kind"], e["source"], e["before"]) for e in source_events(platform.ops)] == [
        ("switched", "sina", "tencent")
    ]
