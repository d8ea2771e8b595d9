"""Describes a load and prepares its requests as bytes before the clock starts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.request import urlopen

from deploy.ports import HOST

SERVICE, DOMAIN = "pyyda-laskukopio", "bench.example"
MARK = b"0" * 8
RESOLUTION = "Hei,\n\nlaskun kopio on lähetetty sähköpostiisi.\n\nTerveisin asiakaspalvelu"


@dataclass(frozen=True)
class Load:
    """`count` requests, each a `POST path` to 127.0.0.1:`port`.

    `form` is valid; its e-mail address is replaced by one per request (`address_of`), so that a RCPT TO
    identifies its request. `run` separates loads: letters and digits, new for each load of a stack. With
    `clients` it is a closed loop: each client sends the next request `pause` seconds after the answer (and
    the number, where it waits for it). With `rate` it is an open loop: a request is due every 1/`rate`
    seconds independently of the answers. For every `watch_every`-th request a client waits for the number on
    the event stream of the thank-you page (0: for none). With `targets` (`count` request ids) each is a
    resolution by a back office, sent with the bearer `token`.
    """

    port: int
    run: str
    form: Mapping[str, str]
    count: int = 0
    clients: int = 0
    rate: float = 0.0
    pause: float = 0.0
    watch_every: int = 0
    path: str = "/api/v1/requests"
    targets: Sequence[str] = ()
    token: str = ""

    def address_of(self, number: int) -> str:
        """Return the e-mail address of one request."""
        return f"b{self.run}-{number:08d}@{DOMAIN}"

    def writer(self) -> Callable[[int], bytes]:
        """Return a function from a request's number to its HTTP request."""
        return self._resolution_writer() if self.targets else self._submission_writer()

    def watch(self, request_id: bytes) -> bytes:
        """Return the HTTP request for the event stream with a request's number."""
        return (
            b"GET /fi/kiitos/%b/tapahtumat HTTP/1.1\r\nHost: %b:%d\r\nAccept: text/event-stream\r\n\r\n"
            % (request_id, HOST.encode(), self.port)
        )

    def _resolution_writer(self) -> Callable[[int], bytes]:
        tail = self._message({"text": RESOLUTION}, f"Authorization: Bearer {self.token}")
        ready = [f"POST {self.path}/{target}/resolve".encode() + tail for target in self.targets]
        return ready.__getitem__

    def _submission_writer(self) -> Callable[[int], bytes]:
        """All messages have the same length, so one head fits all."""
        facts = {"service": SERVICE, "language": "fi", "form": {**self.form, "email": self.address_of(0)}}
        message = f"POST {self.path}".encode() + self._message(
            facts, f"Idempotency-Key: bench-{self.run}-{MARK.decode()}"
        )
        run = f"{self.run}-".encode()
        before, middle, after = message.split(run + MARK)
        return lambda number: b"%b%b%08d%b%b%08d%b" % (before, run, number, middle, run, number, after)

    def _message(self, facts: object, header: str) -> bytes:
        body = json.dumps(facts, ensure_ascii=False).encode()
        head = (
            f" HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nContent-Type: "
            f"application/json\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def fetch_form(intake: str) -> dict[str, str]:
    """Return the example form of intake (`http://…`) for the service, which is valid as it is."""
    with urlopen(f"{intake}/api/v1/services/{SERVICE}", timeout=10) as answer:  # noqa: S310  our own service
        example: dict[str, object] = json.load(answer)["form_schema"]["examples"][0]
    return {name: str(value) for name, value in example.items()}
