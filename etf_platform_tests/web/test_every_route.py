"""The whole route table: a fresh home answers, and every answer is what the API's own description says."""

import dataclasses
import os

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from etf_platform_tests.resources.web_home import client_of

EXAMPLES = int(os.environ.get("ETF_PLATFORM_API_EXAMPLES", "8"))
LOCAL = {"Host": "127.0.0.1"}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.response_schema_conformance,
    checks.status_code_conformance,
    checks.content_type_conformance,
]
SAMPLES = {
    "code": "600519",
    "symbol": "510300.SH",
    "pool": "A_SHARE",
    "path": "daily/latest.html",
    "layer": "market",
    "universe": "STOCK",
    "name": "bars",
    "backtest_id": "x",
    "signal_id": "SIG_20240930100000_600519_0001",
}
EMPTY = {
    "/api/stocks/{code}/kline",
    "/api/etfs/{code}/kline",
    "/api/backtest/{backtest_id}",
    "/api/backtest/{backtest_id}/signals",
    "/api/backtest/{backtest_id}/statistics",
    "/api/v2/klines/{symbol}",
    "/api/v2/signals/{signal_id}",
    "/api/v2/reports/{path}",
    "/api/v2/panels/{pool}",
    "/api/v2/panels/{pool}/columns",
    "/api/v2/board-counts",
    "/api/v2/tables/{layer}/{universe}/{name}",
    "/api/v2/tables/{layer}/{universe}/{name}/schema",
}


def test_a_fresh_home_answers_everything(empty):
    client = client_of(empty)
    paths = client.get("/openapi.json").json()["paths"]

    for path in (p for p, found in paths.items() if "get" in found and p != "/api/v2/events"):
        answer = client.get(path.format(**SAMPLES), params={"q": "x"} if path == "/api/v2/search" else None)
        assert answer.status_code == (404 if path in EMPTY else 200), f"{path}: {answer.text}"
        if path in EMPTY:
            assert answer.json()["detail"] and answer.json()["remedy"]


def test_a_home_that_cannot_be_read_says_so(empty):
    """The ops database is gone: health still answers, everything else is a clear 503."""
    broken = dataclasses.replace(empty, ops=sa.create_engine("sqlite:////nowhere/ops.db"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etf_platform.web.app.ops_stamp", lambda engine: lambda: 0)
        client = client_of(broken)

    health = client.get("/api/health")
    assert health.status_code == 200 and health.json()["status"] == "degraded"
    for path in ("/api/status", "/api/limit-up", "/api/signals", "/api/v2/pools"):
        assert client.get(path).status_code == 503, path


def test_a_broken_watch_list_is_a_clear_failure(services):
    services.watchlist.write_text("my_stocks: [{code: 1}]", encoding="utf-8")

    answer = client_of(services).get("/api/stocks")
    assert answer.status_code == 503 and "watchlist.yaml" in answer.json()["detail"]


def test_pages_and_their_description_are_there(client):
    assert client.get("/").headers["content-type"].startswith("text/html")
    assert client.get("/frontend").status_code == 200 and client.get("/docs").status_code == 200
    assert "script-src 'self'" in client.get("/").headers["content-security-policy"]


def test_the_description_needs_nothing_from_elsewhere(client):
    text = client.get("/docs").text

    assert "<script" not in text and "http://" not in text and "https://" not in text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in text
    assert "orders waiting at the limit, yuan" in text and "&lt;token&gt;" in text


def test_units_stand_in_the_description(client):
    shapes = client.get("/openapi.json").json()["components"]["schemas"]

    limit_up = next(s for name, s in shapes.items() if name.endswith("LimitUp"))
    assert "percent" in limit_up["properties"]["change_pct"]["description"]
    assert "yuan" in limit_up["properties"]["seal_amount"]["description"]


@pytest.fixture
def operations(services):
    """Every operation of the API's own description, in process, without a limit of changes per minute."""
    arbitrage = services.config.arbitrage
    server = arbitrage.server.model_copy(update={"posts_per_minute": 1_000_000})
    config = dataclasses.replace(services.config, arbitrage=arbitrage.model_copy(update={"server": server}))
    app = client_of(services, config=config).app
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=LOCAL)
    found = [one.ok() for one in schema.get_all_operations()]
    return [operation for operation in found if operation.path != "/api/v2/events"]


@pytest.mark.parametrize(
    ("mode", "paths"),
    [(GenerationMode.POSITIVE, None), (GenerationMode.NEGATIVE, None), (GenerationMode.POSITIVE, SAMPLES)],
    ids=["sense", "nonsense", "things that exist"],
)
def test_every_answer_is_as_described(operations, mode, paths):
    """No 500 for anything that may be asked; ETF_PLATFORM_API_EXAMPLES asks for more."""
    assert len(operations) > 50
    for operation in operations:
        fixed = {name: value for name, value in (paths or {}).items() if f"{{{name}}}" in operation.path}
        if _has_parameters(operation) or mode is GenerationMode.POSITIVE:
            _ask(operation.as_strategy(generation_mode=mode, **({"path_parameters": fixed} if fixed else {})))


def _ask(cases):
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        case.call_and_validate(headers=LOCAL, checks=CHECKS)

    ask()


def _has_parameters(operation):
    return any(True for _ in operation.iter_parameters()) or bool(operation.body)
