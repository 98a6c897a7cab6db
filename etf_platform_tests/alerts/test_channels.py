"""Every channel against a server that speaks its protocol on loopback: what goes out, and what each answer means."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from etf_platform.alerts.channel import Receipt
from etf_platform.alerts.channels.apprise import APPRISE
from etf_platform.alerts.channels.dingtalk import DINGTALK, sign
from etf_platform.alerts.channels.email import EMAIL, server_of
from etf_platform.alerts.channels.file import FILE
from etf_platform.alerts.channels.webhook import WEBHOOK
from etf_platform.alerts.channels.wecom import WECOM
from etf_platform.core.secrets import Secrets
from etf_platform_tests.resources import dingtalk_server, wecom_server
from etf_platform_tests.resources.dagster_process import free_port
from etf_platform_tests.resources.robot_server import Faults, read_log
from etf_platform_tests.resources.smtp_server import PASSWORD, USER, Mailbox, mail_server

SECRET, TOKEN = "SECdemo0123456789", "token-5521"
DINGTALK_PATH = f"/robot/send?access_token={TOKEN}"


def answering(code: int):
    return lambda path, document: code


def test_sign_of_the_specification():
    assert sign(SECRET, 1_760_515_200_000) == "pKrBjG%2F8ae8IztY2iDJU%2F24aX8EY9DW2KLEtT89UCx0%3D"


def test_dingtalk_takes_a_signed_message(message, outlet, robot):
    url, server = robot(dingtalk_server.judge_of(SECRET))

    assert DINGTALK.deliver(
        message, outlet("dingtalk", DINGTALK_WEBHOOK=url + DINGTALK_PATH, DINGTALK_SECRET=SECRET)
    ) == Receipt(True)
    (line,) = read_log(server.log)
    assert set(parse_qs(urlsplit(line["path"]).query)) == {"access_token", "timestamp", "sign"}
    assert json.loads(line["body"]) == {
        "msgtype": "markdown",
        "markdown": {"title": "panel_coverage failed a", "text": message.markdown},
    }


def test_dingtalk_refuses_a_wrong_signature_for_good(message, outlet, robot):
    url, _ = robot(dingtalk_server.judge_of("another secret"))
    receipt = DINGTALK.deliver(
        message, outlet("dingtalk", DINGTALK_WEBHOOK=url + DINGTALK_PATH, DINGTALK_SECRET=SECRET)
    )

    assert not receipt.ok and not receipt.retryable and receipt.detail.startswith("errcode 310000")
    assert TOKEN not in receipt.detail and "sign=***" in receipt.detail  # the robot repeats the path in its answer


@pytest.mark.parametrize(
    ("channel", "variable", "code", "retryable", "limited"),
    [
        (DINGTALK, "DINGTALK_WEBHOOK", 130101, True, True),
        (DINGTALK, "DINGTALK_WEBHOOK", 310000, False, False),
        (DINGTALK, "DINGTALK_WEBHOOK", -1, True, False),
        (WECOM, "WECOM_WEBHOOK", 45009, True, True),
        (WECOM, "WECOM_WEBHOOK", 93000, False, False),
        (WECOM, "WECOM_WEBHOOK", 40058, False, False),
        (WECOM, "WECOM_WEBHOOK", -1, True, False),
        (WEBHOOK, "CUSTOM_WEBHOOK_URLS", 7, True, False),
    ],
)
def test_a_status_200_with_an_error_code_is_a_failure(
    message, outlet, robot, channel, variable, code, retryable, limited
):
    url, _ = robot(answering(code))

    receipt = channel.deliver(message, outlet(channel.name, **{variable: url}))
    assert (receipt.ok, receipt.retryable, receipt.rate_limited, receipt.uncertain) == (
        False,
        retryable,
        limited,
        False,
    )


def test_wecom_takes_markdown_and_text(message, outlet, robot):
    url, server = robot(wecom_server.judge_of("k1"))
    for form in ("markdown", "text"):
        assert WECOM.deliver(message, outlet("wecom", {"format": form}, WECOM_WEBHOOK=f"{url}/send?key=k1")).ok

    bodies = [json.loads(line["body"]) for line in read_log(server.log)]
    assert bodies == [
        {"msgtype": "markdown", "markdown": {"content": message.markdown}},
        {"msgtype": "text", "text": {"content": message.plain}},
    ]
    assert WECOM.most_bytes(outlet("wecom")) == 4096 and WECOM.most_bytes(outlet("wecom", {"format": "text"})) == 2048


def test_own_webhooks_get_the_specified_document_and_may_answer_anything(message, outlet, robot):
    url, server = robot(answering(0))

    receipt = WEBHOOK.deliver(
        message, outlet("webhook", index=1, CUSTOM_WEBHOOK_URLS=f"https://first.example, {url}/x")
    )
    assert receipt.ok
    assert json.loads(read_log(server.log)[0]["body"]) == {"msgtype": "text", "text": {"content": message.plain}}


@pytest.mark.parametrize(
    ("faults", "uncertain", "detail"),
    [(Faults(crash=1.0), False, "status 500"), (Faults(mute=1.0), True, "no answer (ConnectionError)")],
)
def test_no_answer_is_uncertain_and_an_error_status_is_not(message, outlet, robot, faults, uncertain, detail):
    url, _ = robot(answering(0), faults=faults)

    receipt = WECOM.deliver(message, outlet("wecom", WECOM_WEBHOOK=url))
    assert receipt == Receipt(False, detail, retryable=True, uncertain=uncertain)


def test_a_server_that_is_not_there_has_surely_taken_nothing(message, outlet):
    webhook = f"http://127.0.0.1:{free_port()}/send?access_token={TOKEN}"

    receipt = DINGTALK.deliver(message, outlet("dingtalk", DINGTALK_WEBHOOK=webhook))
    assert receipt == Receipt(False, "no answer (ConnectionError)", retryable=True)


@pytest.mark.parametrize("url", ["http://example.com/send", "ftp://127.0.0.1/", "file:///etc/passwd", "no url"])
def test_plain_http_is_for_this_machine_only(message, outlet, url):
    receipt = DINGTALK.deliver(message, outlet("dingtalk", DINGTALK_WEBHOOK=url))

    assert not receipt.ok and not receipt.retryable


def test_a_redirect_is_not_followed(message, outlet, robot, monkeypatch):
    url, server = robot(answering(0))
    monkeypatch.setattr("etf_platform_tests.resources.robot_server.Robot.answer", lambda *_: ("redirect", 0))
    handler = _redirecting(url)

    with handler as redirecting:
        receipt = WECOM.deliver(message, outlet("wecom", WECOM_WEBHOOK=redirecting))
    assert receipt == Receipt(False, "status 302") and read_log(server.log) == []


def _redirecting(target: str):
    import contextlib
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    @contextlib.contextmanager
    def serve():
        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()

    return serve()


@pytest.fixture
def mail(tmp_path, certificate, monkeypatch):
    """`mail(implicit, trusted, ...)` -> (environment of a server that runs until the test ends, its log)."""
    controllers = []

    def serve(implicit: bool = False, trusted: bool = True, **box) -> tuple[dict[str, str], Path]:
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        log, port = tmp_path / "mail.jsonl", free_port()
        controller = mail_server(Mailbox(log, **box), certificate / "cert.pem", certificate / "key.pem", port, implicit)
        controller.start()
        controllers.append(controller)
        server = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(port)}
        return {**server, "EMAIL_SENDER": USER, "EMAIL_PASSWORD": PASSWORD}, log

    yield serve
    for controller in controllers:
        controller.stop()


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_is_html_and_text_over_verified_tls(message, outlet, mail, implicit):
    env, log = mail(implicit)
    settings = {"tls": "implicit" if implicit else "auto"}

    assert EMAIL.deliver(message, outlet("email", settings, EMAIL_RECEIVERS="a@example.com, b@example.com", **env)).ok
    (line,) = read_log(log)
    assert line["to"] == ["a@example.com", "b@example.com"] and line["subject"] == "panel_coverage failed a"
    assert line["type"] == "multipart/alternative" and set(line["parts"]) == {"text/plain", "text/html"}
    assert line["parts"]["text/plain"].splitlines() == message.plain.splitlines()
    assert line["id"] == "<message-1@example.com>"


def test_mail_goes_to_the_sender_when_nobody_else_is_named(message, outlet, mail):
    env, log = mail()

    assert EMAIL.deliver(message, outlet("email", **env)).ok
    assert read_log(log)[0]["to"] == [USER]


def test_an_unknown_certificate_gets_neither_password_nor_mail(message, outlet, mail):
    env, log = mail(trusted=False)

    receipt = EMAIL.deliver(message, outlet("email", **env))
    assert not receipt.ok and "SSLCertVerificationError" in receipt.detail and read_log(log) == []


def test_a_server_without_tls_is_refused(message, outlet, tmp_path):
    from aiosmtpd.controller import Controller

    log, port = tmp_path / "mail.jsonl", free_port()
    controller = Controller(Mailbox(log), hostname="127.0.0.1", port=port)
    controller.start()
    env = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(port), "EMAIL_SENDER": USER}
    receipt = EMAIL.deliver(message, outlet("email", **env))
    controller.stop()

    assert receipt == Receipt(False, "no delivery (SMTPNotSupportedError)") and read_log(log) == []


def test_a_wrong_password_is_refused_for_good_and_not_shown(message, outlet, mail):
    env, _ = mail()

    receipt = EMAIL.deliver(
        message, outlet("email", {"timeout_seconds": 5.0}, **{**env, "EMAIL_PASSWORD": "wrong-password"})
    )
    assert receipt == Receipt(False, "SMTPAuthenticationError: status 535")


@pytest.mark.parametrize(
    ("box", "receipt"),
    [
        ({"busy": 1.0}, Receipt(False, "SMTPDataError: status 451", retryable=True)),
        ({"limit": 0}, Receipt(False, "SMTPDataError: status 450", retryable=True, rate_limited=True)),
        ({"mute": 1.0}, Receipt(False, "no delivery (SMTPServerDisconnected)", retryable=True, uncertain=True)),
    ],
)
def test_what_a_mail_server_answers(message, outlet, mail, box, receipt):
    env, _ = mail(**box)

    assert EMAIL.deliver(message, outlet("email", **env)) == receipt


@pytest.mark.parametrize(
    ("sender", "other", "server"),
    [
        ("me@qq.com", {}, ("smtp.qq.com", 465)),
        ("me@foxmail.com", {}, ("smtp.qq.com", 465)),
        ("me@163.com", {}, ("smtp.163.com", 465)),
        ("me@126.com", {}, ("smtp.126.com", 465)),
        ("me@aliyun.com", {}, ("smtp.aliyun.com", 465)),
        ("me@Gmail.com", {}, ("smtp.gmail.com", 587)),
        ("me@outlook.com", {}, ("smtp-mail.outlook.com", 587)),
        ("me@fund.example", {}, None),
        ("me@fund.example", {"SMTP_SERVER": "mx.fund.example"}, ("mx.fund.example", 465)),
        ("me@gmail.com", {"SMTP_PORT": "465"}, ("smtp.gmail.com", 465)),
    ],
)
def test_mail_servers_follow_the_senders_domain(sender, other, server):
    assert server_of(Secrets.from_env({"EMAIL_SENDER": sender, **other})) == server


def test_the_dry_run_writes_each_message_once(message, outlet):
    for _ in range(2):
        assert FILE.deliver(message, outlet("file")).ok

    (path,) = outlet("file").folder.iterdir()
    assert path.name == "20260105T100211-message-1.md" and path.read_text() == message.markdown + "\n"


def test_a_folder_that_cannot_be_written_is_a_failure_that_may_pass(message, outlet):
    outlet("file").folder.write_text("in the way")

    receipt = FILE.deliver(message, outlet("file"))
    assert not receipt.ok and receipt.retryable


def test_apprise_delivers_by_url(message, outlet, robot):
    url, server = robot(answering(0))

    assert APPRISE.deliver(message, outlet("apprise", APPRISE_URLS=url.replace("http", "json") + "/hook")).ok
    sent = json.loads(read_log(server.log)[0]["body"])
    assert sent["title"] == "panel_coverage failed a" and "observed" in sent["message"]


def test_apprise_failures_and_unknown_urls(message, outlet):
    nowhere = outlet("apprise", APPRISE_URLS=f"json://127.0.0.1:{free_port()}/{TOKEN}")
    strange = outlet("apprise", APPRISE_URLS=f"strange://{TOKEN}")

    assert APPRISE.deliver(message, nowhere) == Receipt(
        False, "apprise reports a failure", retryable=True, uncertain=True
    )
    assert APPRISE.deliver(message, strange) == Receipt(False, "apprise does not know this kind of URL")
