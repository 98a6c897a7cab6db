"""`notify test`, `list`, `retry` and `health` as a person at a terminal sees them."""

import json

import pytest
from click.testing import CliRunner

from etf_platform.cli import main
from etf_platform.orchestration.alerting.checks import WATCH as CHECKS
from etf_platform.storage.opsdb import OUTBOX

CREDENTIALS = ("DINGTALK_WEBHOOK", "WECOM_WEBHOOK", "EMAIL_SENDER", "CUSTOM_WEBHOOK_URLS", "APPRISE_URLS")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch):
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def command(post, monkeypatch):
    for name in ("ETF_PLATFORM_HOME", "ETF_PLATFORM_CONFIG"):
        monkeypatch.setenv(name, "")  # the command sets them for its children

    def run(*words):
        workspace = post.platform.workspace
        return CliRunner().invoke(
            main, ["notify", *words, "--home", str(workspace.home), "--config", str(workspace.config)]
        )

    return run


@pytest.fixture
def dead_letter(post):
    """The id of one letter that was given up."""
    post.evaluate(False)
    post.tick(CHECKS)
    with post.platform.ops.begin() as connection:
        connection.execute(OUTBOX.update().values(state="dead", last_error="535 authentication failed", attempts=12))
    return post.letters[0]["id"]


def test_a_test_message_goes_to_every_channel_that_is_set_up_and_names_the_others(command, post):
    done = command("test", "--format", "json")
    rows = {row["channel"]: row["result"] for row in json.loads(done.stdout)}

    assert done.exit_code == 0
    assert rows == {"file": "delivered"} | dict.fromkeys(
        ("dingtalk", "wecom", "email", "apprise", "webhook"), "not ready"
    )
    (written,) = (post.platform.workspace.home / "alerts").iterdir()
    assert "[TEST]" in written.read_text(encoding="utf-8")


def test_a_channel_that_fails_is_shown_and_the_exit_code_is_2(command, monkeypatch):
    """Nobody listens on port 9."""
    monkeypatch.setenv("DINGTALK_WEBHOOK", "http://127.0.0.1:9/robot/send?access_token=marked-token")
    done = command("test", "--channel", "dingtalk", "--format", "json")
    (row,) = json.loads(done.stdout)

    assert done.exit_code == 2
    assert (row["channel"], row["result"]) == ("dingtalk", "failed")
    assert "marked-token" not in done.output


def test_without_credentials_the_exit_code_is_3(command):
    assert command("test", "--channel", "dingtalk").exit_code == 3


def test_an_unknown_channel_is_refused_with_the_known_ones(command):
    done = command("test", "--channel", "pager")

    assert done.exit_code == 1
    assert "there is no channel pager" in done.output
    assert "dingtalk" in done.output


def test_letters_that_were_given_up_are_listed_with_their_reason(command, dead_letter):
    (row,) = json.loads(command("list", "--state", "dead", "--format", "json").stdout)

    assert row["id"] == dead_letter
    assert row["last_error"] == "535 authentication failed"
    assert json.loads(command("list", "--state", "sent", "--format", "json").stdout) == []


@pytest.mark.parametrize("by_id", [True, False])
def test_a_letter_that_was_given_up_is_due_again(command, post, dead_letter, by_id):
    done = command("retry", str(dead_letter) if by_id else "--all")

    assert (done.exit_code, done.stderr) == (0, "1 letter(s) are due again\n")
    assert [(row["state"], row["attempts"]) for row in post.letters] == [("new", 0)]
    assert command("retry", "--all").exit_code == 2


def test_health_tells_a_timer_outside_of_dagster_whether_the_sensors_work(command, post):
    assert command("health").exit_code == 3
    post.tick(CHECKS)
    assert command("health").exit_code == 0
