"""Named streams of random numbers: the same name gives the same numbers, and drawing more changes none drawn before."""

import zlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Generator of one name; names do not influence each other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def normals(seed: int, name: str, n_sessions: int, width: int) -> np.ndarray:
    """Standard normal numbers of shape (n_sessions, width); row t is the same whatever `n_sessions` is."""
    return stream(seed, name).standard_normal((n_sessions, width))
