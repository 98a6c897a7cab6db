"""Compiles kernels, on first use and once per machine.

The only module of this layer that imports numba, and it does so inside a function. Kernels and the window functions
that they call stay plain Python, so that importing or listing factors costs nothing.
"""

import functools
import hashlib
import types
from collections.abc import Callable, Iterator
from typing import Any

_PACKAGE = __name__.rpartition(".")[0] + "."


@functools.cache
def kernel_errors() -> tuple[type[Exception], ...]:
    """What a kernel may raise while it is compiled or run; anything else is a defect of ours."""
    from numba.core.errors import NumbaError

    return (ArithmeticError, LookupError, NameError, RuntimeError, TypeError, ValueError, NumbaError)


@functools.cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code of a kernel and of the plain functions of this layer that it calls; releases the GIL.

    numba keys its cache by the function's own file only, so a kernel would go on using an old version of a function
    from another file. The compiled twin therefore carries a digest of all the code it reaches in its qualified name.

    Returns
    -------
    callable
        Cached on disk beside the source, or in the user's cache folder; in memory only where neither can be written.
    """
    import numba

    linked = {name: compiled(callee) for name, callee in _callees(function)}
    twin = types.FunctionType(function.__code__, {**function.__globals__, **linked}, function.__name__)
    twin.__module__, twin.__doc__ = function.__module__, function.__doc__
    twin.__qualname__ = f"{function.__qualname__}_{_digest(function)}"
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(twin)
    except RuntimeError:  # "cannot cache function: no locator available": nothing near is writable
        return numba.njit(nogil=True, error_model="numpy")(twin)


def _callees(function: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Plain functions of this layer that a function names, e.g. the window functions."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, types.FunctionType) and value.__module__.startswith(_PACKAGE):
            yield name, value


def _digest(function: Callable[..., Any]) -> str:
    own = function.__code__.co_code + repr(function.__code__.co_consts).encode()
    parts = [own, *(_digest(callee).encode() for _, callee in _callees(function))]
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:12]
