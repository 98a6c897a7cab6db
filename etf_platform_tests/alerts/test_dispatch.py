"""From post to delivery with a clock of our own: digests, retries, dead letters, escalation, and secrets nowhere."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from etf_platform.alerts.channel import Channel, Line, Message, Outlet, Receipt, ready_names
from etf_platform.alerts.channels.dingtalk import DINGTALK
from etf_platform.alerts.channels.email import EMAIL
from etf_platform.alerts.dispatch import Budget, DispatchReport, backoff, dispatch
from etf_platform.alerts.events import Block, Event, Severity
from etf_platform.alerts.lines import missing_credentials, open_lines
from etf_platform.alerts.post import Desk, post
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.config.load import load_config
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import packaged_config
from etf_platform.storage import mailroom
from etf_platform.storage.opsdb import METADATA, open_ops
from etf_platform.storage.outbox import transaction
from etf_platform_tests.resources.dagster_process import free_port

NOW = dt.datetime(2026, 1, 5, 10, 0, tzinfo=dt.UTC)
OK, BUSY, NEVER = Receipt(True), Receipt(False, "status 500", retryable=True), Receipt(False, "errcode 310000")
FAST = Receipt(False, "errcode 130101", retryable=True, rate_limited=True)


@dataclass
class Desktop:
    """An outbox, channels that answer what they are told to, and a clock that is moved by hand."""

    engine: object
    config: AlertsConfig
    answers: dict[str, Receipt]
    now: dt.datetime = NOW
    sent: list[tuple[str, Message]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = tuple(
            Line(
                name, Channel("test", lambda _: 4096, lambda _: 1, self._deliver_on(name)), Outlet(one, Secrets(), None)
            )
            for name, one in self.config.channels.items()
        )
        self.desk = Desk(self.config, ready_names(self.lines), Secrets())

    def _deliver_on(self, name: str) -> Callable[[Message, Outlet], Receipt]:
        def deliver(message: Message, outlet: Outlet) -> Receipt:
            self.sent.append((name, message))
            return self.answers.get(name, OK)

        return deliver

    def post(self, *events: Event) -> int:
        with transaction(self.engine) as connection:
            return post(connection, events, self.desk, self.now)

    def run(self, after: float = 0.0) -> DispatchReport:
        self.now += dt.timedelta(seconds=after)
        return dispatch(self.engine, self.lines, self.desk, lambda: self.now)

    def subjects(self, name: str) -> list[str]:
        return [message.subject for channel, message in self.sent if channel == name]


@pytest.fixture
def desktop(tmp_path):
    """`desktop(answers, channels, ...)`; errors go to dingtalk and wecom, escalation to file."""

    def make(answers: dict[str, Receipt] | None = None, **other) -> Desktop:
        robots = {name: {"kind": name} for name in ("dingtalk", "wecom", "file")}
        values = {"channels": robots, "routes": [{"channels": ["dingtalk", "wecom"]}], **other}
        config = AlertsConfig.model_validate(values)
        return Desktop(open_ops(f"sqlite:///{tmp_path}/ops.db"), config, answers or {})

    return make


def test_an_event_reaches_each_channel_once(desktop, event):
    desk = desktop()
    assert desk.post(event("a"), event("a")) == 2 and desk.post(event("a")) == 0

    assert desk.run() == DispatchReport(messages=2, letters=2)
    assert desk.run(100) == DispatchReport()
    assert [name for name, _ in desk.sent] == ["dingtalk", "wecom"]


@pytest.mark.parametrize(("number", "messages"), [(15, 15), (16, 1)])
def test_more_than_fifteen_in_a_minute_are_one_digest(desktop, event, number, messages):
    desk = desktop()
    desk.post(*(event(f"{i:02d}") for i in range(number)))
    desk.run()

    assert len(desk.subjects("dingtalk")) == messages
    text = "\n".join(message.markdown for name, message in desk.sent if name == "wecom")
    assert all(f"failed {i:02d}" in text for i in range(number))


def test_a_minute_later_events_are_told_singly_again(desktop, event):
    desk = desktop()
    desk.post(*(event(f"{i:02d}") for i in range(14)))
    desk.run()
    desk.post(event("x"), event("y"))
    desk.run(30)
    assert desk.subjects("dingtalk")[14:] == ["[etf_platform] 2 messages: 2 error"]

    desk.post(event("z"))
    desk.run(61)
    assert desk.subjects("dingtalk")[15:] == ["panel_coverage failed z"]


def test_no_more_than_twenty_messages_a_minute(desktop, event):
    channels = {"dingtalk": {"kind": "dingtalk", "digest_above": 100}, "file": {"kind": "file"}}
    desk = desktop(channels=channels, routes=[{"channels": ["dingtalk"]}])
    desk.post(*(event(f"{i:02d}") for i in range(30)))

    assert [desk.run(after).messages for after in (0, 30, 29.9, 0.2)] == [20, 0, 0, 10]


def test_a_failure_is_tried_again_with_growing_pauses_and_holds_its_key(desktop, event):
    desk = desktop({"dingtalk": BUSY})
    desk.post(event("a1", order_key="a"))
    desk.run()
    desk.post(event("a2", order_key="a"))

    assert desk.run(20).messages == 1  # a2 on wecom
    desk.answers.clear()
    assert desk.run(20).letters == 2
    assert desk.subjects("dingtalk") == [f"panel_coverage failed {key}" for key in ("a1", "a1", "a2")]


def test_a_rate_limit_pauses_the_channel_and_loses_nothing(desktop, event):
    desk = desktop({"dingtalk": FAST})
    desk.post(event("a"))
    assert desk.run().limited == 1
    desk.answers.clear()

    assert [desk.run(59).messages, desk.run(2).letters] == [0, 1]


def test_backoff_doubles_to_its_limit_within_the_jitter():
    for attempts, seconds in ((1, 30), (2, 60), (5, 480), (8, 3600), (400, 3600)):
        for _ in range(50):
            wait = backoff(attempts, 30.0, 3600.0, 0.2).total_seconds()
            assert 0.8 * seconds <= wait <= 1.2 * seconds


def test_an_event_that_no_channel_takes_is_told_where_the_escalation_goes_once(desktop, event):
    desk = desktop({"dingtalk": NEVER, "wecom": NEVER})
    desk.post(event("a"))
    for _ in range(3):
        desk.run(1000)

    assert desk.subjects("file") == ["Nobody was told: panel_coverage failed a"]
    assert "errcode 310000" in desk.sent[-1][1].markdown
    assert [row["channel"] for row in mailroom.dead_letters(desk.engine)] == ["wecom", "dingtalk"]


def test_one_channel_that_takes_it_is_enough(desktop, event):
    desk = desktop({"dingtalk": NEVER})
    desk.post(event("a"))
    desk.run(), desk.run(1000)

    assert desk.subjects("file") == []


def test_escalation_does_not_wait_for_the_last_attempt(desktop, event):
    desk = desktop({"dingtalk": BUSY, "wecom": BUSY})
    desk.post(event("a"))
    for _ in range(3):
        assert desk.subjects("file") == []
        desk.run(200)
    desk.run()

    assert "Nobody was told: panel_coverage failed a" in desk.subjects("file")
    assert mailroom.dead_letters(desk.engine) == []


def test_a_dead_escalation_is_not_escalated(desktop, event):
    desk = desktop({"dingtalk": NEVER, "wecom": NEVER, "file": NEVER})
    desk.post(event("a"))
    for _ in range(5):
        desk.run(1000)

    dead = {row["dedupe_key"] for row in mailroom.dead_letters(desk.engine) if row["kind"] == "undelivered"}
    assert dead == {"undelivered:a"} and mailroom.counts(desk.engine)["file"] == {"dead": 1}


def test_a_channel_that_stops_and_comes_back_is_told_on_the_others(desktop, event):
    desk = desktop({"dingtalk": BUSY})
    desk.post(event("a"))
    for _ in range(5):
        desk.run(1000)
    assert desk.subjects("wecom") == ["panel_coverage failed a", "Channel dingtalk does not deliver"]

    desk.answers.clear()
    for _ in range(3):
        desk.run(4000)
    assert desk.subjects("wecom")[2:] == ["Channel dingtalk delivers again"]


def test_quiet_hours_hold_a_warning_and_a_failure_of_its_key_brings_it_along(desktop, event):
    desk = desktop(quiet_hours={"start": "17:00", "end": "19:00"})  # 18:00 in Shanghai now
    desk.post(
        event("w1", order_key="k", severity=Severity.WARNING), event("w2", order_key="l", severity=Severity.WARNING)
    )
    assert desk.run().messages == 0

    desk.post(event("e", order_key="k"))
    desk.run()
    assert desk.subjects("wecom") == ["panel_coverage failed w1", "panel_coverage failed e"]
    desk.run(3600)
    assert desk.subjects("wecom")[2:] == ["panel_coverage failed w2"]


def test_the_budget_ends_a_call_and_the_next_goes_on(desktop, event):
    desk = desktop()
    desk.post(*(event(str(i)) for i in range(4)))

    report = dispatch(desk.engine, desk.lines, desk.desk, lambda: NOW, Budget(messages=3))
    assert report.messages == 3 and desk.run().messages == 5
    desk.post(event("more"))
    assert dispatch(desk.engine, desk.lines, desk.desk, lambda: NOW, Budget(seconds=0.0)).messages == 0


def test_the_shipped_configuration_takes_channels_with_credentials_only(tmp_path):
    config = load_config(packaged_config()).alerts
    secrets = Secrets.from_env(
        {"DINGTALK_WEBHOOK": "https://d.example/x", "CUSTOM_WEBHOOK_URLS": "https://a/, https://b/"}
    )

    assert ready_names(open_lines(config, secrets, tmp_path)) == ("dingtalk", "webhook.1", "webhook.2", "file")
    assert missing_credentials(config, secrets) == ("wecom", "email", "apprise")


MARKS = ("MARKED-token-81", "MARKED-sign-82", "MARKED-pass-83", "MARKED-hook-84", "MARKED-apprise-85")


def test_marked_secrets_appear_nowhere(tmp_path, event, robot, caplog, capfd):
    angry, _ = robot(lambda path, document: 7)  # its answer repeats the path
    absent = f"127.0.0.1:{free_port()}"
    secrets = Secrets.from_env(
        {
            "DINGTALK_WEBHOOK": f"{angry}/send?access_token={MARKS[0]}",
            "DINGTALK_SECRET": MARKS[1],
            "WECOM_WEBHOOK": f"http://{absent}/send?key={MARKS[0]}",
            "EMAIL_SENDER": "desk@example.com",
            "EMAIL_PASSWORD": MARKS[2],
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": absent.rpartition(":")[2],
            "CUSTOM_WEBHOOK_URLS": f"{angry}/{MARKS[3]}, http://{absent}/{MARKS[3]}",
            "APPRISE_URLS": f"json://user:{MARKS[4]}@{absent}/",
        }
    )
    config = load_config(packaged_config()).alerts
    lines = open_lines(config, secrets, tmp_path / "files")
    desk = Desk(config, ready_names(lines), secrets)
    engine = open_ops(f"sqlite:///{tmp_path}/ops.db")
    pair, text = (MARKS[2], f"url: /{MARKS[3]} refused"), f"json://user:{MARKS[4]}@{absent}/"
    careless = event(subject=f"http://x/?access_token={MARKS[0]} failed", blocks=(Block(MARKS[1], (pair, text)),))

    with caplog.at_level(logging.DEBUG):
        with transaction(engine) as connection:
            post(connection, [careless], desk, NOW)
        for hours in range(5):
            now = NOW + dt.timedelta(hours=hours)
            report = dispatch(engine, lines, desk, lambda now=now: now)
    with engine.connect() as connection:
        stored = [str(row) for table in METADATA.sorted_tables for row in connection.execute(table.select())]
    files = [path.read_text() for path in (tmp_path / "files").iterdir()]
    assert len(report.errors) == 6 and files and any("access_token=***" in row for row in stored)
    shown = [repr(secrets), str(secrets), repr(lines), repr(desk), repr(report), caplog.text, *capfd.readouterr()]
    for mark in MARKS:
        assert not [text for text in (*stored, *files, *shown) if mark in text], mark


def test_masking_of_text():
    secrets = Secrets.from_env({"DINGTALK_SECRET": "SEC a/b+c", "EMAIL_PASSWORD": "abc"})

    assert secrets.mask("x SEC a/b+c y SEC%20a%2Fb%2Bc z SEC+a%2Fb%2Bc") == "x *** y *** z ***"
    assert (
        secrets.mask("smtp://me:pass@host/ postgresql+psycopg://u:p@h/db")
        == "smtp://***@host/ postgresql+psycopg://***@h/db"
    )
    assert secrets.mask("?a=1&access_token=t1&sign=s%3D&b=2 key=k9") == "?a=1&access_token=***&sign=***&b=2 key=***"
    assert secrets.mask("abc is no secret worth its name") == "abc is no secret worth its name"


def test_the_environment_is_read_with_its_aliases():
    first = Secrets.from_env({"EMAIL_RECEIVERS": "a@x, b@x,", "SMTP_PORT": "587", "DINGTALK_SECRET": " "})

    assert (first.email_recipients, first.smtp_port, first.dingtalk_secret) == (("a@x", "b@x"), 587, None)
    assert Secrets.from_env({"EMAIL_RECIPIENTS": "c@x", "EMAIL_RECEIVERS": "a@x"}).email_recipients == ("c@x",)


def test_units_are_what_they_say():
    assert (DINGTALK.name, EMAIL.name, EMAIL.is_list) == ("dingtalk", "email", False)
