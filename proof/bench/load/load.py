"""What is to be sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

DOMAIN = "bench.example"


@dataclass(frozen=True)
class Load:
    """So many requests, numbered from `first` on, as `POST path` to 127.0.0.1:`port`.

    `form` is a valid form whose e-mail address is replaced by one that is the request's alone (`address_of`), so that a RCPT TO names its request.
    `run` tells loads apart: letters and digits, new for each load of a stack.
    With `clients` it is a closed loop: each client sends its next one `pause` seconds after the answer (and the number, where it watches for it).
    With `rate` it is an open loop: one is due every 1/`rate` seconds whatever the answers do, over as many connections as it takes.
    Of every `watch_every` requests the number is waited for over the event stream of the site's thank-you page (0: of none).
    With `targets` (request ids, `count` of them) each is a back office's resolution of one, sent with the bearer `token`.
    """

    port: int
    run: str
    form: Mapping[str, str]
    count: int
    first: int = 0
    clients: int = 0
    rate: float = 0.0
    pause: float = 0.0
    watch_every: int = 0
    path: str = "/api/v1/requests"
    service: str = "pyyda-laskukopio"
    targets: Sequence[str] = ()
    token: str = ""

    def address_of(self, number: int) -> str:
        """Give the e-mail address of one request."""
        return f"b{self.run}-{number:08d}@{DOMAIN}"

    def to_json(self) -> str:
        """Write it for the generator's process."""
        return json.dumps(asdict(self) | {"form": dict(self.form)})

    @classmethod
    def from_json(cls, text: str) -> "Load":
        """Read what `to_json` wrote."""
        facts: dict[str, Any] = json.loads(text)
        return cls(**facts)
