"""What every evaluator, selector and filter of signals must keep, run on each unit of the three folders.

A new unit is one file: it is found by its folder and has to pass these without a test of its own.
"""

import importlib
import pkgutil
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etf_platform.arbitrage.evaluators
import etf_platform.arbitrage.filters
import etf_platform.arbitrage.selectors
from etf_platform.arbitrage.choose import (
    evaluator,
    every_evaluator,
    every_filter,
    every_selector,
    pick,
    problems,
    refusals,
)
from etf_platform.core.config.arbitrage import SignalEvaluation, Strategy
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Filter, Selector

PACKAGES = {
    Evaluator: (etf_platform.arbitrage.evaluators, every_evaluator()),
    Selector: (etf_platform.arbitrage.selectors, every_selector()),
    Filter: (etf_platform.arbitrage.filters, every_filter()),
}
UNITS = [unit for _, units in PACKAGES.values() for unit in units]
WORDS = {"高", "中", "低"}
THRESHOLDS = SignalEvaluation()
BARE = Candidate("600519.SH", "510300.SH", 0.06, None, None, 3000, 13)
GOOD = Candidate("600519.SH", "510300.SH", 0.2, 1, 0.3, 14_000, 9, 1e11, 1e12, -0.01, 1e11)
OPTIONAL = ("rank", "top10_ratio", "amount", "projected_amount", "premium", "seal_amount")

every_evaluator_unit = pytest.mark.parametrize("unit", every_evaluator(), ids=lambda u: u.name)
every_selector_unit = pytest.mark.parametrize("unit", every_selector(), ids=lambda u: u.name)
every_filter_unit = pytest.mark.parametrize("unit", every_filter(), ids=lambda u: u.name)

money = st.floats(0.0, 1e13) | st.none()
candidates = st.builds(
    Candidate,
    stock=st.just("600519.SH"),
    etf=st.sampled_from(["510300.SH", "510050.SH", "159915.SZ"]),
    weight=st.floats(0.0, 1.0),
    rank=st.integers(-1, 400) | st.none(),
    top10_ratio=st.floats(0.0, 1.0) | st.none(),
    seconds_to_close=st.integers(-1, 14_400),
    hour=st.integers(0, 23),
    amount=money,
    projected_amount=money,
    premium=st.floats(-1.0, 1.0) | st.none(),
    seal_amount=money,
)


@pytest.mark.parametrize("kind", PACKAGES, ids=lambda kind: kind.__name__)
def test_every_file_of_a_folder_holds_one_unit_named_like_it(kind):
    package, units = PACKAGES[kind]
    files = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    held = {
        file: [v.name for v in vars(importlib.import_module(f"{package.__name__}.{file}")).values() if type(v) is kind]
        for file in files
    }

    assert held == {file: [file] for file in files}
    assert [unit.name for unit in units] == files


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_every_unit_says_what_it_means(unit):
    assert unit.meaning.strip()


@every_evaluator_unit
@settings(deadline=None, max_examples=60)
@given(candidate=candidates)
def test_an_evaluator_answers_everything_with_two_words_and_says_why(unit, candidate):
    spoken = unit.evaluate(candidate, THRESHOLDS)

    assert {spoken.confidence, spoken.risk} <= WORDS
    assert spoken.why and all(isinstance(text, str) and text for text in spoken.why)
    assert unit.evaluate(candidate, THRESHOLDS) == spoken


@every_evaluator_unit
@settings(deadline=None, max_examples=60)
@given(candidate=candidates)
def test_to_an_evaluator_an_unknown_rank_is_no_rank(unit, candidate):
    unknown = unit.evaluate(replace(candidate, rank=None), THRESHOLDS)

    assert unit.evaluate(replace(candidate, rank=-1), THRESHOLDS) == unknown


@every_evaluator_unit
def test_an_evaluator_does_not_take_unknown_for_a_concentrated_fund(unit):
    assert unit.evaluate(BARE, THRESHOLDS).risk == unit.evaluate(replace(BARE, top10_ratio=0.0), THRESHOLDS).risk


@every_selector_unit
@settings(deadline=None, max_examples=60)
@given(candidate=candidates)
def test_a_selector_gives_a_number_or_nothing(unit, candidate):
    value = unit.value(candidate)

    assert value is None or value == value


@every_selector_unit
def test_a_selector_that_needs_what_is_unknown_takes_no_part(unit):
    needed = [name for name in OPTIONAL if unit.value(replace(GOOD, **{name: None})) != unit.value(GOOD)]

    assert all(unit.value(replace(GOOD, **{name: None})) is None for name in needed)


