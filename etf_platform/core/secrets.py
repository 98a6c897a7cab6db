"""Every secret, read from the environment in this one place, and the masking of text that might hold one.

Names as in the specifications. Not here: what a channel or a source does with them.
"""

import os
import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

MASK = "***"
SHORTEST = 4  # a shorter value is no secret worth its name, and masking it would blacken ordinary words
SIGN_SECRET = "ETF_PLATFORM_SIGN_SECRET"  # of one person's own shell, for signing without a terminal; see cli.signing
IN_DAGSTER = "ETF_PLATFORM_IN_DAGSTER"  # set in every process that serves or runs the code location
LONG = 12  # parts of a path from this length on may be tokens; shorter ones are words such as `services`

_PARAMETER = re.compile(r"(?i)\b(access_token|token|key|sign|secret|password|pwd|apikey|api_key)=[^&\s\"'<>)]+")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@")


class Secrets(BaseModel):
    """What must never be shown. Printing it shows stars; `mask` takes its values out of any text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dingtalk_webhook: SecretStr | None = None
    dingtalk_secret: SecretStr | None = None
    wecom_webhook: SecretStr | None = None
    email_password: SecretStr | None = None
    email_sender: str | None = None
    email_recipients: tuple[str, ...] = ()
    smtp_server: str | None = None
    smtp_port: int | None = None
    custom_webhook_urls: tuple[SecretStr, ...] = ()
    apprise_urls: tuple[SecretStr, ...] = ()
    tushare_token: SecretStr | None = None
    api_token: SecretStr | None = None

    NAMES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dingtalk_webhook": ("DINGTALK_WEBHOOK",),
        "dingtalk_secret": ("DINGTALK_SECRET",),
        "wecom_webhook": ("WECOM_WEBHOOK",),
        "email_password": ("EMAIL_PASSWORD",),
        "email_sender": ("EMAIL_SENDER",),
        "email_recipients": ("EMAIL_RECIPIENTS", "EMAIL_RECEIVERS"),
        "smtp_server": ("SMTP_SERVER",),
        "smtp_port": ("SMTP_PORT",),
        "custom_webhook_urls": ("CUSTOM_WEBHOOK_URLS",),
        "apprise_urls": ("APPRISE_URLS",),
        "tushare_token": ("TUSHARE_TOKEN",),
        "api_token": ("ETF_PLATFORM_API_TOKEN",),
    }

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Secrets":
        """Read the environment; an empty variable counts as absent, lists are separated by commas.

        `EMAIL_RECEIVERS` is accepted for `EMAIL_RECIPIENTS`.
        """
        env = os.environ if env is None else env
        found: dict[str, object] = {}
        for field, names in cls.NAMES.items():
            value = next((env[name].strip() for name in names if env.get(name, "").strip()), None)
            if value is not None:
                found[field] = _listed(value) if field in _LISTS else _number(field, value)
        return cls.model_validate(found)

    def values(self) -> tuple[str, ...]:
        """The secret values, and the parts of secret URLs that give access, longest first."""
        held: list[str] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, SecretStr):
                    held.append(one.get_secret_value())
        found = {part for value in held for part in (value, *_parts(value)) if len(part) >= SHORTEST}
        return tuple(sorted(found, key=len, reverse=True))

    def mask(self, text: str) -> str:
        """The text without any of these secrets (plain or URL-quoted), tokens in URLs or passwords before an `@`."""
        for value in self.values():
            for form in (value, quote(value, safe=""), quote_plus(value)):
                text = text.replace(form, MASK)
        return mask_url(text)


def _parts(value: str) -> list[str]:
    """What of a URL must not be shown alone: password, query values, long parts of the path, a host that is a token."""
    if "://" not in value:
        return []
    parts = urlsplit(value)
    names = [name for name in (parts.netloc.rpartition("@")[2], *parts.path.split("/")) if len(name) >= LONG]
    queried = [text for _, text in parse_qsl(parts.query)]
    password = parts.netloc.rpartition("@")[0].partition(":")[2]
    return [password, *queried, *(name for name in names if not set(name) & {".", ":"})]


def mask_url(text: str) -> str:
    """Tokens, keys, signatures and user names with passwords in URLs replaced by stars; the rest stays readable."""
    return _USERINFO.sub(rf"\1{MASK}@", _PARAMETER.sub(rf"\1={MASK}", text))


_LISTS = ("email_recipients", "custom_webhook_urls", "apprise_urls")


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _number(field: str, value: str) -> object:
    if field != "smtp_port":
        return value
    if not value.isdigit():
        from etf_platform.core.errors import ConfigError

        raise ConfigError("reading the environment", "SMTP_PORT is no number", "set it to 465 or 587, or unset it")
    return int(value)
