"""Whatever anybody sends to any route of any service is answered, and never as a fault of ours.

First each hostile value alone at each place of each route, then several at once by chance. `FUZZ_SECONDS=600
FUZZ_SEED=7 ./test tests/fuzz` tries more; the seed is shown where it fails.
"""

import asyncio
import json
import os
import random
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from services.identity.app import create_app as create_identity
from services.intake.app import create_app as create_intake
from services.notifier.app import create_app as create_notifier
from services.tracker.app import create_app as create_tracker
from shared.database.engine import open_database
from shared.kafka.connection import KafkaConnection
from tests.conftest import FreshDatabase
from tests.fuzz.hostile import HEADERS, JSON, TEXTS, WHOLE, WORDS_FROM_OUTSIDE
from tests.fuzz.http_routes import Route, routes_of
from tests.infra.issuer import running_issuer
from tests.infra.serving import free_socket, serving
from tests.service.identity.conftest import Running as RunningIdentity
from tests.service.identity.conftest import settings_for
from tests.service.identity.http_browser import Forms, HttpBrowser
from tests.service.identity.staff.test_log_in import CONSOLE
from tests.service.intake import request_bodies as forms
from tests.service.intake.oidc_provider import OidcProvider
from tests.service.intake.running_intake import make_settings as intake_settings
from tests.service.notifier.builders import make_settings as notifier_settings
from tests.service.tracker.builders import make_keyring
from tests.service.tracker.builders import make_settings as tracker_settings
from tests.service.tracker.console_client import ConsoleClient, running_identity
from tests.service.tracker.database import register_one

NEVER_LOGGED = (WORDS_FROM_OUTSIDE, "131052-308T")
SERVICES = ("identity", "intake", "notifier", "tracker")
BATCH_SIZE = 8
ACTS = ("again", "redrive", "send-again", "settle", "dismiss")
ANSWER_SECONDS = 20.0
ASK_TRACKER, ASK_NOTIFIER = (
    re.compile("/../seuraa|/api/v1/requests/"),
    re.compile("/(api/v1|console)/(failed|returned)-mails/|/api/v1/requests/"),
)
PLACEHOLDER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Target:
    """A running service, and what a caller who is let in knows.

    Cookies, a token, values for paths and forms.
    """

    app: FastAPI
    address: str
    headers: Mapping[str, bytes] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What routes read by themselves, from a form or, without a body, from the query.

    Names by the beginning of their paths.
    """
    away: re.Pattern[str] = re.compile("(?!)")
    """The paths that ask a service which is not running here."""
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """A good JSON body, by the path of the route that reads it by itself."""


@dataclass(frozen=True)
class Shot:
    """One request as it goes over the wire, and what is said of it where it fails."""

    method: str
    path: str
    headers: Mapping[str, bytes]
    body: bytes = b""
    odd: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.odd}"[:700]

    def wire(self) -> bytes:
        """Write it down."""
        length = (
            {"Content-Length": str(len(self.body)).encode()} if self.body or self.method == "POST" else {}
        )
        lines = [f"{self.method} {self.path} HTTP/1.1".encode("latin-1")]
        lines += [
            name.encode() + b": " + value
            for name, value in {"Host": b"a", "Connection": b"close", **self.headers, **length}.items()
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


async def answer_to(target: Target, shot: Shot) -> int:
    """Send it and give the status; `TimeoutError` where there is none in time."""
    place = urlsplit(target.address)
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            writer.write(shot.wire())
            first = await reader.readline()
        finally:
            writer.transport.abort()
    return int(first.split()[1])


def shot_at(
    target: Target,
    route: Route,
    changed: Mapping[str, Any],
    more: Mapping[str, bytes],
    whole: tuple[str, bytes] | None = None,
) -> Shot:
    """Write a request to a route.

    What is known at each place, unless it is `changed` (`path:name`, `query:name`, `body:name`).
    """

    def part(found: re.Match[str]) -> str:
        value = changed.get(
            f"path:{found[1]}", target.known.get(f"{route.path}:{found[1]}", target.known.get(found[1], "1"))
        )
        return quote_from_bytes(value if isinstance(value, bytes) else value.encode(), safe="")

    asked = {
        name: target.known[name].encode()
        for name in _own(target, route)
        if name in target.known and route.method == "GET"
    }
    asked |= {
        name: changed[f"query:{name}"] for name in query_of(target, route) if f"query:{name}" in changed
    }
    query = "&".join(f"{name}={quote_from_bytes(value, safe='')}" for name, value in asked.items())
    path = PLACEHOLDER.sub(part, route.path) + (f"?{query}" if query else "")
    headers, body = dict(target.headers), b""
    if whole is not None:
        headers["Content-Type"], body = whole[0].encode("latin-1"), whole[1]
    elif route.method == "POST":
        fields = {
            name: changed.get(f"body:{name}", target.known.get(name, "x"))
            for name in fields_of(target, route)
        }
        if route.json:
            given = {
                name: value.decode(errors="replace") if isinstance(value, bytes) else value
                for name, value in fields.items()
            }
            headers["Content-Type"], body = b"application/json", json.dumps(given).encode()
        else:
            pairs = (
                (name.encode(), value if isinstance(value, bytes) else str(value).encode())
                for name, value in fields.items()
            )
            headers["Content-Type"] = b"application/x-www-form-urlencoded"
            body = b"&".join(name + b"=" + quote_from_bytes(value, safe="").encode() for name, value in pairs)
    return Shot(route.method, path, {**headers, **more}, body, f"{dict(changed)} {dict(more)} {whole or ''}")


def fields_of(target: Target, route: Route) -> tuple[str, ...]:
    """Return the names that a route's body may have."""
    return route.body if route.json else tuple(dict.fromkeys((*route.body, *_own(target, route))))


