"""Every key of governance.yaml stands in the page on configuration, with the default that the program has."""

import re
import types
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from etf_platform.core.config.governance import GovernanceConfig

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the documents are only in a checkout")
AS_SHIPPED = ("people.", "stages.", "fail_safe.", "regression.commands")


def rows() -> dict[str, tuple[str, str, str]]:
    """Key -> unit, default, meaning, from the page."""
    lines = re.findall(r"^\| `([a-zA-Z_.0-9]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text("utf-8"), re.M)
    return {key: tuple(part.strip() for part in rest) for key, *rest in lines if "." in key}


def model_of(annotation) -> type[BaseModel] | None:
    """The model inside an annotation; None for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation):
        return next((m for part in typing.get_args(annotation) if (m := model_of(part))), None)
    return None


def keys(model: type[BaseModel], at: str = "") -> dict[str, object]:
    """Key path -> default of every plain value; those of a map stand below NAME."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        inner, path = model_of(field.annotation), f"{at}{name}"
        below = f"{path}.NAME." if typing.get_origin(field.annotation) is dict else f"{path}."
        found |= keys(inner, below) if inner else {path: field.default}
    return found


def test_every_key_is_in_the_page_and_none_besides():
    assert sorted(rows()) == sorted(keys(GovernanceConfig))


def test_every_key_has_a_unit_and_a_meaning():
    assert [key for key, (unit, default, meaning) in rows().items() if not (unit and default and meaning)] == []


def test_the_defaults_are_those_of_the_program():
    shipped = keys(GovernanceConfig) | {
        f"{name}.{part}": getattr(getattr(GovernanceConfig(), name), part)
        for name in ("daily", "weekly_chain")
        for part in ("hour", "minute")
    }
    told = {key: text for key, (_, text, _) in rows().items() if not key.startswith(AS_SHIPPED)}

    assert {key: text for key, text in told.items() if text != spelt(shipped[key])} == {}


def spelt(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(spelt(each) for each in value)
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
