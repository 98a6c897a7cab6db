"""Text is cut by bytes and never inside a character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etf_platform.alerts.cut import cut


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "…"),
        ("abcdef", 5, "ab…"),
        ("涨停板", 9, "涨停板"),
        ("涨停板块", 11, "涨停…"),  # 6 bytes of text, 3 of the ellipsis, 2 that hold no character
        ("a📈📈", 8, "a📈…"),
        ("a📈📈", 7, "a…"),
        ("e\u0301e\u0301", 5, "…"),  # an accent stays with its letter
        ("低⚠️低低", 9, "低…"),  # the variation selector of the sign would be torn off
        ("👩‍🔬👩‍🔬", 12, "…"),  # a joined pair stays a pair
        ("ab\ud800cdef", 6, "ab?…"),
    ],
)
def test_by_hand(text, most, expected):
    assert cut(text, most) == expected


@given(st.text(), st.integers(3, 60))
def test_fits_and_begins_like_the_text(text, most):
    shown = cut(text, most)

    assert len(shown.encode()) <= most
    assert shown == text or text.encode("utf-8", "replace").decode().startswith(shown.removesuffix("…"))


def test_no_room_is_refused():
    with pytest.raises(ValueError, match="2 bytes have no room"):
        cut("abc", 2)
