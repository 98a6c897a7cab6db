"""The sender over real HTTP on loopback: what is sent where, what is tried again, what is refused."""

import shutil
import ssl
import subprocess
from dataclasses import replace

import pytest

from etf_platform.core.errors import SourceError, SourceUnavailableError
from etf_platform.core.units.source import Request
from etf_platform.market.wire.memory import InProcess
from etf_platform.market.wire.send import Host, NotConfiguredError, Sender
from etf_platform_tests.resources.replay_server import (
    CUT,
    ERROR_500,
    TIMEOUT,
    TOO_MANY,
    Fault,
    replay_server,
    unused_port,
)

ASKED = Request("https://quotes.example/list", (("q", "sh600519"), ("n", "2")), {"Referer": "https://there.example"})


@pytest.fixture
def server():
    with replay_server() as running:
        running.hosts["quotes.example"] = lambda path, query: f"{path} {query['q']}".encode()
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def sender(server, slept):
    hosts = {"quotes.example": Host(server.base("quotes.example"), rate=100.0, burst=100)}
    return Sender("example", hosts, InProcess(), timeout=0.3, sleep=slept.append, draw=lambda: 0.5)


def test_a_request_goes_to_the_configured_base_with_its_parameters(server, sender):
    sent = sender.send(ASKED)

    assert sent.reply.body == b"list sh600519"
    assert server.asked == [("quotes.example", "list?q=sh600519&n=2")]
    assert sent.reply.fetched_at.tzinfo is not None


@pytest.mark.parametrize(
    ("fault", "saw"),
    [
        (TIMEOUT, "no answer within 0.3 s"),
        (ERROR_500, "HTTP 500"),
        (TOO_MANY, "HTTP 429"),
        (CUT, "the answer was cut off"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_told(server, sender, slept, fault, saw):
    server.hosts["quotes.example"] = lambda _path, _query: b"x" * 100
    server.spoil("quotes.example", fault)

    with pytest.raises(SourceUnavailableError, match=saw):
        sender.send(ASKED)

    assert server.count("quotes.example") == 2
    assert [s for s in slept if s] == [0.5]


def test_one_bad_reply_is_made_good_by_the_next(server, sender):
    left = [ERROR_500]
    server.faults["quotes.example"] = lambda _path, _query: left.pop() if left else None

    assert sender.send(ASKED).reply.body == b"list sh600519"


def test_nothing_is_sent_to_an_address_that_is_not_configured(server, sender):
    with pytest.raises(NotConfiguredError, match=r"evil\.example"):
        sender.send(Request("https://evil.example/list"))

    assert server.asked == []


def test_a_redirect_is_refused_and_not_followed(server, sender):
    server.hosts["other"] = lambda _path, _query: b"stolen"
    server.spoil("quotes.example", Fault(status=302, location=server.base("other")))

    with pytest.raises(SourceError, match="HTTP 302 to another address"):
        sender.send(ASKED)

    assert [host for host, _ in server.asked] == ["quotes.example"]


def test_a_wrong_address_is_not_tried_again(server, sender):
    server.hosts["quotes.example"] = lambda _path, _query: None

    with pytest.raises(SourceError, match="HTTP 404") as caught:
        sender.send(ASKED)

    assert (caught.value.retryable, server.count("quotes.example")) == (False, 1)


def test_a_closed_port_is_named(sender):
    closed = {"quotes.example": Host(f"http://127.0.0.1:{unused_port()}", 100.0, 100)}

    with pytest.raises(SourceUnavailableError, match=r"no connection \(refused\)"):
        replace(sender, hosts=closed).send(ASKED)


@pytest.fixture
def self_signed(tmp_path):
    """A TLS server on loopback whose certificate nobody has signed; its port."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with replay_server(context) as running:
        running.hosts["quotes.example"] = lambda _path, _query: b"trusted by nobody"
        yield running


def test_a_server_whose_certificate_nobody_signed_is_refused(self_signed, sender):
    https = {"quotes.example": Host(f"https://127.0.0.1:{self_signed.port}/quotes.example", 100.0, 100)}

    with pytest.raises(SourceUnavailableError, match="the certificate could not be verified"):
        replace(sender, hosts=https).send(ASKED)

    assert self_signed.asked == []


def test_proxies_of_the_environment_are_not_used(server, sender, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("NO_PROXY", "")

    assert sender.send(ASKED).reply.body == b"list sh600519"


def test_requests_wait_for_the_turn_of_their_host(server, slept, sender):
    slow = replace(sender, hosts={"quotes.example": replace(sender.hosts["quotes.example"], rate=2.0, burst=1)})
    clocked = replace(slow, clock=lambda: 50.0)
    for _ in range(3):
        clocked.send(ASKED)

    assert slept == [0.0, 0.5, 1.0]
