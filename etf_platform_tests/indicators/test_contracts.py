"""What every indicator keeps, whoever adds it: its name, its warm-up, the past only, and a plain definition."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.names import find_column, indicators

INPUTS = ("open", "high", "low", "close", "volume")
SMALLER = {"n": 6, "fast": 3, "slow": 8, "signal": 4, "k": 4, "d": 5, "short": 3, "middle": 5, "long": 9}


def plain_definitions():
    path = Path(__file__).with_name("references.py")
    spec = importlib.util.spec_from_file_location("indicator_references", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


PLAIN = plain_definitions()


def columns():
    """Every definition with its usual parameters, and with smaller ones where its name carries them."""
    for unit in indicators():
        yield unit.columns[0]
        if "{" in unit.names[-1]:
            yield unit.column(unit.names[-1].replace(":g", "").format(**SMALLER))


def title(column):
    return column.name + (" (original)" if column.indicator.is_original else "")


ALL = list(columns())
every_column = pytest.mark.parametrize("column", ALL, ids=[title(column) for column in ALL])


@pytest.fixture(scope="module")
def bars(walk):
    """A walk with some still bars (equal closes, no range) and one that widens by the same on both sides."""
    frame = walk(320)
    prices = ["open", "high", "low", "close"]
    frame.loc[59, prices], frame.loc[60, prices] = [100.0, 102.0, 98.0, 100.0], [100.0, 103.0, 97.0, 100.5]
    for row in (40, 41, 90, 200):
        frame.loc[row, prices] = frame["close"][row - 1]
    return arrays(frame)


def arrays(frame):
    return {name: frame[name].to_numpy(dtype=float).copy() for name in INPUTS}


def is_missing(values):
    return np.array([value is None or value != value for value in values])


def test_every_definition_has_a_plain_one():
    assert {unit.function.__name__ for unit in indicators()} <= set(PLAIN)


@every_column
def test_agrees_with_its_plain_definition(column, bars):
    ours = column.values(bars)

    plain = PLAIN[column.indicator.function.__name__]({k: v.tolist() for k, v in bars.items()}, **dict(column.params))

    if column.indicator.is_text:
        assert list(ours) == plain
    else:
        np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-9)


@every_column
def test_is_silent_exactly_for_its_warm_up(column, bars):
    missing = is_missing(column.values(bars))

    assert missing[: column.first_row].all()
    assert not missing[column.first_row :].any()


@every_column
def test_ignores_the_future(column, bars):
    """Other later bars, or none, change no bit of an earlier row."""
    rng = np.random.default_rng(1)
    for cut in (70, 161, 300):
        changed = {k: np.concatenate((v[:cut], v[cut:] * rng.uniform(0.5, 2, v.size - cut))) for k, v in bars.items()}
        past = {k: v[:cut].copy() for k, v in bars.items()}

        whole = column.values(bars)[:cut]

        np.testing.assert_array_equal(column.values(changed)[:cut], whole)
        np.testing.assert_array_equal(column.values(past), whole)


@every_column
def test_returns_an_array_of_its_own_and_leaves_its_inputs_alone(column, bars):
    before = {name: values.copy() for name, values in bars.items()}

    ours = column.values(bars)

    assert ours.shape == bars["close"].shape
    assert ours.dtype == (object if column.indicator.is_text else np.float64)
    assert ours.flags.c_contiguous and ours.flags.owndata
    assert not any(np.shares_memory(ours, values) for values in bars.values())
    for name, values in before.items():
        np.testing.assert_array_equal(bars[name], values)


@every_column
def test_short_histories_are_undefined_and_no_error(column, bars):
    for rows in (0, 1, 2, 5, 13, 14, 27):
        part = {name: values[:rows].copy() for name, values in bars.items()}

        ours = column.values(part)

        assert len(ours) == rows
        assert is_missing(ours)[: column.first_row].all()


@every_column
def test_follows_the_price_level_only_where_its_unit_is_a_price(column, bars):
    tripled = {name: values * (1 if name == "volume" else 3) for name, values in bars.items()}
    factor = 3 if column.indicator.unit == "price" else 1

    ours, scaled = column.values(bars), column.values(tripled)

    if column.indicator.is_text:
        assert list(ours) == list(scaled)
    else:
        np.testing.assert_allclose(scaled, ours * factor, rtol=1e-9, atol=1e-9)


@every_column
def test_its_name_means_it_alone(column):
    same = [unit for unit in indicators() if unit.is_original == column.indicator.is_original]

    assert [unit for unit in same if unit.column(column.name)] == [column.indicator]
    assert find_column(column.name, column.indicator.is_original) == column


@every_column
def test_its_documentation_says_what_it_is(column):
    unit = column.indicator

    assert unit.meaning.rstrip().endswith(".")
    assert unit.direction in (-1, 0, 1)
    assert set(unit.inputs) <= set(INPUTS)


def cheat(function, **facts):
    """A column by a function that breaks a promise."""
    told = {"inputs": ("close",), "unit": "price", "first_row": lambda: 0} | facts
    return indicator("cheat", **told)(function).columns[0]


CHEATS = {
    "tomorrow": (lambda close: np.append(close[1:], close[-1:]), test_ignores_the_future),
    "whole mean": (lambda close: close - close.mean() if close.size else close.copy(), test_ignores_the_future),
    "too early": (
        lambda close: np.append(np.full(close[:3].size, np.nan), close[3:]),
        test_is_silent_exactly_for_its_warm_up,
    ),
    "float32": (lambda close: close.astype(np.float32), test_returns_an_array_of_its_own_and_leaves_its_inputs_alone),
    "the input itself": (lambda close: close, test_returns_an_array_of_its_own_and_leaves_its_inputs_alone),
    "a level": (lambda close: np.sqrt(close), test_follows_the_price_level_only_where_its_unit_is_a_price),
}


@pytest.mark.parametrize("name", CHEATS)
def test_the_contracts_notice_a_cheat(name, bars):
    function, contract = CHEATS[name]

    with pytest.raises(AssertionError):
        contract(cheat(function), bars)


def test_every_definition_of_the_original_stands_beside_one_of_ours():
    ours = {unit.names for unit in indicators() if not unit.is_original}

    assert {unit.names for unit in indicators() if unit.is_original} <= ours
