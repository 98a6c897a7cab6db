"""Which report counts on which day: by publication only."""

import pandas as pd
import pytest

from etf_platform.arbitrage.holdings import known_on
from etf_platform.arbitrage.reports_in_force import assumed_known, interpolated, reports_in_force
from etf_platform.core.errors import BadInputError


def _rows(*given):
    """(etf, as_of, published_at, stock, weight[, from_issuer[, completeness]])."""
    return pd.DataFrame(
        [
            {
                "symbol": etf,
                "as_of": pd.Timestamp(as_of),
                "published_at": pd.Timestamp(published),
                "stock": stock,
                "weight": weight,
                "from_issuer": bool(rest and rest[0]),
                "completeness": rest[1] if len(rest) > 1 else "full",
                "source": "by hand",
            }
            for etf, as_of, published, stock, weight, *rest in given
        ]
    )


HOLDINGS = _rows(
    ("E1", "2023-12-31", "2024-01-20", "A", 0.10),
    ("E1", "2023-12-31", "2024-01-20", "B", 0.05),
    ("E1", "2023-12-31", "2024-03-29", "C", 0.01),  # the annual report adds what the quarter's top ten left out
    ("E1", "2024-03-31", "2024-04-20", "A", 0.20),
    ("E1", "2024-03-31", "2024-04-20", "X", 0.30, True),
    ("E1", "2023-06-30", "2024-05-01", "B", 0.90),  # late, and older than what is known
    ("E1", "2024-04-30", "2024-05-10", "A", 0.07, False, "top10"),  # ten names do not replace a full list of March
    ("E2", "2023-12-31", "2024-01-05", "A", 0.02),
    ("E2", "2023-12-31", "2024-01-05", "Z", 0.0),
)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-01-04", {}),
        ("2024-01-05", {"E2": {"A": 0.02}}),
        ("2024-01-19", {"E2": {"A": 0.02}}),
        ("2024-01-20", {"E1": {"A": 0.10, "B": 0.05}, "E2": {"A": 0.02}}),
        ("2024-03-29", {"E1": {"A": 0.10, "B": 0.05, "C": 0.01}, "E2": {"A": 0.02}}),
        ("2024-04-20", {"E1": {"A": 0.20}, "E2": {"A": 0.02}}),
        ("2024-06-01", {"E1": {"A": 0.20}, "E2": {"A": 0.02}}),
    ],
)
def test_a_day_sees_what_had_been_published(day, expected):
    """And the history agrees with the live look on every day."""
    at = pd.Timestamp(day)
    seen = {
        report.etf: report.weights.to_dict()
        for report in reports_in_force(HOLDINGS)
        if report.published_at <= at and (report.end is None or at < report.end)
    }

    live = known_on(HOLDINGS, day)
    assert seen == expected
    assert {
        str(etf): dict(zip(rows["stock"], rows["weight"], strict=True)) for etf, rows in live.groupby("symbol")
    } == seen


def test_the_sensitivity_variant_says_what_it_assumes():
    assumed = assumed_known(HOLDINGS, pd.Timestamp("2020-01-02"))

    first = next(report for report in reports_in_force(assumed) if report.etf == "E2")
    assert (str(first.published_at.date()), first.source) == ("2020-01-02", "by hand (weights assumed known)")
    assert (HOLDINGS["source"] == "by hand").all()


def test_interpolation_is_refused_because_it_looks_ahead():
    with pytest.raises(BadInputError, match="before it was published"):
        interpolated(HOLDINGS, is_original_compatible=False)


def test_the_originals_interpolation_says_that_it_looks_ahead():
    """Halfway in time between two reports, halfway between the weights."""
    two = _rows(("E", "2024-01-01", "2024-01-01", "A", 0.10), ("E", "2024-01-15", "2024-01-20", "A", 0.20))

    made = interpolated(two, is_original_compatible=True)
    between = made[made["as_of"] == "2024-01-08"]
    assert between["weight"].tolist() == pytest.approx([0.15])
    assert between["source"].tolist() == ["by hand (weights interpolated: looks ahead)"]
