"""Client of the identity service: who a citizen's access token belongs to, and tokens of our own."""

from datetime import timedelta
from http import HTTPStatus

import httpx

from services.intake.citizen.identity import Identity, NotProven, Proof
from services.intake.settings import Settings
from shared.auth.client_credentials import ClientCredentials, IdentityAway, read_json_object
from shared.process.logs import get_log

__all__ = ["IdentityAway", "IdentityProvider", "TokenRefused", "proof_by"]

log = get_log(__name__)
MAX_TOKEN_BYTES = 4_096


class TokenRefused(Exception):
    """The token is invalid, or its owner is not strongly identified."""


class IdentityProvider(ClientCredentials):
    """The OpenID Connect provider.

    It issues our own tokens, and says who a citizen's token belongs to if the claims are a `proof`.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        issuer: str,
        back_channel: str | None,
        client: tuple[str, str],
        proof: Proof,
    ) -> None:
        super().__init__(http, issuer, back_channel, client)
        self._proof = proof

    async def is_ready(self) -> bool:
        """Raise `httpx.HTTPError` if people cannot identify.

        A provider without `/readyz` only has to answer.
        """
        answer = await self.get_without_token("/readyz")
        if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
            answer = await self.get_without_token("/.well-known/openid-configuration")
        return answer.status_code == HTTPStatus.OK

    async def identity_of(self, token: str) -> Identity:
        """Return the person behind a citizen's access token; raises `TokenRefused` or `IdentityAway`."""
        if not token.isascii() or not token.isprintable() or len(token) > MAX_TOKEN_BYTES:
            raise TokenRefused("not a token")
        answer = await self.call("userinfo_endpoint", "GET", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}:
            raise TokenRefused("refused by the identity service")
        try:
            return self._proof.identity_from(read_json_object(answer))
        except NotProven as error:
            # A member of staff, a weak login, or a bank that sent no henkilötunnus in clear.
            log.info("identification_not_proven", claim=str(error))
            raise TokenRefused("not a strong identification") from error


def proof_by(settings: Settings) -> Proof:
    """Return the proof that the settings require."""
    seconds = settings.identified_within_seconds
    return Proof(
        tuple(settings.strong_acr_values.split()), None if seconds is None else timedelta(seconds=seconds)
    )
