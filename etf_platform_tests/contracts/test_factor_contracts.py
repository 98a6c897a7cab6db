"""What holds for every factor, without a test being written for it.

A contract is a function that asserts; the last part of this file hands factors that leak, or lie about themselves, to
the same functions and expects them to be caught.
"""

import functools
import itertools

import numpy as np
import pytest

import etf_platform.factors
from etf_platform.core.catalog import collect
from etf_platform.core.units.factor import Factor, factor
from etf_platform.factors.compute import compute_arrays
from etf_platform.factors.series import BAR_COLUMNS, PRICES

FACTORS = tuple(collect(etf_platform.factors, Factor))
SESSIONS = (330, 310, 300)

OFFSETS = np.concatenate(([0], np.cumsum(SESSIONS)))
CUTS = (262, 290)

RECURSIVE = ("ema", "macd_ema", "macd_ewm", "rsi", "atr", "adx", "obv")
"""Families whose values remember every row since the first, by definition."""
WINDOWED = ("rsi_simple", "obv_flow", "obv_slope")
"""Kernels of theirs that do not."""

FAMILIES = {family: tuple(unit for unit in FACTORS if unit.family == family) for family in {u.family for u in FACTORS}}
every_family = pytest.mark.parametrize("units", [FAMILIES[name] for name in sorted(FAMILIES)], ids=sorted(FAMILIES))


def random_bars(sessions=SESSIONS, seed=5):
    """Bars of three symbols, one after the other."""
    rng = np.random.default_rng(seed)
    parts = []
    for n in sessions:
        close = 2.0 * np.exp(np.cumsum(rng.normal(0, 0.02, n))).round(3)
        open_ = close * np.exp(rng.normal(0, 0.005, n))
        high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.006, n)))
        low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.006, n)))
        volume = np.floor(rng.lognormal(11, 1, n)) * 100 + 100
        parts.append((open_, high, low, close, volume, volume * (open_ + close) / 2))
    return {name: np.concatenate([part[k] for part in parts]) for k, name in enumerate(BAR_COLUMNS)}


BARS = random_bars()


@functools.cache
def _pool(variant):
    """All factors of the package on one variant of the bars: column -> values."""
    values, failures = compute_arrays(FACTORS, *variant(), threads=2)
    assert not failures
    return dict(zip([unit.column for unit in FACTORS], values, strict=True))


def values_of(unit, variant):
    """Values of one factor, of this package or not, on one variant of the bars."""
    if unit in FACTORS:
        return _pool(variant)[unit.column]
    values, failures = compute_arrays([unit], *variant())
    assert not failures, failures
    return values[0]


def as_is():
    return OFFSETS, BARS


def only(symbol):
    def variant():
        start, stop = OFFSETS[symbol], OFFSETS[symbol + 1]
        return np.array([0, stop - start]), {name: x[start:stop].copy() for name, x in BARS.items()}

    return variant


def until(cut):
    """The first `cut` sessions of every symbol."""

    def variant():
        rows = np.concatenate([np.arange(a, a + cut) for a in OFFSETS[:-1]])
        return np.arange(4) * cut, {name: x[rows] for name, x in BARS.items()}

    return variant


def other_future(cut):
    """Everything from session `cut` on replaced by other bars."""

    def variant():
        other = random_bars(seed=99)
        late = np.concatenate([np.arange(n) >= cut for n in SESSIONS])
        return OFFSETS, {name: np.where(late, 3.0 * other[name], BARS[name]) for name in BAR_COLUMNS}

    return variant


def from_row(skipped):
    """Without the first sessions of every symbol."""

    def variant():
        rows = np.concatenate([np.arange(a + skipped, b) for a, b in itertools.pairwise(OFFSETS)])
        return OFFSETS - skipped * np.arange(4), {name: x[rows] for name, x in BARS.items()}

    return variant


def prices_doubled():
    return OFFSETS, {name: x * 2.0 if name in PRICES else x for name, x in BARS.items()}


