# ruff: noqa: RUF005 - numba knows no unpacking inside a tuple
"""Loops over the symbols of a chunk, one per number of inputs: a kernel is entered once per chunk, not per symbol.

Templates: `etf_platform.factors.jit` compiles each with a kernel in place of `kernel`. Symbol *s* holds the rows
`offsets[s]:offsets[s + 1]` of every series; those with fewer than `warmup` rows stay NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray
Params = tuple[float, ...]


def kernel(*args: Any) -> None:
    """Stands for the kernel that a compiled driver runs."""


def one_input(offsets: Array, warmup: int, params: Params, out: Array, x: Array) -> None:
    """Kernels of one series."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = out[a:b]
        own[:] = np.nan
        if b - a >= warmup:
            kernel(x[a:b], *(params + (own,)))


def two_inputs(offsets: Array, warmup: int, params: Params, out: Array, x: Array, y: Array) -> None:
    """Kernels of two series."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = out[a:b]
        own[:] = np.nan
        if b - a >= warmup:
            kernel(x[a:b], y[a:b], *(params + (own,)))


def three_inputs(offsets: Array, warmup: int, params: Params, out: Array, x: Array, y: Array, z: Array) -> None:
    """Kernels of three series."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = out[a:b]
        own[:] = np.nan
        if b - a >= warmup:
            kernel(x[a:b], y[a:b], z[a:b], *(params + (own,)))


def four_inputs(
    offsets: Array, warmup: int, params: Params, out: Array, x: Array, y: Array, z: Array, u: Array
) -> None:
    """Kernels of four series."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = out[a:b]
        own[:] = np.nan
        if b - a >= warmup:
            kernel(x[a:b], y[a:b], z[a:b], u[a:b], *(params + (own,)))


def five_inputs(
    offsets: Array, warmup: int, params: Params, out: Array, x: Array, y: Array, z: Array, u: Array, v: Array
) -> None:
    """Kernels of five series."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = out[a:b]
        own[:] = np.nan
        if b - a >= warmup:
            kernel(x[a:b], y[a:b], z[a:b], u[a:b], v[a:b], *(params + (own,)))


DRIVERS: dict[int, Callable[..., None]] = {
    1: one_input,
    2: two_inputs,
    3: three_inputs,
    4: four_inputs,
    5: five_inputs,
}
