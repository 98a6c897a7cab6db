"""The parameter audit: a newly fitted model against the stored baseline. What it finds counts as one major.

Not here: fitting, and where the records are kept (`governance.experiments`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from etf_platform.core.config.governance import DriftConfig

FEATURE = "model"


@dataclass(frozen=True)
class ModelRecord:
    """What a selection of a model ended in.

    Attributes
    ----------
    selected : str
        Name of the selected model, or digest of the selected parameters.
    error : float or None
        Out-of-sample error, larger is worse, > 0; None when unknown.
    improvement : float or None
        Out-of-sample gain over the simple model that it must beat, larger is better, > 0 where it beats it.
    """

    selected: str
    error: float | None = None
    improvement: float | None = None


@dataclass(frozen=True)
class Audit:
    """Verdict of an audit: level `stable`, `major` or `unknown`, and why."""

    level: str
    reason: str


def audit(current: ModelRecord | None, baseline: ModelRecord | None, config: DriftConfig) -> Audit:
    """Set a fitted model against the stored baseline.

    Returns
    -------
    Audit
        `major` when another model is selected, the error is more than 25 % larger, or the improvement is more than 30 %
        smaller (limits of `config`); every finding is named. `unknown` with reason `missing` (no current record, or a
        figure that only the baseline has) or `no_baseline`.
    """
    if current is None or baseline is None:
        return Audit("unknown", "missing" if current is None else "no_baseline")
    found = [*_selected(current, baseline), *_error(current, baseline, config), *_gain(current, baseline, config)]
    if found:
        return Audit("major", "; ".join(found))
    is_missing = any(
        getattr(baseline, name) is not None and getattr(current, name) is None for name in ("error", "improvement")
    )
    return Audit("unknown", "missing") if is_missing else Audit("stable", "")


def record_of(payload: Mapping[str, object]) -> ModelRecord:
    """A record from JSON `{selected, error, improvement}`; what is absent is unknown."""

    def number(name: str) -> float | None:
        value = payload.get(name)
        return float(value) if isinstance(value, int | float) else None

    return ModelRecord(str(payload.get("selected", "")), number("error"), number("improvement"))


def _selected(current: ModelRecord, baseline: ModelRecord) -> list[str]:
    if current.selected == baseline.selected:
        return []
    return [f"selected {current.selected}, was {baseline.selected}"]


def _error(current: ModelRecord, baseline: ModelRecord, config: DriftConfig) -> list[str]:
    if current.error is None or baseline.error is None or baseline.error <= 0.0:
        return []
    change = current.error / baseline.error - 1.0
    return [f"out-of-sample error {change:+.0%}"] if change > config.audit_error else []


def _gain(current: ModelRecord, baseline: ModelRecord, config: DriftConfig) -> list[str]:
    if current.improvement is None or baseline.improvement is None or baseline.improvement <= 0.0:
        return []
    change = current.improvement / baseline.improvement - 1.0
    return [f"improvement {change:+.0%}"] if change < -config.audit_improvement else []
