"""Nothing is lost, nothing told out of order, no limit exceeded, whatever is killed. Long: `pytest -m drill`."""

import shutil

import pytest

from etf_platform_tests.resources.alert_drill import LIMIT, Outcome, Plan, run_drill

CHANNELS = {"dingtalk": "dingtalk", "wecom": "wecom", "smtp": "email", "file": "file"}

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the mail server's certificate"
)


@needs_openssl
def test_a_few_events_survive_a_few_kills(tmp_path):
    outcome = run_drill(tmp_path, Plan(63, 0.6, (0.4, 0.8), deadline=40.0, pause=0.05, timeout=0.4, most_kills=6))

    check(outcome, 63)


@needs_openssl
@pytest.mark.drill
def test_a_thousand_check_failures_and_fifty_run_failures_survive_kills_of_everything(tmp_path):
    outcome = run_drill(tmp_path, Plan(1050, minute=1.0, kill_every=(0.8, 2.5), deadline=240.0))

    print(shown(outcome))
    check(outcome, 1050)
    assert sum(outcome.kills.values()) >= 20


def check(outcome: Outcome, events: int) -> None:
    everything = set(range(events))
    for name, channel in CHANNELS.items():
        seen = outcome.seen[name]
        assert outcome.letters[channel, "sent"] == events, (channel, outcome.letters)
        assert {number for _, number in seen.told} == everything, f"{name} lost events"
        assert seen.busiest <= LIMIT, f"{name} was asked {seen.busiest} times within its minute"
        assert name == "file" or seen.out_of_order == 0, f"{name}: {seen.out_of_order} out of order"
    for name in ("smtp", "file"):
        shown_times = outcome.seen[name].shown
        assert set(shown_times) == everything and set(shown_times.values()) == {1}, f"{name} shows an event twice"


def shown(outcome: Outcome) -> str:
    lines = [f"{outcome.seconds:.0f} s, killed: {dict(outcome.kills)}"]
    for name, seen in outcome.seen.items():
        lines.append(
            f"{name}: {seen.messages} messages ({seen.digests} digests), {len({n for _, n in seen.told})} events, "
            f"{seen.repeats} told again, {seen.refused} refused, at most {seen.busiest} a minute, "
            f"{seen.out_of_order} out of order"
        )
    return "\n".join(lines)
