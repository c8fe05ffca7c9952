"""Ed25519 signatures are verified with nothing but the standard library; nothing is signed, and nothing is secret.

RFC 8032, Edwards-Curve Digital Signature Algorithm, 2017: points in extended coordinates, section 5.1.
"""

import hashlib

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
ROOT = pow(2, (PRIME - 1) // 4, PRIME)
NEUTRAL = (0, 1, 1, 0)


def is_signed(content, signature, key):
    """Return whether `signature` (64 bytes) is that of `content` by the owner of the public `key` (32 bytes)."""
    owner, scale = point_of(key), int.from_bytes(signature[32:], "little")
    if owner is None or len(signature) != 64 or scale >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + content).digest(), "little") % ORDER
    x, y, z, t = times(challenge, owner)
    return written(added(times(scale, BASE), (-x, y, z, -t))) == signature[:32]


def added(left, right):
    """Return the sum of two points."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % PRIME
    b = (left[1] + left[0]) * (right[1] + right[0]) % PRIME
    c = 2 * left[3] * right[3] * CURVE % PRIME
    d = 2 * left[2] * right[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def times(scale, point):
    """Return a point, added `scale` times."""
    total = NEUTRAL
    while scale:
        if scale & 1:
            total = added(total, point)
        point, scale = added(point, point), scale >> 1
    return total


def point_of(encoded):
    """Return the point that 32 bytes tell; None where they tell none."""
    if len(encoded) != 32:
        return None
    told = int.from_bytes(encoded, "little")
    sign, y = told >> 255, told & (2**255 - 1)
    if y >= PRIME:
        return None
    square = (y * y - 1) * pow(CURVE * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT % PRIME
    if (x * x - square) % PRIME or (x == 0 and sign):
        return None
    x = PRIME - x if x & 1 != sign else x
    return (x, y, 1, x * y % PRIME)


def written(point):
    """Return the 32 bytes that tell a point."""
    inverse = pow(point[2], PRIME - 2, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_of((4 * pow(5, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little"))
