"""Who is told what and when, as alerts.yaml says."""

import datetime as dt

import pytest
from pydantic import ValidationError

from etf_platform.alerts.events import Kind, Severity
from etf_platform.alerts.routing import channels_for, due_at
from etf_platform.core.config.alerts import AlertsConfig

CHANNELS = {
    "dingtalk": {"kind": "dingtalk", "minimum": "warning"},
    "email": {"kind": "email"},
    "webhook": {"kind": "webhook"},
    "file": {"kind": "file"},
}
READY = ("dingtalk", "email", "webhook.1", "webhook.2", "file")


def config(*routes: dict, **other) -> AlertsConfig:
    return AlertsConfig.model_validate({"channels": CHANNELS, "routes": routes, **other})


def test_all_matching_routes_add_up_in_their_order(event):
    rules = config({"channels": ["email"]}, {"match": {"severities": ["error"]}, "channels": ["dingtalk", "email"]})

    assert channels_for(event(), rules, READY) == ("email", "dingtalk")
    assert channels_for(event(severity=Severity.INFO), rules, READY) == ("email",)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"owners": ["team:etf-*"]}, True),
        ({"owners": ["team:risk"]}, False),
        ({"assets": ["market/*", "factors/*"]}, True),
        ({"assets": ["factors/QDII/*"]}, False),
        ({"assets": ["factors/*"], "severities": ["warning"]}, False),
        ({"kinds": ["check_*"]}, True),
        ({"about": ["600519.SH"]}, False),
    ],
)
def test_a_route_fits_when_one_pattern_of_every_list_does(event, match, fits):
    assert bool(channels_for(event(), config({"match": match, "channels": ["email"]}), READY)) == fits


def test_a_final_route_without_channels_silences(event):
    rules = config({"match": {"about": ["600519.*"]}, "final": True}, {"channels": ["email"]})

    assert channels_for(event(about="600519.SH"), rules, READY) == ()
    assert channels_for(event(about="510300.SH"), rules, READY) == ("email",)


def test_a_channel_is_left_out_below_its_minimum_and_when_disabled(event):
    rules = config({"channels": ["dingtalk", "email"]})
    off = config({"channels": ["email"]}, channels={**CHANNELS, "email": {"kind": "email", "enabled": False}})

    assert channels_for(event(severity=Severity.INFO), rules, READY) == ("email",)
    assert channels_for(event(), off, READY) == ()
    assert channels_for(event(), config({"channels": ["email"]}, enabled=False), READY) == ()


def test_a_list_of_urls_is_a_channel_each(event):
    assert channels_for(event(), config({"channels": ["webhook"]}), READY) == ("webhook.1", "webhook.2")


def test_the_fallback_takes_what_no_ready_channel_takes(event):
    rules = config({"channels": ["dingtalk", "email"]})

    assert channels_for(event(), rules, ("file",)) == ("file",)
    assert channels_for(event(), rules, ("email", "file")) == ("email",)


def test_what_nobody_was_told_goes_where_the_escalation_says(event):
    rules = config({"channels": ["dingtalk"]}, escalation={"channels": ["email", "file"]})

    assert channels_for(event(kind=Kind.UNDELIVERED), rules, READY) == ("email", "file")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-05T14:59:59Z", None),
        ("2026-01-05T15:00:00Z", "2026-01-05T23:00:00Z"),  # 23:00 to 07:00 in Shanghai
        ("2026-01-05T17:30:00Z", "2026-01-05T23:00:00Z"),
        ("2026-01-05T22:59:59Z", "2026-01-05T23:00:00Z"),
        ("2026-01-05T23:00:00Z", None),
    ],
)
def test_quiet_hours_hold_back_what_is_not_grave(event, now, due):
    rules = config(quiet_hours={"start": "23:00", "end": "07:00", "through": ["error", "critical"]})
    at = dt.datetime.fromisoformat(now)

    assert due_at(event(severity=Severity.WARNING), rules, at) == (dt.datetime.fromisoformat(due) if due else at)
    assert due_at(event(severity=Severity.CRITICAL), rules, at) == at


def test_quiet_hours_within_a_day_and_over_a_change_of_clocks(event):
    noon = config(quiet_hours={"start": "12:00", "end": "13:00", "timezone": "UTC"})
    berlin = config(quiet_hours={"start": "22:00", "end": "07:00", "timezone": "Europe/Berlin"})
    mild = event(severity=Severity.INFO)

    assert due_at(mild, noon, dt.datetime(2026, 1, 5, 12, 30, tzinfo=dt.UTC)).hour == 13
    # clocks go forward on 2026-03-29: 07:00 there is 05:00 UTC
    night = dt.datetime(2026, 3, 28, 22, 0, tzinfo=dt.UTC)
    assert due_at(mild, berlin, night) == dt.datetime(2026, 3, 29, 5, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"routes": [{"channels": ["pager"]}]}, "no channel pager; use one of dingtalk, email"),
        ({"fallback": ["pager"]}, "no channel pager"),
        ({"retry": {"lease_seconds": 20}}, "lease_seconds must be at least 10 times"),
        ({"routes": [{"match": {"severity": ["error"]}}]}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_configuration_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        AlertsConfig.model_validate({"channels": CHANNELS, **wrong})
