"""Compiles kernels, on first use and once per machine.

The only module of this layer that imports numba, and it does so inside a function. Kernels and the window functions
that they call stay plain Python, so that importing or listing factors costs nothing.
"""

import functools
import hashlib
import types
from collections.abc import Callable, Iterator
from typing import Any

from etf_platform.factors.drivers import DRIVERS

_PACKAGE = __name__.rpartition(".")[0] + "."


@functools.cache
def kernel_errors() -> tuple[type[Exception], ...]:
    """What a kernel may raise while it is compiled or run; anything else is a defect of ours."""
    from numba.core.errors import NumbaError

    return (ArithmeticError, LookupError, NameError, RuntimeError, TypeError, ValueError, NumbaError)


@functools.cache
def over_symbols(kernel: Callable[..., Any], inputs: int) -> Callable[..., Any]:
    """Machine code of a kernel inside its loop over symbols; releases the GIL for all of them.

    Called as `(offsets, warmup, params, out, *series)`; see `drivers`.

    Raises
    ------
    KeyError
        No driver takes that many inputs.
    """
    return _compile(DRIVERS[inputs], {"kernel": compiled(kernel)}, f"{kernel.__module__}.{_name(kernel)}")


@functools.cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code of a kernel and of the plain functions of this layer that it calls."""
    return _compile(function, {name: compiled(callee) for name, callee in _callees(function)}, _name(function))


def _compile(function: Callable[..., Any], linked: dict[str, Any], name: str) -> Callable[..., Any]:
    """Compile a function with some of its globals replaced.

    numba keys its cache by the function's own file and qualified name only, so that a kernel would go on using an old
    version of a function or constant from another file: `name` carries a digest of all the code that is reached. The
    cache stands beside the source, or in the user's cache folder; there is none where neither can be written.
    """
    import numba

    twin = types.FunctionType(function.__code__, {**function.__globals__, **linked}, function.__name__)
    twin.__module__, twin.__doc__, twin.__qualname__ = function.__module__, function.__doc__, name
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(twin)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(nogil=True, error_model="numpy")(twin)


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__qualname__}_{_digest(function)}"


def _callees(function: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Plain functions of this layer that a function names, e.g. the window functions."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, types.FunctionType) and value.__module__.startswith(_PACKAGE):
            yield name, value


def _digest(function: Callable[..., Any]) -> str:
    code = function.__code__
    seen = [value for name in code.co_names if isinstance(value := function.__globals__.get(name), int | float | tuple)]
    own = code.co_code + repr((code.co_consts, seen)).encode()
    parts = [own, *(_digest(callee).encode() for _, callee in _callees(function))]
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:12]
