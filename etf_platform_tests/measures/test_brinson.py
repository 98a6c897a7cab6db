"""Published attributions: every case of the Bacon file, by its id."""

import json

import numpy as np
import pytest

from etf_platform.measures import brinson

FILE = "golden/15_attr_brinson_bacon.json"
CASES = (
    "bacon_q1",
    "bacon_q2",
    "bacon_q3",
    "bacon_q4",
    "bacon_q1_BHB_three_effects",
    "bacon_q1_geometric",
    "bacon_linking_identity",
    "cfa_forum_japan",
)


@pytest.fixture(scope="module")
def cases(shared):
    found = json.loads(shared(FILE).read_text())["cases"]
    return {case["id"]: case for case in found}


def arrays(case):
    return [np.array(case["inputs"][name]) for name in ("w_p", "w_b", "r_p", "r_b")]


def quarter(case, _cases):
    effects = brinson.brinson_fachler(*arrays(case))
    return {"allocation_BF": effects.allocation, "selection_incl_interaction": effects.selection + effects.interaction}


def three_effects(_case, cases):
    wp, wb, rp, rb = arrays(cases["bacon_q1"])
    effects = brinson.brinson_hood_beebower(wp, wb, rp, rb)
    return {
        "R_p": wp @ rp,
        "R_b": wb @ rb,
        "allocation_BHB": effects.allocation,
        "selection": effects.selection,
        "interaction": effects.interaction,
        "total_allocation": effects.allocation.sum(),
        "total_selection": effects.selection.sum(),
        "total_interaction": effects.interaction.sum(),
        "active": sum(effect.sum() for effect in effects),
    }


def geometric(_case, cases):
    allocated, selected = brinson.geometric_effects(*arrays(cases["bacon_q1"]))
    excess = (1 + allocated.sum()) * (1 + selected.sum()) - 1
    return {"allocation": allocated, "selection": selected, "geometric_excess": excess}


def quarters(cases):
    """Per quarter: portfolio return, benchmark return, allocation and selection (interaction included) by region."""
    inputs = [arrays(cases[f"bacon_q{i}"]) for i in (1, 2, 3, 4)]
    effects = [brinson.brinson_fachler(*given) for given in inputs]
    portfolio = np.array([wp @ rp for wp, _, rp, _ in inputs])
    benchmark = np.array([wb @ rb for _, wb, _, rb in inputs])
    return portfolio, benchmark, np.array([(e.allocation, e.selection + e.interaction) for e in effects])


def linked(cases):
    p, b, effects = quarters(cases)
    by_coefficient = {name: getattr(brinson, name)(p, b) for name in ("carino", "menchero", "grap")}
    sums = {name: np.tensordot(k, effects, axes=1) for name, k in by_coefficient.items()}
    return sums | {"frongello": brinson.frongello(effects, p, b).sum(axis=0)}


def linking(_case, cases):
    p, b, _ = quarters(cases)
    totals = {f"{name}_sum": effects.sum() for name, effects in linked(cases).items()}
    return {"R": np.prod(1 + p) - 1, "B": np.prod(1 + b) - 1} | totals


def japan(case, _cases):
    given = case["inputs"]
    return {"allocation": brinson.allocation(given["w_p"], given["w_b"], given["B_i"], given["B"])}


ANSWERS = dict.fromkeys(CASES[:4], quarter) | {
    "bacon_q1_BHB_three_effects": three_effects,
    "bacon_q1_geometric": geometric,
    "bacon_linking_identity": linking,
    "cfa_forum_japan": japan,
}


def test_every_case_of_the_file_is_named_here(cases):
    assert set(cases) == set(CASES)
    assert [case["id"] for case in cases.values() if case.get("status") == "rejected"] == []


@pytest.mark.parametrize("name", CASES)
def test_published_attribution(cases, name):
    case = cases[name]
    tolerance = max(case["abs_tol"], 1e-12)

    computed = ANSWERS[name](case, cases)

    assert set(computed) == set(case["expected"])
    for key, expected in case["expected"].items():
        np.testing.assert_allclose(computed[key], expected, rtol=0, atol=tolerance, err_msg=f"{name}: {key}")


@pytest.mark.parametrize("method", ["carino", "menchero", "grap", "frongello"])
def test_linked_effects_by_region(cases, method):
    published = cases["bacon_linking_identity"]["linked_effects"][method]

    allocation, selection = linked(cases)[method]

    np.testing.assert_allclose(allocation, published["allocation"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(selection, published["selection"], rtol=0, atol=1e-12)


def test_periods_without_active_return_are_linked_too():
    """Equal returns take 1 / (1 + r); nearly equal ones do not lose their digits."""
    portfolio, benchmark = np.array([0.02, 0.01, 0.01]), np.array([0.01, 0.01, 0.01 + 1e-15])

    k = brinson.carino(portfolio, benchmark)

    assert k @ (portfolio - benchmark) == pytest.approx(np.prod(1 + portfolio) - np.prod(1 + benchmark), abs=1e-15)
    assert k[1] == pytest.approx(k[2], rel=1e-12)
    np.testing.assert_allclose(brinson.carino(benchmark, benchmark)[0], np.prod(1 + benchmark) / 1.01, rtol=1e-14)
    np.testing.assert_allclose(brinson.menchero(benchmark, benchmark), np.prod(1 + benchmark) ** (2 / 3), rtol=1e-12)
