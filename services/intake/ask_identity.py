"""Asks the identity service over the back channel: who bears this token, and a token for ourselves."""

import time
from datetime import UTC, datetime
from http import HTTPStatus

from services.intake.identity import Identity
from shared.client_credentials import ClientCredentials, IdentityAway, read_facts

__all__ = ["IdentityAway", "IdentityProvider", "TokenRefused"]

PERSONAL_IDENTITY_CODE = "urn:oid:1.2.246.21"
STRONG = frozenset({"http://ftn.ficora.fi/2017/loa2", "http://ftn.ficora.fi/2017/loa3"})
MOST_TOKEN_BYTES = 4_096


class TokenRefused(Exception):
    """The token is not good, or its bearer is not strongly identified."""


class IdentityProvider(ClientCredentials):
    """The provider of tokens of our own, and of who bears a citizen's."""

    async def identity_of(self, token: str) -> Identity:
        """Exchange a citizen's access token for who it is; raises `TokenRefused` or `IdentityAway`."""
        if not token.isascii() or not token.isprintable() or len(token) > MOST_TOKEN_BYTES:
            raise TokenRefused("not a token")
        answer = await self.call("userinfo_endpoint", "GET", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}:
            raise TokenRefused("refused by the identity service")
        facts = read_facts(answer)
        if facts.get("acr", next(iter(STRONG))) not in STRONG or not facts.get(PERSONAL_IDENTITY_CODE):
            # A member of staff, or a bank that told no henkilötunnus.
            raise TokenRefused("not a strong identification")
        try:
            return Identity(
                given_name=facts["given_name"],
                family_name=facts["family_name"],
                personal_identity_code=facts[PERSONAL_IDENTITY_CODE],
                authenticated_at=datetime.fromtimestamp(int(facts.get("auth_time", time.time())), UTC),
            )
        except (KeyError, ValueError) as error:
            raise IdentityAway("userinfo lacks a name") from error
