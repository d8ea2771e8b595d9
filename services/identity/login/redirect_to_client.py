"""The way back to a client: only ever to an address that it has registered."""

from starlette.responses import RedirectResponse

from services.identity.login.parameters import with_parameters
from services.identity.resources import Resources


def redirect_to_client(redirect_uri: str, resources: Resources, **parameters: str | None) -> RedirectResponse:
    """Send the browser to a registered address of a client; our name goes along (RFC 9207)."""
    return RedirectResponse(
        with_parameters(redirect_uri, {**parameters, "iss": resources.settings.issuer}), 303
    )
