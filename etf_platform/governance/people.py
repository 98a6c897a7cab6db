"""Signatures of people: a seal that only somebody who knows a secret can make, and anybody can check.

A person's secret and a salt give, through scrypt, the private half of an Ed25519 key; the configuration holds salt and
public half (`verifier`). The secret passes through `sealed` and is kept nowhere: not in the configuration, not in the
environment of Dagster, not in the ledger. Not here: asking for it (`cli`), what a signature is needed for (the folds).
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from etf_platform.core.config.governance import PLACEHOLDERS, GovernanceConfig, Person
from etf_platform.core.errors import BadInputError, GateClosedError
from etf_platform.core.units.event import PERSONAL, Event
from etf_platform.governance import ed25519

SHORTEST_SECRET = 12
SCHEME = "scrypt-ed25519"
COST, BLOCK, LANES = 15, 8, 1  # scrypt: 2**15 rounds, 32 MiB, about 0.1 s per guess
SUFFIX = 12


def new_verifier(secret: str, salt: bytes | None = None, cost: int = COST) -> str:
    """The line for `governance.yaml` that lets anybody check what this secret seals.

    Parameters
    ----------
    secret : str
        At least 12 characters. Whoever reads the verifier can guess at it, at the price of one scrypt per guess.
    salt : bytes, optional
        16 random bytes when None.
    cost : int
        Binary logarithm of the scrypt rounds; at least 10.
    """
    _refuse_weak(secret)
    salt = secrets.token_bytes(16) if salt is None else salt
    public = ed25519.public_key(_seed(secret, salt, max(cost, 10)))
    return f"{SCHEME}${max(cost, 10)}${salt.hex()}${public.hex()}"


def sign(config: GovernanceConfig, name: str, role: str, secret: str, text: str) -> str:
    """Seal of a text in 128 hex digits; the same inputs give the same seal.

    Raises
    ------
    GateClosedError
        A placeholder, a person who is not in `governance.yaml` or has left, a role that the person does not have, an
        empty secret or one that is not this person's.
    """
    person = _person(config, name, role)
    if person.left:
        raise _refused(name, "this person has left", "let somebody else sign")
    if not secret:
        raise _refused(name, "the secret is empty", "enter the secret that belongs to the verifier")
    cost, salt, public = _parts(person.verifier)
    seed = _seed(secret, salt, cost)
    if ed25519.public_key(seed) != public:
        raise _refused(name, "the secret is not the one of this person", "enter it again")
    return ed25519.sign(seed, text.encode()).hex()


def sealed(config: GovernanceConfig, event: Event, secret: str) -> Event:
    """The event with the seal of its author `event.by` in its `role`, under a key that ends in a digest of the seal.

    The suffix keeps code that cannot sign from taking the key first. Sealing the same event twice gives the same event.

    Raises
    ------
    GateClosedError
        As `sign`.
    """
    bare = replace(event, key=event.key.partition("#")[0], seal="")
    seal = sign(config, event.by, event.role, secret, bare.text)
    return replace(bare, key=f"{bare.key}#{_suffix(seal)}", seal=seal)


def verify(config: GovernanceConfig, event: Event) -> bool:
    """Whether the event carries the valid seal of a person who has the role that it names."""
    return fault(config, event) == ""


def fault(config: GovernanceConfig, event: Event) -> str:
    """Why an event does not count as signed; empty when its seal is good."""
    if not event.seal:
        return "no seal"
    try:
        person = _person(config, event.by, event.role)
        keys = [_parts(verifier)[2] for verifier in (person.verifier, *person.former)]
    except (GateClosedError, BadInputError) as error:
        return error.saw
    if not any(_is_valid(key, event.text, event.seal) for key in keys):
        return "the seal does not fit"
    return "" if event.key.partition("#")[2] == _suffix(event.seal) else "the key does not end in the seal's digest"


def counts(config: GovernanceConfig, event: Event) -> bool:
    """Whether folds may read an event: the system's own, of a kind that needs no person, or well sealed."""
    return verify(config, event) if event.kind in PERSONAL or not event.is_system else not event.seal


def refuse_one_for_all(signed: Mapping[str, str]) -> None:
    """Refuse signatures of several roles that are all of one person; `signed` maps role -> name.

    Raises
    ------
    GateClosedError
        Research, engineering and risk are all signed by the same person.
    """
    names = [signed.get(role, "").strip().casefold() for role in ("research", "engineering", "risk")]
    if all(names) and len(set(names)) == 1:
        raise _refused(signed["risk"], "one person signs for all three roles", "let at least two people sign")


def named(config: GovernanceConfig, name: str) -> Person:
    """The person of this name.

    Raises
    ------
    GateClosedError
        An empty name, a placeholder, or nobody of `governance.yaml`.
    """
    if not name.strip() or name.strip().lower() in PLACEHOLDERS:
        raise _refused(name, f"{name!r} is a placeholder, not a person", "sign with a person's name")
    person = config.people.get(name)
    if person is None:
        raise _refused(name, f"{name!r} is not in governance.yaml", "add the line of `etf-platform gov person NAME`")
    return person


def _person(config: GovernanceConfig, name: str, role: str) -> Person:
    person = named(config, name)
    if role not in person.roles:
        raise _refused(name, f"{name} has not the role {role!r}", f"sign as {' or '.join(person.roles)}")
    return person


def _refused(name: str, saw: str, remedy: str) -> GateClosedError:
    return GateClosedError(f"signing as {name!r}", saw, remedy)


def _refuse_weak(secret: str) -> None:
    if len(secret.strip()) < SHORTEST_SECRET:
        saw = f"it has fewer than {SHORTEST_SECRET} characters"
        raise BadInputError("making a verifier of a secret", saw, "take a longer one, e.g. four or more random words")


def _parts(verifier: str) -> tuple[int, bytes, bytes]:
    try:
        scheme, cost, salt, public = verifier.split("$")
        parts = int(cost), bytes.fromhex(salt), bytes.fromhex(public)
    except ValueError:
        scheme, parts = "", (0, b"", b"")
    if scheme != SCHEME or not 10 <= parts[0] <= 24 or len(parts[2]) != 32:
        raise BadInputError("reading a verifier", "its verifier is damaged", "print it again: `gov person NAME`")
    return parts


def _seed(secret: str, salt: bytes, cost: int) -> bytes:
    memory = 256 * BLOCK * 2**cost
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**cost, r=BLOCK, p=LANES, maxmem=memory, dklen=32)


def _suffix(seal: str) -> str:
    return hashlib.sha256(seal.encode()).hexdigest()[:SUFFIX]


@lru_cache(maxsize=4096)
def _is_valid(public: bytes, text: str, seal: str) -> bool:
    try:
        signature = bytes.fromhex(seal)
    except ValueError:
        return False
    return ed25519.verify(public, text.encode(), signature)
