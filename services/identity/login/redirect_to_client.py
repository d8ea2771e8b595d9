"""Redirects a browser back to the client that asked for the login."""

from starlette.responses import RedirectResponse

from services.identity.login.parameters import with_parameters
from services.identity.resources import Resources


def redirect_to_client(redirect_uri: str, resources: Resources, **parameters: str | None) -> RedirectResponse:
    """Redirect to a client; `redirect_uri` must be registered. Our issuer is added as `iss` (RFC 9207)."""
    return RedirectResponse(
        with_parameters(redirect_uri, {**parameters, "iss": resources.settings.issuer}), 303
    )