def query_of(target: Target, route: Route) -> tuple[str, ...]:
    """Return the names that a route's query may have."""
    return (
        route.query if route.method == "POST" else tuple(dict.fromkeys((*route.query, *_own(target, route))))
    )


def _own(target: Target, route: Route) -> tuple[str, ...]:
    return next((names for beginning, names in target.own.items() if route.path.startswith(beginning)), ())


def group_positions(target: Target, route: Route) -> list[str]:
    """Name the places of a route in which something can be put."""
    path = [f"path:{found[1]}" for found in PLACEHOLDER.finditer(route.path)]
    body = [f"body:{name}" for name in fields_of(target, route)] if route.method == "POST" else []
    return path + [f"query:{name}" for name in query_of(target, route)] + body


def values_for(route: Route, place: str) -> tuple[Any, ...]:
    """Return what is put there."""
    return JSON if route.json and place.startswith("body:") else TEXTS


def one_at_a_time(target: Target) -> Iterator[Shot]:
    """Return each hostile value alone at each place."""
    for route in routes_of(target.app):
        yield shot_at(target, route, {}, {})
        for place in group_positions(target, route):
            for value in values_for(route, place):
                yield shot_at(target, route, {place: value}, {})
        if route.method == "POST":
            for whole in WHOLE:
                yield shot_at(target, route, {}, {}, whole)
            for body in _spoilt(target.examples.get(route.path)):
                yield shot_at(
                    target,
                    route,
                    {},
                    {"Idempotency-Key": secrets.token_hex(16).encode()},
                    ("application/json", json.dumps(body).encode()),
                )
        for name in route.headers:
            for value in TEXTS:
                if b"\r" not in value and b"\0" not in value:
                    yield shot_at(target, route, {}, {name: value})


def _spoilt(body: Any) -> Iterator[Any]:  # noqa: ANN401  JSON
    """Return a JSON body with each hostile value in turn in place of the body and of each member."""
    if body is None:
        return
    yield from JSON
    for name, value in body.items() if isinstance(body, Mapping) else ():
        yield from ({**body, name: spoilt} for spoilt in _spoilt(value))