@every_selector_unit
@settings(deadline=None, max_examples=40)
@given(drawn=st.lists(candidates, max_size=5))
def test_a_selector_picks_the_largest_value_and_the_smaller_symbol_of_equals(unit, drawn):
    best = None
    for candidate in drawn:
        value = unit.value(candidate)
        if value is None:
            continue
        if best is None or value > best[0] or (value == best[0] and candidate.etf < best[1]):
            best = (value, candidate.etf)

    chosen = pick(drawn, unit)

    assert (chosen is None) == (best is None)
    assert best is None or (unit.value(chosen), chosen.etf) == best


@every_filter_unit
@settings(deadline=None, max_examples=60)
@given(candidate=candidates, compatible=st.booleans(), use=st.booleans())
def test_a_filter_answers_everything_with_a_sentence_or_nothing(unit, candidate, compatible, use):
    strategy = Strategy(original_compatible=compatible, use_min_order_amount=use)

    assert isinstance(unit.refuse(candidate, strategy), str)


@every_filter_unit
def test_a_filter_lets_the_best_candidate_pass(unit):
    assert unit.refuse(GOOD, Strategy(use_min_order_amount=True)) == ""


@every_filter_unit
def test_a_filter_that_needs_what_is_unknown_refuses_it_and_says_so(unit):
    strategy = Strategy(use_min_order_amount=True)
    said = {name: unit.refuse(replace(GOOD, **{name: None}), strategy) for name in OPTIONAL}

    assert all("未知" in sentence for sentence in said.values() if sentence)


def test_only_the_optional_facts_of_a_candidate_are_optional_here():
    assert tuple(f.name for f in fields(Candidate) if "None" in str(f.type)) == OPTIONAL


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({"seconds_to_close": 1799}, "min_time_to_close"),
        ({"projected_amount": 4.99e7}, "min_etf_volume"),
        ({"projected_amount": None}, "min_etf_volume"),
    ],
)
def test_a_refusal_names_the_filter_and_has_its_sentence(changes, by):
    found = refusals(replace(GOOD, **changes), Strategy())

    assert [refusal.by for refusal in found] == [by]
    assert found[0].sentence


@pytest.mark.parametrize(("amount", "passes"), [(1.25e7, True), (1.24e7, False), (None, False)])
def test_the_original_asks_a_quarter_of_the_minimum_of_what_has_been_traded(amount, passes):
    strategy = Strategy(original_compatible=True)

    assert (not refusals(replace(GOOD, amount=amount, projected_amount=None), strategy)) is passes


@pytest.mark.parametrize(
    ("seal", "use", "passes"),
    [(9e8, False, True), (None, False, True), (9e8, True, False), (1e9, True, True), (None, True, False)],
)
def test_the_seal_amount_is_a_filter_only_when_asked_for(seal, use, passes):
    strategy = Strategy(use_min_order_amount=use)

    assert (not refusals(replace(GOOD, seal_amount=seal), strategy)) is passes


def test_without_a_minimum_there_is_still_no_signal_after_the_close():
    assert refusals(replace(GOOD, seconds_to_close=0), Strategy(min_time_to_close=0))


def test_names_that_do_not_exist_are_reported_with_those_that_do():
    found = problems(Strategy(evaluator_type="bold", selector="luckiest"))

    assert len(found) == 2
    assert "default" in found[0] and "'bold'" in found[0]
    assert "highest_weight" in found[1]
    assert problems(Strategy()) == []


def test_each_selector_does_what_its_name_says():
    heavy = replace(GOOD, etf="A", weight=0.20, amount=1e7, premium=0.03)
    liquid = replace(GOOD, etf="B", weight=0.06, amount=9e7, premium=0.05)
    cheap = replace(GOOD, etf="C", weight=0.10, amount=2e7, premium=-0.01)
    silent = replace(GOOD, etf="D", weight=0.07, amount=None, premium=None)

    chosen = {unit.name: pick([heavy, liquid, cheap, silent], unit).etf for unit in every_selector()}

    assert chosen == {"highest_weight": "A", "best_liquidity": "B", "lowest_premium": "C", "balanced": "B"}
    assert pick([silent], next(u for u in every_selector() if u.name == "balanced")) is None


def test_a_new_evaluator_is_one_file(tmp_path, monkeypatch):
    package = etf_platform.arbitrage.evaluators
    (tmp_path / "bold.py").write_text(
        "from etf_platform.core.units.arbitrage import Evaluator, Words\n"
        'BOLD = Evaluator("bold", "always", lambda candidate, settings: Words("高", "低", ("always",)))\n'
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])

    found, wrong = evaluator(Strategy(evaluator_type="bold")), problems(Strategy(evaluator_type="bold"))
    sys.modules.pop(f"{package.__name__}.bold")

    assert found.evaluate(BARE, THRESHOLDS).confidence == "高"
    assert wrong == []


def test_a_minimum_turnover_of_zero_asks_nothing():
    assert refusals(replace(GOOD, projected_amount=None), Strategy(min_etf_volume=0.0)) == []
