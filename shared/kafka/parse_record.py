"""Decodes the records of an uncompressed batch one by one, where aiokafka cannot. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_VARINT_BITS = 70
CONTINUES, SEVEN_BITS = 0x80, 0x7F


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record; bytes of a header name that are not UTF-8 are escaped."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    checksum: None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The offsets from `first` to before `following`, which cannot be decoded, and their bytes."""

    first: int
    following: int
    timestamp: int
    fault: str
    raw: bytes

    @property
    def offset(self) -> int:
        """Return the last offset: reading continues after it."""
        return self.following - 1


class _Reader:
    """Reads fields one after another; raises `ValueError` where the data ends inside a field."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def number(self) -> int:
        found = 0
        for shift in range(0, MAX_VARINT_BITS, 7):
            (byte,) = self.take(1)
            found |= (byte & SEVEN_BITS) << shift
            if not byte & CONTINUES:
                return (found >> 1) ^ -(found & 1)
        message = "number"
        raise ValueError(message)

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            message = "truncated"
            raise ValueError(message)
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def sized(self) -> bytes | None:
        size = self.number()
        return None if size < 0 else self.take(size)


def parse_records(
    data: bytes, count: int, places: range, base_timestamp: int, follows_delta: int
) -> Iterator[Parsed | Unreadable]:
    """Yield `count` records in order of their offsets, which are in `places`.

    What cannot be decoded is yielded as `Unreadable`. A record's time is `base_timestamp`, plus its own
    difference where `follows_delta` is 1.
    """
    reader, following = _Reader(data), places.start
    for index in range(count):
        if following >= places.stop:
            return
        by_order = max(following, places.start + index)
        try:
            body = reader.take(reader.number())
        except ValueError as error:
            # The start of the next record is unknown.
            yield Unreadable(
                following, places.stop, base_timestamp, str(error), data[len(data) - reader.left :]
            )
            return
        fields = _Reader(body)
        try:
            fields.take(1)
            timestamp = base_timestamp + fields.number() * follows_delta
            named = places.start + fields.number()
            offset = named if following <= named < places.stop else by_order
            record = Parsed(
                offset, timestamp, 1 - follows_delta, fields.sized(), fields.sized(), _headers(fields)
            )
            if fields.left:
                message = "bytes behind the record"
                raise ValueError(message)  # noqa: TRY301  as for any other fault of it
        except ValueError as error:
            yield Unreadable(by_order, by_order + 1, base_timestamp, str(error), body)
            following = by_order + 1
        else:
            yield record
            following = offset + 1


def _headers(fields: _Reader) -> tuple[tuple[str, bytes | None], ...]:
    count = fields.number()
    if not 0 <= count <= fields.left:
        message = "headers"
        raise ValueError(message)
    return tuple(
        (fields.take(fields.number()).decode(errors="backslashreplace"), fields.sized()) for _ in range(count)
    )
