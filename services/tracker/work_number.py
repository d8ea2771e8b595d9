"""Work numbers (työnumero): unique, unguessable, easy to say on the phone.

The n-th request's number is n put through a keyed permutation, and a Damm check digit, which finds every
wrong digit and every swap of two neighbours. The first 10⁸ have nine digits, the rest ten.
"""

import hashlib

from stdnum import damm

NINE_DIGITS = 10**8
"""So many numbers have nine digits."""
TEN_DIGITS = 10**9
"""Numbers are drawn below this one; those of ten digits begin with 1 to 9."""
ROUNDS = 10


def work_number(n: int, key: bytes) -> str:
    """Return the digits of the `n`-th request (0 ≤ n < 10⁹), nine below 10⁸, then ten, or `ValueError`."""
    if not 0 <= n < TEN_DIGITS:
        message = f"there is no work number for {n}"
        raise ValueError(message)
    digits = f"{_nine(n, key):08}" if n < NINE_DIGITS else f"{_ten(n, key):09}"
    return digits + damm.calc_check_digit(digits)


def _nine(n: int, key: bytes) -> int:
    """Permute the numbers below 10⁸ by a Feistel network on two halves of four digits."""
    left, right = divmod(n, 10**4)
    for number in range(ROUNDS):
        left, right = right, (left + _round(b"%d/%d" % (number, right), key)) % 10**4
    return left * 10**4 + right


def _ten(n: int, key: bytes) -> int:
    """Permute the numbers from 10⁸ to below 10⁹.

    Those below 10⁹ are permuted until one lands there (about once in ten it does not).
    """
    while True:
        left, right = divmod(n, 10**5)
        for number in range(ROUNDS):
            left = (left + _round(b"ten/%d/%d" % (2 * number, right), key)) % 10**4
            right = (right + _round(b"ten/%d/%d" % (2 * number + 1, left), key)) % 10**5
        n = left * 10**5 + right
        if n >= NINE_DIGITS:
            return n


def _round(message: bytes, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(message, key=key, digest_size=8).digest())
