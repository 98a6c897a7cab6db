"""Our own endpoints: house symbols, fractions, pages of lists, events."""

import asyncio
import datetime as dt
import json

import pytest

from etf_platform.storage import tracker
from etf_platform.storage.outbox import transaction
from etf_platform.web.reading import Reading
from etf_platform.web.routes.events import _stream
from etf_platform_tests.resources.web_home import DAY, NOW, client_of, get, scan, signal


def test_the_board_counts_and_pages(client):
    found = get(client, "/api/v2/board?limit=1&offset=1")

    assert (found["day"], found["origin"]) == ("2024-09-30", "live")
    assert (found["at_limit"], found["sealed"], found["opened"], found["total"]) == (2, 2, 1, 3)
    assert found["seal_rate"] == pytest.approx(2 / 3)
    assert [row["symbol"] for row in found["items"]] == ["600519.SH"]  # those at the limit first, by symbol
    assert found["items"][0]["turnover"] == 0.0123


def test_a_day_that_nobody_watched_comes_from_the_closes(client):
    found = get(client, "/api/v2/board?day=2024-09-27")

    assert (found["origin"], found["sealed"], found["at_limit"]) == ("closes", None, 1)
    row = found["items"][0]
    assert (row["symbol"], row["name"], row["price"], row["boards_in_row"]) == ("600519.SH", "贵州茅台", 7.0, 2)
    assert row["change"] == pytest.approx(0.5 / 6.5) and row["first_seal"] == "2024-09-27T01:30:00Z"
    assert get(client, "/api/v2/board?day=2024-09-26")["origin"] == "none"


def test_the_ladder_has_most_boards_first(client):
    found = get(client, "/api/v2/ladder")

    assert [(rung["boards"], [s["symbol"] for s in rung["stocks"]]) for rung in found["rungs"]] == [
        (3, ["600519.SH"]),
        (1, ["300750.SZ"]),
    ]


def test_exposure_sums_the_weights_of_sealed_stocks(client):
    rows = get(client, "/api/v2/exposure")["items"]

    assert [(row["etf"], row["stock"], row["stocks_at_limit"]) for row in rows] == [
        ("159915.SZ", "300750.SZ", 1),
        ("510300.SH", "600519.SH", 2),
    ]
    assert [row["sum_weight"] for row in rows] == pytest.approx([0.15, 0.14])
    assert rows[1]["premium"] == 0.0012 and rows[0]["premium"] is None


def test_a_signal_shows_all_that_was_said(client):
    page = get(client, "/api/v2/signals?day=2024-09-30&state=new")
    row = page["items"][0]

    assert (page["total"], row["stock"], row["etf"], row["state"]) == (1, "600519.SH", "510300.SH", "new")
    assert (row["score"], row["sum_weight"], row["components"]["edge"]["value"]) == (55.0, 0.14, -3.0)
    assert get(client, f"/api/v2/signals/{row['signal_id']}") == row
    assert get(client, "/api/v2/signals?state=expired")["items"] == []
    assert get(client, "/api/v2/signals/SIG_20240930100000_600519_0009", 404)["remedy"]


def test_the_hit_rate_counts_gains_with_an_interval(client, services):
    none = get(client, "/api/v2/hit-rate")
    assert (none["signals"], none["rate"], none["waiting"]) == (0, None, 1)

    rows = [
        {"trade_date": DAY, "stock": f"60000{i}.SH", "etf": "510300.SH", "episode": 1, "fields": {}} for i in range(9)
    ]
    with transaction(services.ops) as connection:
        added = tracker.add_signals(connection, rows, NOW)
    gains = [0.01] * 6 + [-0.01] * 3
    done = {row["signal_id"]: {"next_open": gain} for row, gain in zip(added, gains, strict=True)}
    tracker.set_outcomes(services.ops, done, NOW)

    found = get(client, "/api/v2/hit-rate")
    assert (found["signals"], found["wins"], found["waiting"]) == (9, 6, 1)
    assert found["rate"] == pytest.approx(6 / 9)
    # Wilson, n = 9, p = 2/3, z = 1.959964: centre 0.6168, half width 0.2625
    assert (found["low"], found["high"]) == (pytest.approx(0.3542, abs=1e-3), pytest.approx(0.8794, abs=1e-3))
    assert found["mean"] == pytest.approx(0.03 / 9)


