"""What every configuration model is made of: strictness and checked scalars. Not here: the models of files."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


def _symbol(value: str) -> str:
    if not re.fullmatch(r"[0-9]{6}\.(SH|SZ|BJ)|[A-Z.]{1,8}\.US|\^[A-Z]{1,8}", value):
        raise ValueError(f"{value!r} is not a symbol with exchange suffix such as 510300.SH, QQQ.US or ^VIX")
    return value


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(f"{value!r} is not a time of day such as 09:30")
    return value


def _iso_date(value: str) -> str:
    date.fromisoformat(value)
    return value


Symbol = Annotated[str, AfterValidator(_symbol)]
Clock = Annotated[str, AfterValidator(_clock)]
IsoDate = Annotated[str, AfterValidator(_iso_date)]


class Strict(BaseModel):
    """Frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleConfig(Strict):
    """When a job starts on a session."""

    hour: int = Field(18, ge=0, le=23)
    minute: int = Field(0, ge=0, le=59)
    timezone: str = "Asia/Shanghai"
