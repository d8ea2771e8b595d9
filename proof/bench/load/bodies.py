"""Whole HTTP requests as ready bytes: everything is written before the clock starts, only a request's number is filled in. Pure."""

import json
from collections.abc import Callable

from proof.bench.load.load import Load

DIGITS = 8
MARK = "0" * DIGITS
HOST = "127.0.0.1"


RESOLUTION = "Hei,\n\nlaskun kopio on lähetetty sähköpostiisi.\n\nTerveisin asiakaspalvelu"


def writer(load: Load) -> Callable[[int], bytes]:
    """Give what writes the bytes of request `number` of a load."""
    return _resolution_writer(load) if load.targets else _submission_writer(load)


def _resolution_writer(load: Load) -> Callable[[int], bytes]:
    body = json.dumps({"text": RESOLUTION}, ensure_ascii=False).encode()
    tail = (
        f"/resolve HTTP/1.1\r\nHost: {HOST}:{load.port}\r\nAuthorization: Bearer {load.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    ready = [f"POST {load.path}/{target}".encode() + tail for target in load.targets]
    return lambda number: ready[number - load.first]


def _submission_writer(load: Load) -> Callable[[int], bytes]:
    """All are as long, so the head's length holds for each."""
    form = dict(load.form) | {"email": load.address_of(0)}
    body = json.dumps({"service": load.service, "language": "fi", "form": form}, ensure_ascii=False).encode()
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: {HOST}:{load.port}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: bench-{load.run}-{MARK}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    key, address = MARK.encode() + b"\r\nContent-Length", f"b{load.run}-{MARK}@".encode()
    before, middle, after = _cut(head + body, key, address)

    def write(number: int) -> bytes:
        digits = b"%08d" % number
        return b"".join((before, digits, middle, digits, after))

    return write


def watch_writer(load: Load) -> Callable[[bytes], bytes]:
    """Give what writes the request for the event stream that tells the number of a request id."""
    tail = f"/tapahtumat HTTP/1.1\r\nHost: {HOST}:{load.port}\r\nAccept: text/event-stream\r\n\r\n".encode()
    return lambda request_id: b"GET /fi/kiitos/" + request_id + tail


def _cut(whole: bytes, key: bytes, address: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut out the digits of the key and of the address."""
    first = whole.index(key)
    second = whole.index(address) + address.index(b"-") + 1
    return whole[:first], whole[first + DIGITS : second], whole[second + DIGITS :]
