"""A simulated back office, which resolves requests over the API and by commands on Kafka."""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from proof.chaos.clients.over_http import Answer, attempt, retry_until_answered
from proof.chaos.clients.to_kafka import context, produce
from proof.chaos.journal import Journal
from shared.crypto.sealing import Sealer
from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import follow_topics

COMMANDS, LIFECYCLE = "requests.commands", "requests.lifecycle"
API_SHARE, COMMAND_SHARE = 25, 25
"""Of a hundred requests, so many are resolved over the API and so many by a command."""
SENT_TWICE = 5
TOKEN_SECONDS = 200.0
BACK_SECONDS, MAX_BACK = 3_600.0, 100_000
LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Texts are numbered with letters, so that their digits are not taken for work numbers."""


@dataclass(frozen=True)
class Credentials:
    """The back office's client credentials."""

    token_endpoint: str
    client_id: str
    client_secret: str
    scope: str


class BackOffice:
    """Resolves about half of all requests as soon as they are registered.

    `kafka` is reached directly, past the fault proxies.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        tracker: str,
        kafka: KafkaConnection,
        credentials: Credentials,
        journal: Journal,
    ) -> None:
        self._http = http
        self._tracker = tracker
        self._kafka = kafka
        self._credentials = credentials
        self._journal = journal
        self._token, self._token_until = "", 0.0
        self._seen: set[str] = set()
        self._sealer: Sealer | None = None
        self._work: set[asyncio.Task[None]] = set()
        self.resolving = True

    async def follow(self) -> None:
        """Follow until cancelled; records read again after a lost connection are ignored."""
        await follow_topics(
            self._kafka, [LIFECYCLE], self._on_record, back_seconds=BACK_SECONDS, most=MAX_BACK
        )

    async def finish(self) -> None:
        """Wait for resolutions in progress."""
        while self._work:
            await asyncio.wait(self._work)

    async def headers(self) -> dict[str, str]:
        """Return the header with a token; raises `httpx.HTTPError` while none is available."""
        if time.monotonic() > self._token_until:
            given = self._credentials
            form = {"grant_type": "client_credentials", "scope": given.scope}
            answer = await self._http.post(
                given.token_endpoint, data=form, auth=(given.client_id, given.client_secret)
            )
            self._token = answer.raise_for_status().json()["access_token"]
            self._token_until = time.monotonic() + TOKEN_SECONDS
        return {"Authorization": f"Bearer {self._token}"}

    def _on_record(self, record: Record) -> None:
        if dict(record.headers).get("ce_type") != b"request.registered.v1" or record.value is None:
            return
        event = json.loads(record.value)
        request_id, _ = str(event["request_id"]), event["work_number"]
        lot = hashlib.sha256(request_id.encode()).digest()[0] * 100 // 256
        if request_id in self._seen or not self.resolving or lot >= API_SHARE + COMMAND_SHARE:
            return
        self._seen.add(request_id)
        task = asyncio.create_task(
            self._resolve(
                request_id, by_api=lot < API_SHARE, twice=lot >= API_SHARE + COMMAND_SHARE - SENT_TWICE
            )
        )
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _resolve(self, request_id: str, *, by_api: bool, twice: bool) -> None:
        text = f"Pyyntösi on käsitelty. Ratkaisu {uuid4().hex.translate(LETTERS)}.\nTerveisin asiakaspalvelu"
        if by_api:
            await retry_until_answered(lambda: self._over_api(request_id, text), persists=True)
            return
        command_id = uuid4().hex
        for _ in range(2 if twice else 1):
            await retry_until_answered(lambda: self._by_command(request_id, command_id, text), persists=True)

    async def _over_api(self, request_id: str, text: str) -> Answer:
        async def post() -> tuple[int, str | None]:
            url = f"{self._tracker}/api/v1/requests/{request_id}/resolve"
            answer = await self._http.post(url, json={"text": text}, headers=await self.headers())
            # 401 asks for a new token: identity may have been restarted.
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._token_until = 0.0
                return 503, request_id
            return answer.status_code, request_id

        answer = await attempt(post)
        self._journal.write("resolve", way="api", text=text, **(answer.facts() | {"request_id": request_id}))
        return answer

    async def _by_command(self, request_id: str, command_id: str, text: str) -> Answer:
        async def send() -> tuple[int, str | None]:
            sealer = self._sealer or await self._fetch_key()
            sealed = sealer.seal(
                json.dumps({"text": text}).encode(), purpose="command", request_id=UUID(request_id)
            )
            event = {"request_id": request_id, "actor": "chaos-back-back_office", "sealed_text": sealed}
            await produce(
                self._kafka,
                COMMANDS,
                request_id.encode(),
                json.dumps(event).encode(),
                context("request.resolve.v1", command_id),
            )
            return 202, request_id

        answer = await attempt(send)
        self._journal.write(
            "resolve", way="command", text=text, **(answer.facts() | {"request_id": request_id})
        )
        return answer

    async def _fetch_key(self) -> Sealer:
        answer = await self._http.get(f"{self._tracker}/.well-known/sealing-key")
        facts: Mapping[str, Any] = answer.raise_for_status().json()
        self._sealer = Sealer(str(facts["public_key"]))
        return self._sealer
