"""Asking a person for the secret that seals an event; the only place where a secret enters the program.

At a terminal it is asked for and not shown. Without one it is read from `ETF_PLATFORM_SIGN_SECRET` of the person's own
shell. Inside Dagster, and in anything that Dagster started, nobody signs. Not here: what is signed (`gov`), seals
(`governance.people`).
"""

import getpass
import os
import sys
from collections.abc import Mapping

from etf_platform.core.errors import GateClosedError
from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET

# what people set themselves, and what this platform sets when a command opens the instance
OF_A_SHELL = ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DAGSTER_EVENT_BATCH_SIZE")


def ask_secret(name: str, env: Mapping[str, str] | None = None) -> str:
    """The secret of a person, from the terminal or the environment of their shell.

    Raises
    ------
    GateClosedError
        The process belongs to Dagster, or there is neither a terminal nor the variable.
    """
    env = os.environ if env is None else env
    foreign = sorted(key for key in env if key.startswith("DAGSTER_") and key not in OF_A_SHELL)
    if IN_DAGSTER in env or foreign:
        saw = f"this process was started by Dagster ({', '.join(foreign) or IN_DAGSTER} is set)"
        raise GateClosedError(f"signing as {name!r}", saw, "sign in a shell of your own")
    if sys.stdin.isatty():
        return getpass.getpass(f"Secret of {name}: ")
    if not env.get(SIGN_SECRET):
        saw = f"there is no terminal, and {SIGN_SECRET} is not set"
        raise GateClosedError(f"signing as {name!r}", saw, "sign at a terminal")
    return env[SIGN_SECRET]


def new_secret(name: str) -> str:
    """A new secret, asked for twice at a terminal.

    Raises
    ------
    GateClosedError
        As `ask_secret`, or the two entries differ.
    """
    first = ask_secret(name)
    if sys.stdin.isatty() and getpass.getpass("Again: ") != first:
        raise GateClosedError(f"making a verifier for {name!r}", "the two entries differ", "start again")
    return first