def test_quotes_are_stale_only_while_the_exchange_trades(services):
    later = dt.timedelta(seconds=services.config.arbitrage.refresh.backend_cache_ttl + 1)
    fresh = get(client_of(services), "/api/v2/quotes?symbol=600519.SH&symbol=000002.SZ")
    stale = get(client_of(services, now=lambda: NOW + later), "/api/v2/quotes")
    night = get(client_of(services, now=lambda: NOW + dt.timedelta(hours=10)), "/api/v2/quotes")

    assert [(row["symbol"], row["is_stale"]) for row in fresh["items"]] == [("600519.SH", False)]
    assert stale["total"] == 3 and all(row["is_stale"] for row in stale["items"])
    assert not any(row["is_stale"] for row in night["items"])


def test_the_monitor_knows_the_clock_of_the_exchange(client, services):
    found = get(client, "/api/v2/monitor")

    assert (found["wanted"], found["is_trading"], found["seconds_to_close"]) == ("running", True, 5400 + 7200)
    assert (found["is_late"], found["needs_token"], found["is_simulated"]) == (False, False, True)
    assert found["refresh"]["frontend_refresh_interval"] == 10
    late = get(client_of(services, now=lambda: NOW + dt.timedelta(minutes=4)), "/api/v2/monitor")
    assert late["is_late"]
    sunday = get(client_of(services, now=lambda: NOW - dt.timedelta(days=1)), "/api/v2/monitor")
    assert (sunday["is_trading"], sunday["seconds_to_close"]) == (False, None)


def test_sources_have_state_latency_and_error_without_secrets(client, services):
    from etf_platform.storage.source_states import change_source

    said = "GET https://oapi.dingtalk.com/robot/send?access_token=marked-secret-0123456789-ding refused"
    row = {"state": "FAILED", "seconds": 0.4, "last_error": said, "retry_at": NOW, "health": {}}
    change_source(services.ops, "tencent", lambda known: row)

    found = get(client, "/api/v2/sources")["items"]
    assert (found[0]["source"], found[0]["state"], found[0]["latency"]) == ("tencent", "FAILED", 0.4)
    assert "marked-secret" not in found[0]["last_error"] and "***" in found[0]["last_error"]
    assert get(client, "/api/health")["status"] == "degraded"


def test_the_search_finds_by_code_and_by_name(client):
    assert [row["symbol"] for row in get(client, "/api/v2/search?q=6005")] == ["600519.SH"]
    assert [row["symbol"] for row in get(client, "/api/v2/search?q=宁德")] == ["300750.SZ"]
    assert "510300.SH" in [row["symbol"] for row in get(client, "/api/v2/search?q=沪深300")]
    assert get(client, "/api/v2/search?q=.*") == []


def test_the_watch_list_shows_quotes_and_is_muted(client):
    row = get(client, "/api/v2/watchlist")["items"][0]
    assert (row["symbol"], row["change"], row["is_sealed"], row["boards_in_row"]) == ("600519.SH", 0.1, True, 3)

    assert client.put("/api/v2/watchlist/600519", json={"alerts": False}).status_code == 200
    assert get(client, "/api/v2/watchlist")["items"][0]["alerts"] is False
    assert client.put("/api/v2/watchlist/000002", json={"alerts": False}).status_code == 404


def test_holders_and_holdings_of_a_past_day_know_only_what_was_published(client):
    now = get(client, "/api/v2/etfs/510300.SH/holdings")
    later = get(client, "/api/v2/etfs/510300.SH/holdings?day=2024-10-25")
    before = get(client, "/api/v2/etfs/510300.SH/holdings?day=2024-07-19")

    assert [row["stock"] for row in now["items"]] == ["600519.SH", "300750.SZ", "601318.SH"]
    assert [row["is_at_limit"] for row in now["items"]] == [True, True, False]
    assert [row["weight"] for row in later["items"]] == [0.5]
    assert (before["total"], before["as_of"]) == (0, None)
    assert [row["etf"] for row in get(client, "/api/v2/stocks/300750.SZ/holders")["items"]] == [
        "159915.SZ",
        "510300.SH",
    ]


