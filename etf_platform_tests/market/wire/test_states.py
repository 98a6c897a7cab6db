"""Rates, breakers, health and failover as values, on a clock that the test turns."""

import random

import pytest

from etf_platform.core.errors import SourceUnavailableError
from etf_platform.market.wire.breaker import Breaker, failed, probed, succeeded
from etf_platform.market.wire.failover import AllSourcesFailedError, Candidate, Surroundings, in_order, pull
from etf_platform.market.wire.health import Health, SourceState, after_failure, after_success, score
from etf_platform.market.wire.memory import InProcess
from etf_platform.market.wire.rates import take


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def around(clock):
    return Surroundings(InProcess(), clock, lambda: 0.0)


def test_a_bucket_lets_a_burst_go_and_then_the_rate():
    bucket, waits = None, []
    for _ in range(5):
        bucket, wait = take(bucket, 100.0, rate=2.0, burst=3)
        waits.append(wait)

    assert waits == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_no_stretch_of_time_sees_more_requests_than_burst_and_rate_allow():
    draw, bucket, now, sent = random.Random(4), None, 0.0, []
    for _ in range(500):
        now += draw.expovariate(3.0)
        bucket, wait = take(bucket, now, rate=2.0, burst=4)
        sent.append(now + wait)

    worst = max(j - i + 1 - 2.0 * (sent[j] - sent[i]) for i in range(500) for j in range(i, 500))
    assert worst <= 4 + 1e-6


def test_a_clock_that_is_set_back_gives_no_tokens():
    bucket, _ = take(None, 1000.0, rate=1.0, burst=1)
    bucket, wait = take(bucket, 400.0, rate=1.0, burst=1)

    assert (wait, bucket.at) == (1.0, 1000.0)


def test_the_third_failure_in_a_row_opens_the_breaker():
    breaker = Breaker()
    phases = []
    for _ in range(3):
        breaker = failed(breaker, 10.0, 0.0)
        phases.append(breaker.phase(10.0))

    assert phases == ["closed", "closed", "open"]
    assert (breaker.phase(39.9), breaker.phase(40.0)) == ("open", "half_open")


def test_every_failed_probe_doubles_the_pause_up_to_a_quarter_of_an_hour():
    breaker, now, pauses = Breaker(failures=2), 0.0, []
    for _ in range(8):
        breaker = failed(probed(breaker, now) if breaker.failures > 2 else breaker, now, 0.0)
        pauses.append(breaker.retry_at - now)
        now = breaker.retry_at

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    assert succeeded().phase(now) == "closed"


def test_jitter_shortens_the_pause_by_at_most_a_fifth():
    pauses = [failed(Breaker(failures=2), 0.0, draw).retry_at for draw in (0.0, 0.5, 0.999)]

    assert pauses == pytest.approx([30.0, 27.0, 24.006])


def test_while_a_probe_is_under_way_nobody_else_asks():
    breaker = probed(failed(Breaker(failures=2), 0.0, 0.0), 31.0)

    assert (breaker.phase(32.0), breaker.phase(151.0)) == ("open", "half_open")


def test_the_score_is_the_published_sum():
    health = Health(recent="1110", seconds=3.0, last_success=50.0)

    assert score(health, priority=20, is_high_frequency=True, now=60.0) == pytest.approx(
        0.5 * 0.75 + 0.3 * 0.5 + 0.2 * 0.8 + 0.2
    )


def test_states_follow_the_failures():
    health, seen = Health(), []
    for _ in range(3):
        seen.append(health.state(5.0))
        health = after_failure(health, 5.0, 0.0, "HTTP 500")

    assert [*seen, health.state(5.0), health.state(40.0), health.state(5.0, enabled=False)] == [
        SourceState.HEALTHY,
        SourceState.DEGRADED,
        SourceState.DEGRADED,
        SourceState.FAILED,
        SourceState.FAILED,
        SourceState.DISABLED,
    ]
    assert after_success(health, 40.0, 0.1).state(40.0) is SourceState.HEALTHY


def _candidate(name, priority, outcome):
    def fetch():
        if outcome[name] == "down":
            raise SourceUnavailableError(f"asking {name}", "no connection", "try again later")
        return name

    return Candidate(name, fetch, lambda _: "half is missing" if outcome[name] == "half" else "", priority, True)


def test_the_first_source_is_used_while_it_answers(around):
    outcome = {"first": "ok", "second": "ok"}

    pulled = pull("bars", "fetching", [_candidate("second", 30, outcome), _candidate("first", 10, outcome)], around)

    assert (pulled.source, pulled.attempts[0].reason, pulled.event) == ("first", "", None)


def test_an_outage_is_told_once_and_its_end_once(around, clock):
    outcome = {"first": "ok", "second": "ok"}
    candidates = [_candidate("first", 10, outcome), _candidate("second", 30, outcome)]
    script = ["ok", "ok", "down", "half", "down", "down", "down", "ok", "ok", "ok"]

    used, states = [], []
    for outcome["first"] in script:
        used.append(pull("bars", "fetching", candidates, around).source)
        states.append(str(around.memory.health("first").state(clock.now)))
        clock.now += 200.0

    assert used == ["first"] * 2 + ["second"] * 5 + ["first"] * 3
    assert states == ["HEALTHY"] * 2 + ["DEGRADED"] * 2 + ["FAILED"] * 3 + ["HEALTHY"] * 3
    told = [(e.kind, e.source, e.before, e.detail) for e in around.memory.events]
    assert told == [("switched", "second", "first", "first: no connection"), ("recovered", "first", "second", "")]


def test_an_open_breaker_is_not_asked(around, clock):
    outcome = {"first": "down", "second": "down"}
    asked = []

    def counted(name, priority):
        inner = _candidate(name, priority, outcome)
        return Candidate(name, lambda: asked.append(name) or inner.fetch(), inner.refuse, priority)

    candidates = [counted("first", 10), counted("second", 30)]
    for _ in range(5):
        with pytest.raises(AllSourcesFailedError):
            pull("bars", "fetching", candidates, around)

    assert asked == ["first", "second"] * 3
    assert [e.kind for e in around.memory.events] == ["exhausted"]


def test_when_all_fail_the_error_has_one_clause_per_source(around):
    outcome = {"first": "down", "second": "half"}
    candidates = [_candidate("first", 10, outcome), _candidate("second", 30, outcome)]

    with pytest.raises(AllSourcesFailedError) as caught:
        pull("bars", "fetching bars of 5 symbols", candidates, around)

    assert str(caught.value) == (
        "fetching bars of 5 symbols: first: no connection; second: half is missing; nothing was stored."
    )
    assert isinstance(caught.value, SourceUnavailableError)


def test_a_source_that_failed_a_moment_ago_is_asked_last(around):
    outcome = {"first": "ok", "second": "ok"}
    candidates = [_candidate("first", 10, outcome), _candidate("second", 30, outcome)]
    around.memory.change("first", lambda h: after_failure(h, around.clock(), 0.0, "HTTP 500"))

    assert [c.name for c in in_order(candidates, around)] == ["second", "first"]
