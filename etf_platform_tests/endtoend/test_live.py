"""`--source live` through the command line, on providers that stand on loopback: no network, failover, comparison."""

import time

import dagster as dg
import pandas as pd
import pytest

from etf_platform.core.workspace import Workspace
from etf_platform.market.calendar import sessions
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.rematerialise import rematerialise
from etf_platform.orchestration.revisions import report_of
from etf_platform.orchestration.runner import materialize
from etf_platform.storage.ledger import latest_verdicts
from etf_platform.storage.source_states import source_events, source_states
from etf_platform_tests.resources.live_feeds import EASTMONEY, SINA, TENCENT, YAHOO, Market, serve
from etf_platform_tests.resources.replay_server import ERROR_500, replay_server, unused_port

FUNDS = ("159915.SZ", "159949.SZ", "510050.SH", "510300.SH", "510500.SH")
FIRST, LAST, BEFORE = "2023-05-04", "2025-01-02", "2024-12-31"
AFTER_CLOSE = pd.Timestamp("2025-01-02 18:00", tz="Asia/Shanghai")
PROVIDERS = {"tencent": (10, TENCENT), "eastmoney": (30, EASTMONEY), "sina": (50, SINA), "yahoo": (10, YAHOO)}


@pytest.fixture(scope="module", autouse=True)
def _evening():
    """It is six o'clock in the evening of the last session, and nobody waits."""

    class Time:
        time = staticmethod(AFTER_CLOSE.timestamp)
        sleep = staticmethod(lambda _seconds: None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etf_platform.orchestration.live.time", Time)
        patch.setattr("etf_platform.orchestration.steps.market._now", lambda: AFTER_CLOSE)
        yield


@pytest.fixture(scope="module")
def market():
    return Market(FUNDS, [f"{day:%Y-%m-%d}" for day in sessions("XSHG").between(FIRST, LAST)])


@pytest.fixture(scope="module")
def running(market):
    with replay_server() as server:
        serve(server, market)
        yield server


@pytest.fixture
def server(running, market):
    """The providers as recorded, whatever the test before did to them."""
    running.faults.clear()
    market.restated.clear()
    return running


def _source(base):
    providers = {
        name: {"priority": priority, "is_high_frequency": True, "hosts": {host: base(host)}}
        for name, (priority, host) in PROVIDERS.items()
    }
    order = {"XSHG": ["tencent", "eastmoney", "sina"], "XNYS": ["yahoo"]}
    return {"kind": "live", "timeout_seconds": 1, "order": order, "providers": providers}


@pytest.fixture(scope="module")
def live(installed, configured, tmp_path_factory):
    """An installation on a live source whose providers stand below a base address."""

    def make(base):
        folder = tmp_path_factory.mktemp("live")
        return installed(folder / "home", configured(folder / "configs", live=_source(base)), source="live")

    return make


@pytest.fixture(scope="module")
def stored(live, running):
    """An installation with history and one day from the network; copy it."""
    installation = live(running.base)
    running.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ETF_PLATFORM_HOME", "")
        ended = installation.cli("run", "--date", BEFORE)
    assert ended.code in (0, 2), ended.text
    return installation


def test_without_network_there_is_one_sentence_per_source_exit_code_3_and_nothing_stored(live):
    port = unused_port()
    installation = live(lambda _host: f"http://127.0.0.1:{port}")
    started = time.perf_counter()

    ended = installation.cli("run", "--date", LAST)

    assert ended.code == 3
    said = [line for line in ended.err.splitlines() if line.startswith("Source ")]
    assert said == [
        f"Source {name} gave nothing that may be stored: no connection (refused) (given up after 1 of 5 requests)."
        for name in ("eastmoney", "tencent")
    ]
    assert installation.addresses == []
    assert "simulated" not in ended.text.lower()
    assert time.perf_counter() - started < 20


def test_without_network_the_us_universe_says_so_too(live):
    port = unused_port()
    installation = live(lambda _host: f"http://127.0.0.1:{port}")

    ended = installation.cli("trend", "run", "--date", LAST)

    assert ended.code == 3
    assert "Source yahoo gave nothing that may be stored: no connection (refused)" in ended.err
    assert installation.addresses == []


def test_a_day_from_the_network_is_stored_compared_and_used(stored, server, market):
    bars, compared = stored.rows("market/A_SHARE/bars"), stored.rows("market/A_SHARE/reconciliation")

    assert set(bars["source"]) == {"live:tencent"}
    assert len(bars) == 5 * (len(market.sessions) - 1)
    assert compared["verdict"].tolist() == ["agrees"] * 5
    assert set(compared["other_source"]) == {"live:eastmoney"}
    assert any(address.startswith("kpi/A_SHARE/") for address in stored.addresses)
    assert {host for host, _ in server.asked} == {TENCENT, EASTMONEY}


def test_quotes_of_the_members_are_an_asset_of_their_own(stored, server, tmp_path, market):
    installation = stored.copy(tmp_path / "home")
    platform = Platform.open(Workspace(installation.home, installation.config, "live"))

    result = materialize(platform, "quotes", ["market/A_SHARE/quotes"])

    assert result.problems == ()
    quotes = installation.rows("market/A_SHARE/quotes").set_index("symbol")
    assert set(quotes["source"]) == {"live:sina"}
    assert {s: quotes.loc[s, "last"] for s in FUNDS} == {s: market.close(s, len(market.sessions) - 1) for s in FUNDS}
    assert quotes["payload_hash"].str.len().unique().tolist() == [64]


def test_names_and_listings_come_from_the_quotes_and_no_further_request(stored, server, tmp_path, market):
    """All funds of these providers have one name, and it is none of ours: told by name, and nothing is held."""
    installation = stored.copy(tmp_path / "home")
    platform = Platform.open(Workspace(installation.home, installation.config, "live"))
    assert materialize(platform, "quotes", ["market/A_SHARE/quotes"]).problems == ()
    server.asked.clear()

    results = [materialize(platform, "quotes", ["market/A_SHARE/listings"]) for _ in range(2)]

    assert server.asked == []
    rows = installation.rows("market/A_SHARE/listings")
    assert rows["symbol"].tolist() == sorted(FUNDS)
    assert set(rows["name"]) == {"测试基金"}
    assert set(rows["date"].astype(str).str[:10]) == set(rows["first_seen"].astype(str).str[:10]) == {LAST}
    verdict = next(row for row in latest_verdicts(platform.ops, "A_SHARE") if row["fuse"] == "names_agree")
    assert (str(verdict["as_of"]), verdict["state"], verdict["observed"]) == (LAST, "WARN", 5.0)
    assert "510300.SH is called 测试基金 at live:sina, 沪深300ETF华泰柏瑞 in instruments.yaml" in verdict["reason"]
    assert all(result.succeeded for result in results)


def test_the_scheduled_run_of_quotes_is_about_its_day_though_its_assets_have_no_partitions(stored, server, tmp_path):
    """The bars end the day before, as they do at 14:50: the names are judged for the day of the run."""
    installation = stored.copy(tmp_path / "home")
    platform = Platform.open(Workspace(installation.home, installation.config, "live"))
    definitions = definitions_of(platform)
    with open_instance(platform.workspace) as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=AFTER_CLOSE.replace(hour=14, minute=50).to_pydatetime(),
            repository_def=definitions.get_repository_def(),
        )
        (request,) = definitions.resolve_schedule_def("quotes_XSHG").evaluate_tick(context).run_requests

        run = definitions.resolve_job_def("quotes").execute_in_process(
            instance=instance, tags=dict(request.tags), asset_selection=request.asset_selection
        )

    assert run.success
    assert {key.to_user_string() for key in request.asset_selection} == {
        "market/A_SHARE/quotes",
        "market/A_SHARE/listings",
    }
    assert [check.check_name for check in run.get_asset_check_evaluations()] == ["names_agree"]
    verdict = next(row for row in latest_verdicts(platform.ops, "A_SHARE") if row["fuse"] == "names_agree")
    assert (str(verdict["as_of"]), verdict["state"]) == (LAST, "WARN")


