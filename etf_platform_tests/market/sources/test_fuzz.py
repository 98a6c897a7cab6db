"""Whatever the bytes, a parser gives rows that keep the rules of their table, or raises a typed error.

A few examples each time. At least 10,000 for each reply, 2,500 of each kind (the fifth is for JSON only):
`pytest etf_platform_tests/market/sources/test_fuzz.py --hypothesis-profile=fuzz`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etf_platform.core.errors import ReplyError
from etf_platform_tests.resources.live_cases import NAMES, Case, violations

IS_LONG = settings.get_current_profile_name() == "fuzz"
FEW = settings(
    max_examples=settings().max_examples if IS_LONG else 15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ENDS = {
    "quotes": (b'v_sh600519="', b'";'),
    "sina": (b'var hq_str_sh600519="', b'";'),
    "holdings": (b'var apidata={ content:"', b'",arryear:[2026],curyear:2026};'),
}
NO_JSON = ("quotes", "sina", "preopen", "holdings", "holdings_2025", "holdings_nine")
every_parser = pytest.mark.parametrize("name", NAMES)
pieces = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"", b"-1", b"0", b"-", b'"', b"~", b",", b"null", b"1e308", b"NaN", b"9" * 30, b"<td>", b"%", b"{"]
    ),
    st.integers(-(10**12), 10**12).map(lambda n: str(n).encode()),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.3f}".encode()[:25]),
)
json_values = st.one_of(
    st.none() | st.booleans() | st.text(max_size=12) | st.floats() | st.integers(-(10**25), 10**25),
    st.sampled_from(
        ["", "-", "0", "-1", "NaN", "1e308", "20260101", [], [[]], {}, 0, -0.0, 1e-320, 1e308, 4_102_444_800]
    ),
)
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), pieces), min_size=1, max_size=4)


def check(case: Case, body: bytes) -> None:
    try:
        parsed = case.parse(body)
    except ReplyError:
        return
    assert violations(case, parsed) == []


@every_parser
@FEW
@given(inner=st.binary(max_size=300), is_wrapped=st.booleans())
def test_arbitrary_bytes(cases, name, inner, is_wrapped):
    start, end = ENDS.get(cases[name].content, (b'{"code":0,"data":', b"}")) if is_wrapped else (b"", b"")

    check(cases[name], start + inner + end)


@every_parser
@FEW
@given(edits=edits)
def test_mutations_of_a_good_reply(cases, name, edits):
    body = cases[name].body
    for place, length, piece in edits:
        at = int(place * len(body))
        body = body[:at] + piece + body[at + length :]

    check(cases[name], body)


@every_parser
@FEW
@given(data=st.data())
def test_numbers_of_a_good_reply_replaced(cases, name, data):
    body = cases[name].body
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", body))
    for _ in range(data.draw(st.integers(1, 3))):
        number = found[data.draw(st.integers(0, len(found) - 1))]
        body = body[: number.start()] + data.draw(pieces) + body[number.end() :]

    check(cases[name], body)


@every_parser
@FEW
@given(where=st.floats(0, 1), length=st.integers(1, 200), times=st.integers(2, 3))
def test_parts_of_a_good_reply_repeated(cases, name, where, length, times):
    body = cases[name].body
    at = int(where * len(body))

    check(replace(cases[name]), body[:at] + body[at : at + length] * times + body[at + length :])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_JSON])
@FEW
@given(data=st.data())
def test_values_of_a_good_json_reply_replaced(cases, name, data):
    """The reply stays JSON, so that the damage comes through to the fields."""
    body = cases[name].body
    start, end = body.index(b"{"), body.rindex(b"}") + 1
    whole = json.loads(body[start:end])
    places = list(leaves(whole))
    for _ in range(data.draw(st.integers(1, 3))):
        parent, key = places[data.draw(st.integers(0, len(places) - 1))]
        parent[key] = data.draw(json_values)

    check(cases[name], body[:start] + json.dumps(whole).encode() + body[end:])


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """(parent, key) of everything inside a JSON value, containers included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield value, key
        yield from leaves(child)