def by_chance(target: Target, chance: random.Random) -> Iterator[Shot]:
    """Return requests with several of them, without an end."""
    routes = routes_of(target.app)
    while True:
        route = chance.choice(routes)
        places = group_positions(target, route)
        changed = {
            place: chance.choice(values_for(route, place))
            for place in chance.sample(places, chance.randint(0, len(places)))
        }
        more = dict(chance.sample(HEADERS, chance.randint(0, 3)))
        whole = chance.choice(WHOLE) if route.method == "POST" and chance.random() < 0.2 else None
        if chance.random() < 0.1:
            route = Route(
                chance.choice(["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO"]),
                route.path,
                route.query,
                (),
                (),
                route.json,
            )
        yield shot_at(target, route, changed, more, whole)


@asynccontextmanager
async def identity(postgres_database: str) -> AsyncIterator[Target]:
    """Run identity, with an attempt and a visit to a bank under way."""
    place, address = free_socket()
    settings = settings_for(address, postgres_database)
    app = create_identity(settings)
    async with (
        serving(app, place),
        open_database(postgres_database) as sessions,
        HttpBrowser(RunningIdentity(address, sessions, postgres_database)) as browser,
    ):
        visit = await browser.enter_bank("op")
        (login,) = Forms(await browser.authorize(**CONSOLE)).found
        asked = (await browser.requests())["op"]
        cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        basic = httpx.BasicAuth("intake", "intake-secret")._auth_header  # noqa: SLF001  what it would send
        known = {
            "bank_code": "op",
            "visit_id": visit.rpartition("/")[2],
            "attempt": login.fields["attempt"],
            **browser.asked(),
            **asked,
            "grant_type": "authorization_code",
            "action": "password",
        }
        own = {
            "/authorize": (
                *browser.asked(),
                "prompt",
                "max_age",
                "ui_locales",
                "acr_values",
                "request",
                "request_uri",
                "claims",
            ),
            "/token": (
                "grant_type",
                "code",
                "redirect_uri",
                "code_verifier",
                "scope",
                "client_id",
                "client_assertion",
                "client_assertion_type",
            ),
            "/bank/{bank_code}/": (),
            "/bank/": tuple(asked),
            "/tupas/return": tuple(name.replace("A01Y_", "B02K_") for name in asked),
            "/tupas/": ("attempt", *(name.replace("A01Y_", "B02K_") for name in asked)),
        }
        headers = {"Cookie": cookies.encode(), "Authorization": basic.encode()}
        yield Target(app, address, headers, known, own)


@asynccontextmanager
async def intake(kafka: KafkaConnection, database: str) -> AsyncIterator[Target]:
    """Run intake, with a citizen who has identified herself."""
    (outside, issuer), (place, address) = free_socket(), free_socket()
    app = create_intake(
        intake_settings(kafka, database, oidc_issuer=issuer, public_url=address, log_level="INFO")
    )
    async with (
        serving(OidcProvider(issuer).app(), outside),
        serving(app, place),
        httpx.AsyncClient(follow_redirects=True, base_url=address) as browser,
    ):
        page = (await browser.get("/fi/tunnistaudu/tilaa-palkkatodistus")).text
        names = tuple(dict.fromkeys(re.findall(r'name="([\w-]+)"', page)))
        hidden = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
        sent = (
            await browser.post(
                "/api/v1/requests",
                json=forms.invoice_copy(),
                headers={"Idempotency-Key": secrets.token_hex(16)},
            )
        ).json()
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        known = {
            "code": "tilaa-palkkatodistus",
            "service": "pyyda-laskukopio",
            "request_id": sent["request_id"],
            "language": "fi",
            **hidden,
        }
        known["state"] = "made-up.fi.tilaa-palkkatodistus"
        yield Target(
            app,
            address,
            {"Cookie": cookies.encode()},
            {**known, **forms.PERSON, **forms.ANSWERS},
            {
                "/fi/pyynto": names,
                "/fi/seuraa": ("work_number", "email", "number", "token"),
                "/fi/kiitos": ("token",),
                "/auth/callback": ("state", "error"),
            },
            ASK_TRACKER,
            {"/api/v1/requests": forms.invoice_copy()},
        )