def volume_tripled():
    return OFFSETS, {name: x * 3.0 if name == "volume" else x for name, x in BARS.items()}


def first_symbol_changed():
    other = random_bars(seed=42)
    first = np.arange(OFFSETS[-1]) < OFFSETS[1]
    return OFFSETS, {name: np.where(first, other[name], BARS[name]) for name in BAR_COLUMNS}


VARIANTS = {("until", cut): until(cut) for cut in CUTS} | {("other", cut): other_future(cut) for cut in CUTS}
ALONE = tuple(only(symbol) for symbol in range(3))
LATER_START = from_row(15)


def is_recursive(unit):
    name = unit.kernel.__name__
    return name not in WINDOWED and any(name == stem or name.startswith(f"{stem}_") for stem in RECURSIVE)


def by_symbol(values, offsets=OFFSETS):
    return [values[a:b] for a, b in itertools.pairwise(offsets)]


def check_ignores_the_future(unit):
    full = by_symbol(values_of(unit, as_is))
    for cut in CUTS:
        short = by_symbol(values_of(unit, VARIANTS["until", cut]), np.arange(4) * cut)
        changed = by_symbol(values_of(unit, VARIANTS["other", cut]))
        for k in range(3):
            np.testing.assert_array_equal(short[k], full[k][:cut])
            np.testing.assert_array_equal(changed[k][:cut], full[k][:cut])


def check_silent_exactly_for_its_warm_up(unit):
    for own in by_symbol(values_of(unit, as_is)):
        assert np.isnan(own[: unit.warmup - 1]).all()
        assert np.isfinite(own[unit.warmup - 1 :]).all()


def check_symbols_do_not_affect_each_other(unit):
    pool = by_symbol(values_of(unit, as_is))
    changed = by_symbol(values_of(unit, first_symbol_changed))
    for k in range(3):
        np.testing.assert_array_equal(values_of(unit, ALONE[k]), pool[k])
    for k in (1, 2):
        np.testing.assert_array_equal(changed[k], pool[k])


def check_scale(unit):
    values = values_of(unit, as_is)
    by_price = 2.0 if unit.scale == "price" else 1.0
    by_volume = 3.0 if unit.scale == "volume" else 1.0
    np.testing.assert_allclose(values_of(unit, prices_doubled), by_price * values, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values_of(unit, volume_tripled), by_volume * values, rtol=1e-9, atol=1e-12)


def check_bounds(unit):
    assert (unit.bounds is not None) == (unit.scale == "bounded")
    if unit.bounds is not None:
        values = values_of(unit, as_is)
        assert np.nanmin(values) >= unit.bounds[0] - 1e-9
        assert np.nanmax(values) <= unit.bounds[1] + 1e-9


def check_says_whether_it_is_recursive(unit):
    assert unit.is_recursive == is_recursive(unit)


def check_tail_bits(unit):
    if unit.is_recursive:
        return
    full, tail = by_symbol(values_of(unit, as_is)), values_of(unit, LATER_START)
    for own, late in zip(full, by_symbol(tail, OFFSETS - 15 * np.arange(4)), strict=True):
        np.testing.assert_array_equal(late[unit.warmup - 1 :], own[15 + unit.warmup - 1 :])


def check_describes_itself(unit):
    assert unit.title.endswith(".") and len(unit.title) > 15
    assert unit.unit and unit.direction in (-1, 0, 1) and unit.warmup >= 1


def breakers(check, units):
    """Columns that break a contract, with what was seen."""
    found = {}
    for unit in units:
        try:
            check(unit)
        except AssertionError as error:
            found[unit.column] = str(error).strip()[:300]
    return found


@every_family
def test_ignores_the_future(units):
    """Deleting or changing later sessions moves no earlier row by a single bit."""
    assert breakers(check_ignores_the_future, units) == {}


@every_family
def test_is_silent_exactly_for_its_warm_up(units):
    assert breakers(check_silent_exactly_for_its_warm_up, units) == {}


@every_family
def test_symbols_do_not_affect_each_other(units):
    assert breakers(check_symbols_do_not_affect_each_other, units) == {}


