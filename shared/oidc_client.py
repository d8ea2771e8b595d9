"""An OpenID Connect client of a service that signs people in by the authorization code flow with PKCE."""

from typing import Any

from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App

SECONDS = 10


class BackChannelClient(StarletteOAuth2App):
    """An OpenID Connect client that reaches the provider by another address than browsers do, where the settings name one."""

    issuer = ""
    back_channel: str | None = None

    async def load_server_metadata(self) -> dict[str, Any]:
        """Fetch the provider's metadata once; what the back channel calls leads to its own address."""
        metadata: dict[str, Any] = await super().load_server_metadata()  # type: ignore[no-untyped-call]  # Authlib has no types
        if self.back_channel:
            for endpoint in ("token_endpoint", "jwks_uri", "userinfo_endpoint"):
                if metadata.get(endpoint, "").startswith(self.issuer):
                    metadata[endpoint] = self.back_channel + metadata[endpoint].removeprefix(self.issuer)
        return metadata


def make_oidc_client(issuer: str, backchannel_url: str | None, client_id: str, client_secret: str, scope: str) -> BackChannelClient:
    """Make the client of the provider at `issuer`; nothing is fetched yet."""
    issuer, back_channel = issuer.rstrip("/"), (backchannel_url or "").rstrip("/")
    client: BackChannelClient = OAuth().register(
        "identity",
        client_cls=BackChannelClient,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{back_channel or issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": scope, "code_challenge_method": "S256", "timeout": SECONDS},
    )
    client.issuer, client.back_channel = issuer, back_channel or None
    return client
