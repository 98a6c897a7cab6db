"""Ed25519 signatures (RFC 8032), so that a seal can be checked by anybody and made only by who knows the secret.

Pure Python: a few milliseconds per signature, no dependency, not constant in time (a person signs in a shell of their
own). Not here: whose key it is and what is signed (`people`).

References
----------
RFC 8032, Edwards-Curve Digital Signature Algorithm, sections 5.1 and 7.1 (test vectors).
"""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1

Point = tuple[int, int, int, int]  # extended coordinates: X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z
NEUTRAL: Point = (0, 1, 1, 0)


def public_key(seed: bytes) -> bytes:
    """Public key (32 bytes) of a private seed (32 bytes)."""
    return _encode(_times(_expand(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """Signature (64 bytes); the same seed and message always give the same one."""
    scalar, prefix = _expand(seed)
    public = _encode(_times(scalar, BASE))
    nonce = _hash(prefix, message) % ORDER
    commitment = _encode(_times(nonce, BASE))
    challenge = _hash(commitment, public, message) % ORDER
    return commitment + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is one of this key over this message; False for anything malformed."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, response = _decode(public), int.from_bytes(signature[32:], "little")
    if key is None or response >= ORDER:
        return False
    challenge = _hash(signature[:32], public, message) % ORDER
    return _encode(_sum_of_multiples(response, BASE, challenge, _negative(key))) == signature[:32]


def _expand(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & ((1 << 254) - 8) | (1 << 254), digest[32:]


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _add(one: Point, other: Point) -> Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: Point) -> Point:
    a, b, c = point[0] * point[0] % P, point[1] * point[1] % P, 2 * point[2] * point[2] % P
    h, g = a + b, a - b
    e, f = h - (point[0] + point[1]) ** 2, c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _negative(point: Point) -> Point:
    return P - point[0], point[1], point[2], P - point[3]


def _times(scalar: int, point: Point) -> Point:
    return _sum_of_multiples(scalar, point, 0, NEUTRAL)


def _sum_of_multiples(m: int, one: Point, n: int, other: Point) -> Point:
    """m * one + n * other, with one doubling per bit for both (Shamir's trick)."""
    choices = (None, one, other, _add(one, other))
    total = NEUTRAL
    for i in reversed(range(max(m.bit_length(), n.bit_length()))):
        total, choice = _double(total), choices[(m >> i & 1) + 2 * (n >> i & 1)]
        total = _add(total, choice) if choice is not None else total
    return total


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, odd = number & ((1 << 255) - 1), number >> 255
    x = _x_of(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


def _x_of(y: int, odd: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    return P - x if x & 1 != odd else x


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _x_of(_BASE_Y, 0)
assert _BASE_X is not None
BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)
