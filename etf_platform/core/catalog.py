"""Collects units: a unit is a module-level value, its folder is the registry."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

Unit = TypeVar("Unit")


def collect(package: ModuleType, kind: type[Unit]) -> list[Unit]:
    """Every value of type `kind`, or element of a module-level tuple of them, in the modules of `package`.

    Ordered by module name, then by position in the module; a value imported by a second module counts once.
    """
    found: dict[int, Unit] = {}
    for module in _modules(package):
        for value in vars(module).values():
            for unit in value if isinstance(value, tuple) else (value,):
                if isinstance(unit, kind):
                    found.setdefault(id(unit), unit)
    return list(found.values())


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    names = sorted(info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."))
    return (importlib.import_module(name) for name in names)