def test_pools_show_figures_state_and_reason(client):
    rows = {row["pool"]: row for row in get(client, "/api/v2/pools")["items"]}

    assert (rows["A_SHARE"]["state"], rows["A_SHARE"]["reason"]) == ("WARN", "min_sharpe: 0.4 < 0.5")
    assert rows["A_SHARE"]["metrics"]["annual_return"] == 0.12 and rows["A_SHARE"]["metrics"]["sharpe"] is None
    assert rows["A_SHARE"]["last_session"] == "2024-09-30"
    assert (rows["portfolio"]["state"], rows["portfolio"]["last_session"]) == ("BLOCKED", None)


def test_drawdown_looks_back_to_the_start(client):
    page = get(client, "/api/v2/pools/A_SHARE/equity?start=2024-09-27")

    assert [row["value"] for row in page["items"]] == [90.0, 130.0]
    assert [row["drawdown"] for row in page["items"]] == pytest.approx([90 / 120 - 1, 0.0])
    assert get(client, "/api/v2/pools/NOWHERE/equity", 404)["saw"] == "there is no 'NOWHERE'"


def test_fuses_and_checks_are_listed(client):
    rows = get(client, "/api/v2/pools/A_SHARE/fuses")["items"]

    assert [(row["fuse"], row["state"]) for row in rows] == [("bars_fresh", "PASS"), ("min_sharpe", "WARN")]
    assert [row["fuse"] for row in get(client, "/api/v2/checks?state=WARN")["items"]] == ["min_sharpe"]
    assert get(client, "/api/v2/checks?universe=QDII")["items"] == []


def test_panels_have_columns_and_a_day(client):
    assert "momentum_20" in get(client, "/api/v2/panels/A_SHARE/columns")

    found = get(client, "/api/v2/panels/A_SHARE?column=momentum_20")
    assert found["total"] == 2
    assert found["items"] == [
        {"date": "2024-09-30", "symbol": "159915.SZ", "momentum_20": pytest.approx(0.2)},
        {"date": "2024-09-30", "symbol": "510300.SH", "momentum_20": None},
    ]
    assert get(client, "/api/v2/panels/A_SHARE?column=luck", 404)["saw"] == "there is no column 'luck'"
    assert get(client, "/api/v2/panels/QDII", 404)


def test_any_table_is_listed_described_and_paged(client):
    addresses = [row["address"] for row in get(client, "/api/v2/tables")["items"]]
    assert "market/STOCK/bars" in addresses and "arbitrage/STOCK/limit_states" in addresses
    assert [row["address"] for row in get(client, "/api/v2/tables?layer=factors")["items"]] == ["factors/A_SHARE/panel"]

    described = get(client, "/api/v2/tables/market/STOCK/bars/schema")
    close = next(column for column in described["columns"] if column["name"] == "close")
    assert (described["key"], close["unit"]) == (["date", "symbol"], "CNY per share (USD for US)")

    page = get(client, "/api/v2/tables/market/STOCK/bars?start=2024-09-20&end=2024-09-27&column=close&limit=2&offset=1")
    assert (page["total"], page["items"], page["version"]) == (4, [{"close": 12.0}, {"close": 13.0}], 0)
    newest = get(client, "/api/v2/tables/market/STOCK/bars?order=newest&limit=1&symbol=600519.SH&column=date")
    assert newest["items"] == [{"date": "2024-09-30"}]
    assert get(client, "/api/v2/tables/market/STOCK/bars?symbol=000002.SZ")["total"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v2/tables/market/STOCK/nothing", 404),
        ("/api/v2/tables/market/NOWHERE/bars", 404),
        ("/api/v2/tables/market/..%2F..%2Fsecret/bars", 404),
        ("/api/v2/tables/market/../bars", 404),
        ("/api/v2/tables/market/%2e%2e/bars", 422),
        ("/api/v2/tables/backtest/A_SHARE/equity?start=2024-01-01", 422),
        ("/api/v2/tables/backtest/A_SHARE/equity?symbol=x", 422),
        ("/api/v2/tables/market/STOCK/bars?column=no%22pe", 422),
        ("/api/v2/tables/market/STOCK/bars?column=", 422),
        ("/api/v2/tables/market/STOCK/bars?column=%00", 422),
        ("/api/v2/tables/market/STOCK/bars?limit=1001", 422),
        ("/api/v2/tables/market/STOCK/bars?start=0001-01-01", 422),
    ],
)
def test_a_table_that_cannot_be_read_says_why(client, path, status):
    found = get(client, path, status)

    assert found["saw"] and found["remedy"]


