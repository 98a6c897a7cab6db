"""Every recorded reply over real HTTP: asked by the source, sent by the wire, read by the source."""

from urllib.parse import urlsplit

import pandas as pd
import pytest

from etf_platform.core.units.source import Request
from etf_platform.market.wire.memory import InProcess
from etf_platform.market.wire.send import Host, Sender
from etf_platform_tests.resources.live_cases import NAMES, NOW, Case, handmade_cases, recorded_cases
from etf_platform_tests.resources.replay_server import Replay, replay_server


@pytest.fixture(scope="module")
def cases(shared):
    return {case.name: case for case in (*recorded_cases(shared("wire")), *handmade_cases())}


@pytest.fixture(scope="module")
def server():
    with replay_server() as running:
        yield running


def _token(case: Case):
    from pydantic import SecretStr

    return SecretStr("not-a-real-token") if case.source.needs_token else None


def _request(case: Case) -> Request:
    token = _token(case)
    endpoint = case.source.endpoint(case.content)
    return endpoint.request(case.ask) if token is None else endpoint.request(case.ask, token)


def _sender(case: Case, server: Replay) -> Sender:
    hosts = {host: Host(server.base(host), 1000.0, 1000) for host in case.source.hosts}
    return Sender(case.source.name, hosts, InProcess(), timeout=5.0, clock=NOW.timestamp, sleep=lambda _seconds: None)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_reply_comes_through_the_wire_as_it_was_read_from_its_file(cases, server, name):
    case = cases[name]
    request = _request(case)
    path = urlsplit(request.url).path.strip("/")
    server.hosts[request.host] = lambda asked, _query: case.body if asked == path else None

    sent = _sender(case, server).send(request)

    read, direct = case.source.endpoint(case.content).parse(case.ask, sent.reply), case.parse()
    assert len(read.frame) + len(read.refused) == case.n_rows
    for name_of, frame in (("frame", read.frame), ("refused", read.refused)):
        pd.testing.assert_frame_equal(
            frame.drop(columns="fetched_at", errors="ignore"),
            getattr(direct, name_of).drop(columns="fetched_at", errors="ignore"),
        )
    assert read.payload_hash == direct.payload_hash
    assert {host for host, _ in server.asked} <= {host for c in cases.values() for host in c.source.hosts}
