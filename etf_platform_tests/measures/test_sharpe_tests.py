"""Probabilistic and deflated Sharpe ratio, minimum track record: against the authors' and R's published figures."""

import json
import math

import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import sharpe_tests


@pytest.fixture(scope="module")
def cases(shared):
    """Case id -> case of the published examples."""
    return {c["id"]: c for c in json.loads(shared("golden/14_perf_psr_dsr_mintrl.json").read_text())["cases"]}


@pytest.mark.parametrize("name", ["dsr_paper_N100", "dsr_paper_N46", "dsr_paper_N88_normal"])
def test_deflated_sharpe_of_the_paper(cases, name):
    given, expected = cases[name]["inputs"], cases[name]["expected"]
    daily, variance = given["SR_annual"] / math.sqrt(250), given["Var_SR_annual"] / 250

    found = sharpe_tests.deflated_sharpe(daily, given["T"], given["N"], variance, given["skew"], given["kurt"])

    assert found == pytest.approx(expected["DSR"], abs=6e-5)


def test_luck_of_a_hundred_trials_of_the_paper(cases):
    expected = cases["dsr_paper_N100"]["expected"]["SR0_daily"]

    assert sharpe_tests.expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(expected, abs=6e-5)
    assert sharpe_tests.expected_maximum_sharpe(1, 0.5) == 0.0


def test_probabilistic_sharpe_of_the_paper(cases):
    given, expected = cases["psr_paper_24_months"]["inputs"], cases["psr_paper_24_months"]["expected"]
    ratio, n = given["SR_monthly"], given["T"]

    assert sharpe_tests.probabilistic_sharpe(ratio, n) == pytest.approx(expected["PSR0_normal"], abs=6e-4)
    assert sharpe_tests.probabilistic_sharpe(ratio, n, 0.0, given["skew"], given["kurt"]) == pytest.approx(
        expected["PSR0"], abs=6e-4
    )


def test_minimum_track_record_of_the_paper(cases):
    given, expected = cases["mintrl_paper"]["inputs"], cases["mintrl_paper"]["expected"]
    root = math.sqrt(12)

    months = sharpe_tests.minimum_track_record(2 / root, 1 / root, given["skew"], given["kurt"], given["p"])
    days = sharpe_tests.minimum_track_record(2 / math.sqrt(252), 1 / math.sqrt(252))

    assert months / 12 == pytest.approx(expected["years"], abs=6e-3)
    assert days / 252 == pytest.approx(expected["years_if_normal"], abs=6e-3)


def test_probabilistic_sharpe_of_a_published_series(cases, shared):
    returns = pd.read_csv(shared("golden/11_perf_edhec.csv"))["Convertible Arbitrage"]
    full, expected = sharpe_tests.moments(returns), cases["R_PSR_edhec1_skew_kurt"]["expected"]

    found = sharpe_tests.probabilistic_sharpe(full.sharpe, full.n, 0.28, full.skew, full.kurtosis)
    needed = sharpe_tests.minimum_track_record(full.sharpe, 0.28, full.skew, full.kurtosis)

    assert full.sharpe == pytest.approx(expected["SR"], abs=1e-4)
    assert found == pytest.approx(expected["PSR"], abs=1e-4)
    assert needed == pytest.approx(cases["R_MinTRL_edhec1"]["expected"]["full"], abs=0.01)


def test_a_ratio_below_its_benchmark_never_gets_there():
    assert sharpe_tests.minimum_track_record(0.1, 0.2) == math.inf


def test_nonsense_is_refused():
    with pytest.raises(BadInputError):
        sharpe_tests.expected_maximum_sharpe(0, 0.5)
    with pytest.raises(InsufficientDataError):
        sharpe_tests.moments([0.01, 0.01, 0.01])
    with pytest.raises(InsufficientDataError):
        sharpe_tests.probabilistic_sharpe(0.1, 1)


def test_figures_of_the_specification():
    """SR 0.1 a session, n 250, g3 -0.5, g4 5: psr 0.93732; N 20, V 0.0025: SR* 0.09504, dsr 0.53033."""
    assert sharpe_tests.probabilistic_sharpe(0.1, 250, 0.0, -0.5, 5.0) == pytest.approx(0.93732, abs=5e-6)
    assert sharpe_tests.expected_maximum_sharpe(20, 0.0025) == pytest.approx(0.09504, abs=5e-6)
    assert sharpe_tests.deflated_sharpe(0.1, 250, 20, 0.0025, -0.5, 5.0) == pytest.approx(0.53033, abs=5e-6)