def test_reports_are_listed_and_given(client):
    page = get(client, "/api/v2/reports")
    assert [(row["path"], row["kind"]) for row in page["items"]] == [("daily/latest.html", "daily")]

    answer = client.get("/api/v2/reports/daily/latest.html")
    assert answer.text == "<h1>report</h1>" and "sandbox" in answer.headers["content-security-policy"]
    assert get(client, "/api/v2/links") == {
        "dagster": "http://127.0.0.1:3000", "report": "daily/latest.html", "docs": "/docs"
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "../secret.html",
        "..%2Fsecret.html",
        "%2e%2e/secret.html",
        "daily/..%2f..%2fsecret.html",
        "%00",
        "link.html",
        "daily",
    ],
)
def test_nothing_outside_the_folder_of_reports_is_given(client, services, path):
    (services.workspace.reports / "link.html").symlink_to(services.workspace.home / "secret.html")

    answer = client.get(f"/api/v2/reports/{path}")

    assert answer.status_code in (404, 422) and "outside" not in answer.text


def test_events_tell_what_came_after_the_greeting(services):
    """Also what was stored under a moment before it: a scan stores everything under the moment at which it began."""
    app = client_of(services).app
    early = NOW - dt.timedelta(minutes=5)

    async def heard():
        found = []
        async for event in _stream(Reading.of(services), app.state, None):
            found.append(event)
            if len(found) == 1:
                with transaction(services.ops) as connection:
                    tracker.add_signals(connection, [signal() | {"episode": 2}], early)
                    tracker.move_signals(connection, ["SIG_20240930100000_600519_0001"], "notified", early)
                    tracker.record_scan(connection, scan() | {"at": early, "state": "failed"})
            if len(found) == 4:
                return found

    hello, *told = asyncio.run(asyncio.wait_for(heard(), 10))
    assert (hello.event, hello.retry, hello.id) == ("hello", 5000, "1")
    assert [(event.event, event.data["state"]) for event in told] == [
        ("signal", "new"),
        ("signal", "notified"),
        ("scan", "failed"),
    ]
    assert told[0].data["stock_name"] == "贵州茅台" and told[-1].id == "2"


def test_events_go_on_after_the_last_one_that_was_heard(services):
    app = client_of(services).app

    async def heard():
        found = []
        async for event in _stream(Reading.of(services), app.state, "0"):
            found.append(event)
            if len(found) == 2:
                return found

    hello, told = asyncio.run(asyncio.wait_for(heard(), 10))
    assert (hello.id, told.event, told.data["id"]) == ("0", "scan", 1)


def test_events_come_over_http_and_are_not_held_back(services):
    import threading
    import time
    import urllib.request

    import uvicorn

    from etf_platform.web.app import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(services), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/events", timeout=10) as stream:
            first = [stream.readline().decode() for _ in range(4)]
            later = NOW + dt.timedelta(seconds=5)
            with transaction(services.ops) as connection:
                row = {"at": later, "asked_by": "api", "state": "done", "detail": "x", "figures": {}}
                tracker.record_scan(connection, row)
            lines = [stream.readline().decode() for _ in range(3)]
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(5)

    assert first[0] == "event: hello\n"
    text = "".join(lines)
    assert "event: scan" in text and json.loads(text.split("data: ")[1].splitlines()[0])["detail"] == "x"


def test_a_server_that_is_told_to_stop_does_not_wait_for_listeners(services):
    import signal as signals
    import threading
    import time
    import urllib.request

    import uvicorn

    from etf_platform.web.app import create_app
    from etf_platform.web.server import Server

    server = Server(uvicorn.Config(create_app(services), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/events", timeout=10) as stream:
        stream.readline()
        server.handle_exit(signals.SIGTERM, None)
        thread.join(5)

    assert not thread.is_alive()
