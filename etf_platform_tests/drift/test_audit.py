"""The parameter audit: limits by hand, missing is never a pass."""

import pytest

from etf_platform.core.config.governance import DriftConfig
from etf_platform.drift.audit import ModelRecord, audit, record_of

BASELINE = ModelRecord("egarch", error=0.20, improvement=0.10)


@pytest.mark.parametrize(
    ("current", "level", "reason"),
    [
        (ModelRecord("egarch", 0.249, 0.071), "stable", ""),
        (ModelRecord("egarch", 0.26, 0.10), "major", "out-of-sample error +30%"),
        (ModelRecord("egarch", 0.20, 0.06), "major", "improvement -40%"),
        (ModelRecord("har", 0.20, 0.10), "major", "selected har, was egarch"),
        (
            ModelRecord("har", 0.40, 0.01),
            "major",
            "selected har, was egarch; out-of-sample error +100%; improvement -90%",
        ),
        (ModelRecord("egarch", None, 0.10), "unknown", "missing"),
        (None, "unknown", "missing"),
    ],
)
def test_a_fit_is_judged_against_the_baseline(current, level, reason):
    verdict = audit(current, BASELINE, DriftConfig())

    assert (verdict.level, verdict.reason) == (level, reason)


def test_without_a_baseline_nothing_is_known():
    assert audit(BASELINE, None, DriftConfig()).reason == "no_baseline"


def test_a_record_is_read_from_json():
    assert record_of({"selected": "har", "error": 1}) == ModelRecord("har", 1.0, None)