@asynccontextmanager
async def notifier(database: str) -> AsyncIterator[Target]:
    """Run notifier's API, for an operator."""
    async with running_issuer() as issuer:
        place, address = free_socket()
        app = create_notifier(notifier_settings(database, 9, oidc_issuer=issuer.address))
        async with serving(app, place):
            token = issuer.token("operate", aud=["notifier"], exp=2**33)
            yield Target(
                app, address, {"Authorization": f"Bearer {token}".encode()}, {"email": "anna@example.fi"}
            )


@asynccontextmanager
async def tracker(kafka: KafkaConnection, postgres: str, database: str) -> AsyncIterator[Target]:
    """Run tracker with its console, for a member of staff who is signed in, and for a system."""
    place, address = free_socket()
    async with (
        running_identity(postgres, tracker_settings(public_url=address)) as issuer,
        open_database(database) as sessions,
    ):
        app = create_tracker(tracker_settings(database, kafka, public_url=address, oidc_issuer=issuer))
        async with serving(app, place), httpx.AsyncClient(base_url=address) as browser:
            request_id = await register_one(sessions, make_keyring())
            visit = ConsoleClient(browser)
            await visit.sign_in(after=f"/requests/{request_id}")
            form = next(form for form in visit.forms() if "seen" in form.fields)
            asked = {
                "grant_type": "client_credentials",
                "scope": "requests:read requests:write requests:status operate",
            }
            granted = await browser.post(f"{issuer}/token", data=asked, auth=("console", "secret of console"))
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            headers = {
                "Cookie": cookies.encode(),
                "Authorization": f"Bearer {granted.json()['access_token']}".encode(),
            }
            known = {
                **form.fields,
                "number": str(request_id),
                "id": str(request_id),
                "request_id": str(request_id),
                "event_id": str(request_id),
            }
            known |= {
                f"{prefix}/{kind}/{{id}}/{act}:id": "1"
                for prefix in ("/api/v1", "/console")
                for kind in ("dead-letters", "skipped")
                for act in ACTS
            }
            yield Target(
                app,
                address,
                headers,
                {**known, "action": "take", "text": "Hei."},
                {"/console": ("csrf", "once")},
                ASK_NOTIFIER,
            )


@pytest.fixture
async def target(
    request: pytest.FixtureRequest, kafka: KafkaConnection, postgres: str, migrated_database: FreshDatabase
) -> AsyncIterator[Target]:
    """Return the running service of the test's parameter."""
    database = await migrated_database(request.param)
    running = {
        "identity": lambda: identity(database),
        "intake": lambda: intake(kafka, database),
        "notifier": lambda: notifier(database),
        "tracker": lambda: tracker(kafka, postgres, database),
    }
    async with running[request.param]() as target:
        yield target


async def faults(target: Target, shots: Iterator[Shot], until: float = float("inf")) -> list[str]:
    """Send them all, some at once, and tell of those that had a wrong answer or none."""
    found: list[str] = []
    clock = asyncio.get_running_loop().time

    async def send() -> None:
        for shot in shots:
            if clock() > until or len(found) > 200:
                return
            try:
                status = await answer_to(target, shot)
            except (TimeoutError, OSError, IndexError, ValueError) as error:
                found.append(f"{type(error).__name__}: {shot}")
            else:
                if status >= 500 and not (status == 503 and target.away.match(shot.path)):
                    found.append(f"{status}: {shot}")

    await asyncio.gather(*(send() for _ in range(BATCH_SIZE)))
    return found


@pytest.mark.parametrize("target", SERVICES, indirect=True)
async def test_each_hostile_value_alone_at_each_place_is_answered(target: Target) -> None:
    with capture_logs() as lines:
        found = await faults(target, one_at_a_time(target))
    assert not found, "\n".join(found)
    told = [{name: value for name, value in line.items() if name != "exc_info"} for line in lines]
    assert not [line for line in told if any(words in str(line) for words in NEVER_LOGGED)]


@pytest.mark.parametrize("target", SERVICES, indirect=True)
async def test_several_by_chance_are_answered(target: Target) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
    until = asyncio.get_running_loop().time() + float(os.environ.get("FUZZ_SECONDS") or 5)
    found = await faults(target, by_chance(target, random.Random(seed)), until)
    assert not found, "\n".join([f"FUZZ_SEED={seed}", *found])
