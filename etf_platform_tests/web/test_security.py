"""Who may ask and who may change anything; secrets; rates; origins."""

import dataclasses
import json

import pytest
from starlette.datastructures import Headers

from etf_platform.core.secrets import Secrets
from etf_platform.web.rates import Rates
from etf_platform.web.security import Rules, foreign_page, missing_token
from etf_platform.web.services import is_loopback
from etf_platform_tests.resources.web_home import MARKED, client_of

CHANGING = [
    ("POST", "/api/monitor/scan"),
    ("POST", "/api/monitor/start"),
    ("POST", "/api/monitor/stop"),
    ("POST", "/api/watchlist/add"),
    ("DELETE", "/api/watchlist/600519"),
    ("PUT", "/api/v2/watchlist/600519"),
    ("POST", "/api/backtest/start"),
    ("DELETE", "/api/backtest/x"),
]


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_from_outside_nothing_changes_without_the_token(services, method, path):
    outside = client_of(services, is_loopback=False)

    answer = outside.request(method, path)
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    wrong = outside.request(method, path, headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    assert outside.request(method, path, headers={"Authorization": f"Bearer {MARKED}-token"}).status_code not in (
        401,
        403,
    )
    assert outside.request(method, path, headers={"X-API-Token": f"{MARKED}-token"}).status_code not in (401, 403)


def test_every_changing_route_is_in_the_list_above(client):
    routes = client.get("/openapi.json").json()["paths"]
    methods = {(m.upper(), p) for p, found in routes.items() for m in found if m.upper() not in ("GET", "HEAD")}

    assert len(methods) == len(CHANGING) + 4  # two more names of adding, my-stocks for adding and removing


def test_without_a_token_an_outside_server_changes_nothing(services):
    outside = client_of(services, is_loopback=False, secrets=Secrets())

    answer = outside.post("/api/monitor/stop", headers={"Authorization": "Bearer "})
    assert answer.status_code == 403 and "ETF_PLATFORM_API_TOKEN" in answer.json()["remedy"]
    assert outside.get("/api/status").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_came_through_a_proxy_is_not_local(client, header):
    assert client.post("/api/monitor/stop", headers={header: "203.0.113.9"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(client, services, headers):
    answer = client.post("/api/monitor/scan", headers=headers)

    assert answer.status_code == 403 and services.actions.scans == 0


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}])
def test_our_own_page_and_programs_may(client, headers):
    assert client.post("/api/monitor/scan", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1"]
)
def test_a_name_that_was_bent_to_this_machine_is_refused(client, host):
    assert client.get("/api/config", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000", "127.0.0.2"])
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/api/status", headers={"Host": host}).status_code == 200


def test_an_outside_server_answers_under_any_name(services):
    answer = client_of(services, is_loopback=False).get("/api/status", headers={"Host": "etf.example"})

    assert answer.status_code == 200


def test_no_other_origin_reads_by_default(services, empty):
    asked = {"Origin": "https://desk.example"}
    closed = client_of(services).get("/api/status", headers=asked)
    assert "access-control-allow-origin" not in closed.headers

    arbitrage = services.config.arbitrage
    server = arbitrage.server.model_copy(update={"cors_origins": ("https://desk.example",)})
    opened = dataclasses.replace(services.config, arbitrage=arbitrage.model_copy(update={"server": server}))
    client = client_of(services, config=opened)
    assert client.get("/api/status", headers=asked).headers["access-control-allow-origin"] == "https://desk.example"
    assert (
        "access-control-allow-origin" not in client.get("/api/status", headers={"Origin": "https://x.example"}).headers
    )
    assert client.post("/api/monitor/scan", headers=asked).status_code == 200
    assert "access-control-allow-credentials" not in client.get("/api/status", headers=asked).headers


def test_the_thirty_first_change_in_a_minute_waits(client, services):
    allowed = services.config.arbitrage.server.posts_per_minute
    codes = [client.post("/api/monitor/scan").status_code for _ in range(allowed + 1)]

    assert codes == [200] * allowed + [429]
    answer = client.post("/api/monitor/scan")
    assert 1 <= int(answer.headers["retry-after"]) <= 60 and answer.json()["remedy"]
    assert client.get("/api/status").status_code == 200


def test_rates_forget_after_a_minute_and_count_each_client_alone():
    rates = Rates(2)

    assert [rates.wait("a", 0.0), rates.wait("a", 1.0)] == [0.0, 0.0]
    assert rates.wait("a", 10.0) == 50.0
    assert rates.wait("b", 10.0) == 0.0
    assert rates.wait("a", 60.0) == 0.0
    assert rates.wait("a", 60.5) == 0.5


def test_a_token_of_other_signs_is_only_wrong():
    rules = Rules(False, "tökén", ())

    assert missing_token(Headers({"authorization": "Bearer tokén"}), rules).status == 401
    assert foreign_page(Headers({"origin": "http://[bad", "host": "127.0.0.1"}), rules).status == 403


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_what_counts_as_loopback(host, local):
    assert is_loopback(host) is local


def test_the_configuration_is_whole_and_shows_no_secret(client):
    found = client.get("/api/config").json()

    assert found["strategy"]["min_weight"] == 0.05 and found["signal_evaluation"]["risk_morning_hour"] == 10
    assert found["refresh"]["frontend_refresh_interval"] == 10 and "channels" in json.dumps(found["alerts"])
    assert found["secrets"]["wecom_webhook"] == "***" and found["secrets"]["dingtalk_secret"] is None


def test_no_endpoint_shows_a_secret(services, monkeypatch):
    """Every GET, also with an error that carries one."""
    client = client_of(services)
    paths = client.get("/openapi.json").json()["paths"]
    samples = {"code": "600519", "symbol": "510300.SH", "pool": "A_SHARE", "path": "daily/latest.html"}
    samples |= {"layer": "market", "universe": "STOCK", "name": "bars", "backtest_id": "x"}
    samples |= {"signal_id": "SIG_20240930100000_600519_0001"}
    for path in paths:
        if path != "/api/v2/events" and "get" in paths[path]:
            answer = client.get(path.format(**samples), params={"q": MARKED[:20]} if "search" in path else None)
            assert MARKED not in answer.text, path

    monkeypatch.setattr(services.actions, "scan_now", lambda: _fail(), raising=False)
    answer = client.post("/api/monitor/scan")
    assert answer.status_code == 503 and MARKED not in answer.text and "***" in answer.text


def _fail():
    from etf_platform.core.errors import SourceUnavailableError

    raise SourceUnavailableError("asking", f"https://x.example/?key={MARKED}-wecom was refused", "wait")


def test_every_answer_carries_the_headers_that_browsers_heed(client):
    for answer in (client.get("/api/status"), client.get("/"), client.get("/api/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"


def test_a_large_body_is_refused(client):
    answer = client.post("/api/watchlist/add", content=b"x" * 100_000, headers={"content-type": "application/json"})

    assert answer.status_code == 413 and answer.json()["detail"]


def test_an_unforeseen_error_shows_no_traceback(services, monkeypatch):
    monkeypatch.setattr(services.actions, "scan_now", lambda: 1 / 0, raising=False)

    answer = client_of(services).post("/api/monitor/scan")
    assert answer.status_code == 500 and "ZeroDivision" not in answer.text and answer.json()["remedy"]
