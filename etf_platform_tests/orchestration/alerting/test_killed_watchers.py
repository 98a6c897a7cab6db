"""Drill: two daemons look at the same home and are killed at random; every evaluation is told exactly once."""

import multiprocessing
import os
import random
import signal
import time

import pytest

from etf_platform.orchestration.alerting.checks import WATCH as CHECKS

EVALUATIONS, KILLS = 400, 40


def look_for_ever(post):
    mine = post.restarted()
    while True:
        mine.tick(CHECKS)


@pytest.mark.drill
def test_watchers_that_are_killed_lose_nothing_and_tell_nothing_twice(post):
    fork = multiprocessing.get_context("fork")
    rng = random.Random(4)
    watchers = [fork.Process(target=look_for_ever, args=(post,)) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for number in range(EVALUATIONS):
        post.evaluate(False, check=f"check_{number}")
        if number % (EVALUATIONS // KILLS) == 0:
            victim = rng.randrange(2)
            time.sleep(rng.uniform(0.0, 0.1))
            os.kill(watchers[victim].pid, signal.SIGKILL)
            watchers[victim].join()
            watchers[victim] = fork.Process(target=look_for_ever, args=(post,))
            watchers[victim].start()
    for watcher in watchers:
        watcher.kill()
        watcher.join()
    post.tick(CHECKS)

    keys = [row["dedupe_key"].split("/")[3] for row in post.letters]
    assert sorted(keys) == sorted(f"bars:check_{number}" for number in range(EVALUATIONS))