def test_when_the_first_source_fails_the_second_is_stored_and_named(stored, server, tmp_path):
    installation = stored.copy(tmp_path / "home")
    server.spoil(TENCENT, ERROR_500)

    ended = installation.cli("run", "--date", LAST)

    assert ended.code in (0, 2), ended.text
    bars = installation.rows("market/A_SHARE/bars")
    by_day = bars.groupby(bars["date"].astype(str).str[:10])["source"].unique().str[0]
    assert (by_day[BEFORE], by_day[LAST]) == ("live:tencent", "live:eastmoney")
    compared = installation.rows("market/A_SHARE/reconciliation")
    assert set(compared.loc[compared["date"].astype(str).str[:10] == LAST, "other_source"]) == {"live:sina"}
    platform = Platform.open(Workspace(installation.home, installation.config, "live"))
    assert [(e["topic"], e["kind"], e["source"]) for e in source_events(platform.ops)] == [
        ("bars/XSHG", "switched", "eastmoney")
    ]
    assert {s["source"]: s["state"] for s in source_states(platform.ops)}["tencent"] in ("DEGRADED", "FAILED")
    assert report_of(platform).empty


def test_restated_history_is_found_recorded_and_made_again_exactly_once(stored, live, server, market, tmp_path):
    """Afterwards the tables are those of an installation that never saw the old prices."""
    installation = stored.copy(tmp_path / "home")
    market.restated["510300.SH", "2024-12-18"] = 1.02
    assert installation.cli("run", "--date", LAST).code in (0, 2)
    untouched = installation.bits(until="2024-12-17")["factors/A_SHARE/panel"]
    platform = Platform.open(Workspace(installation.home, installation.config, "live"))

    found = report_of(platform).iloc[0]
    results = rematerialise(platform)

    assert (str(found["start"]), str(found["end"]), found["rows"]) == ("2024-12-18", LAST, 2)
    assert set(found["changes"]) == {"510300.SH"}
    assert [result.problems for result in results] == [()] * len(results)
    assert report_of(platform)["state"].tolist() == ["done"]
    assert rematerialise(platform) == []
    assert installation.bits(until="2024-12-17")["factors/A_SHARE/panel"] == untouched
    fresh = live(server.base)
    assert fresh.cli("run", "--date", LAST).code in (0, 2)
    for address in ("market/A_SHARE/bars", "factors/A_SHARE/panel", "strategies/A_SHARE/targets"):
        pd.testing.assert_frame_equal(_told(installation, address), _told(fresh, address))


def _told(installation, address):
    rows = installation.rows(address).drop(columns="revision", errors="ignore")
    return rows.sort_values(["date", "symbol"], ignore_index=True)
