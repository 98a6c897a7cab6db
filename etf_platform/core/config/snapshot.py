"""A configuration as one text, and back: so that what ran under it can run again whatever the files say now."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from etf_platform.core.config.load import FILES, Config
from etf_platform.core.errors import ConfigError


def config_text(config: Config) -> str:
    """Every validated value as canonical JSON: sorted keys, no spaces; the same configuration gives the same text."""
    values = {name: getattr(config, name).model_dump(mode="json") for name in FILES}
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def config_from(text: str) -> Config:
    """The configuration of such a text.

    Raises
    ------
    ConfigError
        The text is none, or this program's configuration has other fields.
    """
    try:
        values = json.loads(text)
        return Config(**{name: model.model_validate(values.get(name, {})) for name, model in FILES.items()})  # type: ignore[arg-type]
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise ConfigError("reading a stored configuration", said, "use the program version that stored it") from error
    except ValueError as error:
        raise ConfigError("reading a stored configuration", str(error), "use another experiment") from error


def flat(value: object, at: str = "") -> Mapping[str, Any]:
    """Key path -> value of nested maps and lists, e.g. `strategies.trend.runs.0.symbol`; empty ones as they are."""
    if isinstance(value, Mapping) and value:
        pairs = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list | tuple) and value:
        pairs = [(str(i), each) for i, each in enumerate(value)]
    else:
        return {at: value}
    return {k: v for key, each in pairs for k, v in flat(each, f"{at}.{key}" if at else key).items()}
