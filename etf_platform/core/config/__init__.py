"""Configuration: strict YAML in, frozen pydantic models out, all problems at once."""

from etf_platform.core.config.load import Config, load_config

__all__ = ["Config", "load_config"]
