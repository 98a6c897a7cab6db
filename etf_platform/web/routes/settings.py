"""The configuration without secrets, and what can be named in it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from etf_platform.arbitrage.choose import every_evaluator, every_filter, every_selector, problems
from etf_platform.core.secrets import MASK, Secrets, mask_url
from etf_platform.web.models import compatible
from etf_platform.web.reading import Read

router = APIRouter(tags=["compatible"])
SECRET_NAMES = ("secret", "token", "password", "webhook", "apikey", "api_key", "credential")
Name = Annotated[str | None, Query(max_length=80)]


@router.get("/api/config")
def config(read: Read) -> dict[str, Any]:
    """The tracker's and the alerts' configuration; secrets that are set show as `***`, others as null."""
    services = read.services
    shown = {
        **services.config.arbitrage.model_dump(mode="json"),
        "alerts": services.config.alerts.model_dump(mode="json"),
    }
    shown["secrets"] = {name: MASK if getattr(services.secrets, name) else None for name in Secrets.model_fields}
    masked: dict[str, Any] = _masked(shown, services.secrets)
    return masked


@router.get("/api/strategies")
def strategies() -> compatible.Strategies:
    """Registered evaluators, selectors and filters."""
    return compatible.Strategies(
        evaluators=[compatible.Unit(name=unit.name, description=unit.meaning) for unit in every_evaluator()],
        selectors=[compatible.Unit(name=unit.name, description=unit.meaning) for unit in every_selector()],
        filters=[compatible.Unit(name=unit.name, description=unit.meaning) for unit in every_filter()],
    )


@router.get("/api/strategies/validate")
def validate(
    read: Read, evaluator: Name = None, selector: Name = None, fund_selector: Name = None, filters: Name = None
) -> compatible.Validation:
    """Check the configured evaluator and selector, or others that are named, against what is registered."""
    strategy = read.services.config.arbitrage.strategy
    asked = {"evaluator_type": evaluator, "selector": selector or fund_selector}
    wanted = strategy.model_copy(update={name: value for name, value in asked.items() if value is not None})
    errors = problems(wanted)
    known = {unit.name for unit in every_filter()}
    unknown = [name for part in (filters or "").split(",") if (name := part.strip()) and name not in known]
    errors += [f"there is no filter {name!r}; use one of {', '.join(sorted(known))}" for name in unknown]
    return compatible.Validation(valid=not errors, errors=errors)


def _masked(value: Any, secrets: Secrets, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, secrets, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, secrets, name) for inner in value]
    if not isinstance(value, str):
        return value
    if any(word in name.lower() for word in SECRET_NAMES) and value:
        return MASK
    return mask_url(secrets.mask(value))
