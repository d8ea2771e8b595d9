"""The work numbers of the first so many requests, by tracker's own permutation: a filled row and a new request never meet."""

from services.tracker.work_number import work_number
from shared.settings import decode_key

TABLE = "create table bench_numbers (n int primary key, work_number text not null)"


def numbers_to_copy(first: int, end: int, key: str) -> bytes:
    """Write the lines of the table for COPY; `key` is the stack's `work_number_key`."""
    secret = decode_key(key)
    return b"".join(b"%d\t%s\n" % (n, work_number(n, secret).encode()) for n in range(first, end))
