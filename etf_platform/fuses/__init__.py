"""Rules that may stop any of the arrows between layers: one function per rule, named after what should hold.

Here: pure functions of tables and limits. Not here: loading tables, telling people, what a closed gate forbids.
"""

import functools
import sys
from dataclasses import replace

from etf_platform.core.catalog import collect
from etf_platform.core.config.models import FusesConfig
from etf_platform.core.errors import ConfigError
from etf_platform.core.units.fuse import Fuse


@functools.cache
def every_fuse() -> tuple[Fuse, ...]:
    """All fuses with their declared defaults, ordered by module and position."""
    return tuple(collect(sys.modules[__name__], Fuse))


def configured_fuses(config: FusesConfig) -> tuple[Fuse, ...]:
    """All fuses with the overrides of `fuses.yaml` applied; those that are not enabled stay in, with `enabled=False`.

    Raises
    ------
    ConfigError
        An override names a fuse that does not exist.
    """
    fuses = every_fuse()
    unknown = sorted(set(config.overrides) - {fuse.name for fuse in fuses})
    if unknown:
        raise ConfigError(
            "reading fuses.yaml: overrides",
            f"no fuse is called {', '.join(unknown)}",
            f"use one of {', '.join(fuse.name for fuse in fuses)}",
        )
    return tuple(_override(fuse, config) for fuse in fuses)


def _override(fuse: Fuse, config: FusesConfig) -> Fuse:
    if fuse.name not in config.overrides:
        return fuse
    given = config.overrides[fuse.name].model_dump(exclude_none=True)
    return replace(fuse, **given)
