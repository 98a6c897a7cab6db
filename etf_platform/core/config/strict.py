"""What every configuration model is made of: strictness and checked scalars. Not here: the models of files."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
CRON_RANGES = (range(60), range(24), range(1, 32), range(1, 13), range(8))


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


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != len(CRON_RANGES) or not all(map(_is_cron_field, fields, CRON_RANGES)):
        raise ValueError(f"{value!r} is no cron line such as 30 7 * * * (minute, hour, day, month, weekday)")
    return value


def _is_cron_field(field: str, allowed: range) -> bool:
    return all(_is_cron_part(part, allowed) for part in field.split(","))


def _is_cron_part(part: str, allowed: range) -> bool:
    found = re.fullmatch(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([1-9][0-9]?))?", part)
    if found is None:
        return False
    first, last = (int(text) if text else None for text in found.group(1, 2))
    inside = all(number is None or number in allowed for number in (first, last))
    return inside and (last is None or first is None or first <= last)


Symbol = Annotated[str, AfterValidator(_symbol)]
Clock = Annotated[str, AfterValidator(_clock)]
Cron = Annotated[str, AfterValidator(_cron)]
IsoDate = Annotated[str, AfterValidator(_iso_date)]


class Strict(BaseModel):
    """Frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleConfig(Strict):
    """When a job starts on a session."""

    hour: int = Field(18, ge=0, le=23)
    minute: int = Field(0, ge=0, le=59)
    timezone: str = "Asia/Shanghai"


class RecheckConfig(Strict):
    """When the job `checks` starts, on sessions and other days alike."""

    cron: Cron
    timezone: str = "Asia/Shanghai"
