"""What else a number depends on: the code's files, the interpreter, the machine, the packages that compute.

Not here: the commit (`provenance`).
"""

import hashlib
import platform as machine
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import etf_platform

# whatever turns prices into numbers or files; the web server and the test tools do not
PACKAGES = (
    *("numpy", "pandas", "numba", "llvmlite", "scipy", "pyarrow", "deltalake", "duckdb"),
    *("exchange-calendars", "pydantic", "matplotlib", "tzdata"),
)


@cache
def environment() -> dict[str, str]:
    """Name -> version of the interpreter, the machine, its processor as compiled for, and the packages."""
    import llvmlite.binding as llvm  # type: ignore[import-untyped]

    return {
        "python": machine.python_version(),
        "machine": f"{sys.platform} {machine.machine()}",
        "processor": str(llvm.get_host_cpu_name()),
        **{name: _version(name) for name in PACKAGES},
    }


@cache
def code_digest() -> str:
    """SHA-256 in hex over every Python file of the package: tells two states of one commit apart."""
    root = Path(etf_platform.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(f"{path.relative_to(root)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
