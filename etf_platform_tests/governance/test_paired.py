"""The paired test on stored shadow accounts: what is tested, what blocks, what passes."""

import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import CanaryTest
from etf_platform.core.states import State
from etf_platform.governance.evidence import paired_test_of


def rows(earlier, live):
    """Differences before and since the candidate started, told as returns of both releases; the stable one earns 0."""
    days = pd.bdate_range("2024-01-02", periods=len(earlier) + len(live))
    origin = ["backtest"] * len(earlier) + ["shadow"] * len(live)
    made = {"date": days, "daily_return": [*earlier, *live], "origin": origin, "release_id": "new"}
    stable = pd.DataFrame(made).assign(daily_return=0.0, release_id="old", origin="shadow")
    return pd.concat([pd.DataFrame(made), stable], ignore_index=True)


EARLIER = [0.002 if i % 2 else -0.002 for i in range(60)]


def first_failure(differences, variance, tau=0.001, bound=20.0):
    """The formula of the specification, day by day."""
    for n in range(1, len(differences) + 1):
        mean = sum(differences[:n]) / n
        spread = variance + n * tau**2
        ratio = math.sqrt(variance / spread) * math.exp(n**2 * tau**2 * mean**2 / (2 * variance * spread))
        if ratio >= bound and mean < 0:
            return n
    return None


def test_a_candidate_that_loses_every_day_fails_on_the_day_of_the_formula():
    losses = [-0.003] * 12
    expected = first_failure(losses, float(np.var(EARLIER, ddof=1)))

    gate, verdict = paired_test_of(rows(EARLIER, losses), "new", "old", CanaryTest())
    assert 1 < expected <= 12 and verdict.failed_at == expected
    assert gate == (State.FAIL, f"worse than old since its paired day {expected}")


def test_a_candidate_that_gains_as_much_does_not_fail():
    gate, verdict = paired_test_of(rows(EARLIER, [0.003] * 12), "new", "old", CanaryTest())

    assert gate == (State.PASS, "") and not verdict.has_failed and verdict.n == 12


@pytest.mark.parametrize("n", [0, 1, 59])
def test_too_few_earlier_days_block_and_fail_nothing(n):
    gate, verdict = paired_test_of(rows(EARLIER[:n], [-0.05] * 12), "new", "old", CanaryTest())

    assert gate[0] is State.BLOCKED and gate[1].startswith("insufficient: ")
    assert verdict is None


def test_releases_that_never_differed_have_nothing_to_test():
    gate, verdict = paired_test_of(rows([0.0] * 60, [0.0] * 3), "new", "old", CanaryTest())

    assert gate == (State.PASS, "") and (verdict.n, verdict.has_failed) == (3, False)


def test_a_difference_that_never_was_there_before_blocks():
    gate, verdict = paired_test_of(rows([0.0] * 60, [0.0, -0.01]), "new", "old", CanaryTest())

    assert gate[0] is State.BLOCKED and verdict is None


def test_days_without_a_return_of_both_are_left_out():
    table = rows(EARLIER, [-0.003, np.nan, -0.003])

    assert paired_test_of(table, "new", "old", CanaryTest())[1].n == 2