@every_family
def test_levels_follow_prices_or_volume_and_ratios_follow_neither(units):
    assert breakers(check_scale, units) == {}


@every_family
def test_stays_within_its_declared_bounds(units):
    assert breakers(check_bounds, units) == {}


@every_family
def test_a_recompute_of_the_tail_gives_the_same_bits(units):
    """Where the value is a function of a window; recursive means remember the first row by definition."""
    assert breakers(check_tail_bits, units) == {}


@every_family
def test_says_whether_it_remembers_every_row(units):
    """A day alone is computed from the window's bars unless the factor says that it needs them all."""
    assert breakers(check_says_whether_it_is_recursive, units) == {}


@every_family
def test_says_what_it_is(units):
    assert breakers(check_describes_itself, units) == {}


def test_column_names_are_unique_and_plain():
    names = [unit.column for unit in FACTORS]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name == name.lower() for name in names)


def test_importing_and_listing_factors_loads_no_compiler():
    import subprocess
    import sys

    program = (
        "import sys, etf_platform.factors as f\n"
        "from etf_platform.core.catalog import collect\n"
        "from etf_platform.core.units.factor import Factor\n"
        "assert len(collect(f, Factor)) > 300\n"
        "assert 'numba' not in sys.modules\n"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def one(kernel, warmup=1, **facts):
    """A factor that is not part of the package."""
    told = {"inputs": ("close",), "name": kernel.__name__, "unit": "x", "direction": 0, "bucket": "trend"} | facts
    return factor(**told, warmup=lambda: warmup)(kernel)[0]


def full_sample_zscore(close, out):
    """Standardised with a mean and deviation that know the end."""
    out[:] = (close - close.mean()) / close.std()


def centred_mean(close, out):
    """Mean of yesterday, today and tomorrow."""
    for t in range(1, close.size - 1):
        out[t] = (close[t - 1] + close[t] + close[t + 1]) / 3.0


def tomorrow(close, out):
    """The next return."""
    for t in range(close.size - 1):
        out[t] = close[t + 1] / close[t] - 1.0


def back_filled(close, out):
    """A mean whose warm-up is filled with its first value."""
    for t in range(9, close.size):
        out[t] = close[t - 9 : t + 1].mean()
    out[:9] = out[9]


def late_maximum(close, out):
    """Distance from the highest close of the entire sample: leaks in magnitude only."""
    out[:] = close / close.max()


def running_sum_mean(amount, out):
    """A window mean by adding and subtracting: remembers rounding of rows that left it."""
    total = amount[:5].sum()
    out[4] = total / 5.0
    for t in range(5, amount.size):
        total += amount[t] - amount[t - 5]
        out[t] = total / 5.0


def levels(close, out):
    """Says ratio, is a price."""
    out[:] = close


@pytest.mark.parametrize(
    "kernel", [full_sample_zscore, centred_mean, tomorrow, late_maximum], ids=lambda kernel: kernel.__name__
)
def test_a_leaking_factor_is_caught(kernel):
    with pytest.raises(AssertionError):
        check_ignores_the_future(one(kernel))


def test_a_back_filled_warm_up_is_caught():
    with pytest.raises(AssertionError):
        check_silent_exactly_for_its_warm_up(one(back_filled, warmup=10))


def test_a_level_that_calls_itself_a_ratio_is_caught():
    with pytest.raises(AssertionError):
        check_scale(one(levels))


def test_a_wrong_bound_is_caught():
    with pytest.raises(AssertionError):
        check_bounds(one(levels, scale="bounded", bounds=(0.0, 1.0)))


def test_a_running_sum_is_not_bit_identical_on_the_tail():
    unit = one(running_sum_mean, warmup=5, inputs=("amount",))

    full, tail = (
        by_symbol(values_of(unit, as_is))[0],
        by_symbol(values_of(unit, LATER_START), OFFSETS - 15 * np.arange(4))[0],
    )

    assert not np.array_equal(tail[4:], full[19:])
