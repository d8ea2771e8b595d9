"""A browser over plain HTTP: follows redirects one at a time, fills in forms, keeps cookies."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.service.identity.conftest import CALLBACK, Running

OP_PASSWORD = "7890"


@dataclass
class Form:
    """A form of a page: where it leads and what it holds."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    accept_charset: str = ""


class Forms(HTMLParser):
    """Collects the forms of a page, with their inputs."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._page = str(page.url)
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, or an input of the form before it."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(
                Form(
                    urljoin(self._page, given.get("action", "")),
                    accept_charset=given.get("accept-charset", ""),
                )
            )
        elif tag == "input" and self.found:
            self.found[-1].fields[given["name"]] = given.get("value", "")


class HttpBrowser:
    """One browser, visiting one identity service."""

    def __init__(self, identity: Running) -> None:
        self.identity = identity
        self.http = httpx.AsyncClient(base_url=identity.issuer, follow_redirects=False)
        self.verifier = secrets.token_urlsafe(48)
        self.nonce = secrets.token_urlsafe(8)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def asked(self, **changed: str | None) -> dict[str, str]:
        """Return the parameters of an authorization request; None leaves one out."""
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        )
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "intake",
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "the-state",
            "nonce": self.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**given, **changed}.items() if value is not None}

    async def authorize(self, **changed: str | None) -> httpx.Response:
        """Ask to be identified, as the client would send the browser."""
        return await self.http.get("/authorize", params=self.asked(**changed))

    async def post_latin_1(self, address: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form whose page asks for ISO-8859-1."""
        body = urlencode(fields, encoding="iso-8859-1")
        return await self.http.post(
            address, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )

    async def requests(self, **changed: str | None) -> dict[str, dict[str, str]]:
        """Ask to be identified, and give the sealed requests of the page by their banks."""
        page = await self.authorize(**changed)
        assert page.status_code == 200, page.text
        return {urlsplit(form.action).path.rpartition("/")[2]: form.fields for form in Forms(page).found}

    async def enter_bank(self, bank: str, **changed: str | None) -> str:
        """Choose a bank and give the address of the visit."""
        received = await self.post_latin_1(f"/bank/{bank}", (await self.requests(**changed))[bank])
        assert received.status_code == 303, received.text
        return received.headers["Location"]

    async def log_in(self, visit: str, user_id: str, password: str, code: str) -> httpx.Response:
        """Tell password and code, and give what comes then."""
        assert (
            await self.http.post(visit, data={"action": "password", "user_id": user_id, "password": password})
        ).status_code == 303
        return await self.http.post(visit, data={"action": "code", "code": code})

    async def answer(
        self,
        bank: str = "op",
        user_id: str = "123456",
        password: str = OP_PASSWORD,
        code: str = "1234",
        **changed: str | None,
    ) -> str:
        """Go through the bank and give the address that leads back, not yet followed."""
        visit = await self.enter_bank(bank, **changed)
        assert (await self.log_in(visit, user_id, password, code)).headers["Location"] == visit
        return (await self.http.post(visit, data={"action": "consent"})).headers["Location"]

    async def code(self, **given: str) -> str:
        """Be identified and give the code that the client gets."""
        back = query_parameters((await self.http.get(await self.answer(**given))).headers["Location"])
        return back["code"]

    async def fetch(self, code: str, **changed: str | None) -> httpx.Response:
        """Redeem a code as the client does."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **changed,
        }
        return await self.http.post(
            "/token",
            data={name: value for name, value in form.items() if value},
            auth=("intake", "intake-secret"),
        )

    async def claims(self, token: str) -> dict[str, Any]:
        """Verify a token by the published keys and give its claims."""
        keys = KeySet.import_key_set((await self.http.get("/jwks")).json())
        return jwt.decode(token, keys, algorithms=["Ed25519", "RS256"]).claims


def query_parameters(address: str) -> dict[str, str]:
    """Return the query of an address, each name once."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}
