"""The OAuth 2.0 errors of the back channel and their JSON answers (RFC 6749, RFC 6750)."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse


class OAuthError(Exception):
    """An error of the back channel; `code` is the RFC's, `description` plain ASCII without personal data."""

    def __init__(
        self, code: str, description: str, *, status: int = HTTPStatus.BAD_REQUEST, challenge: str = ""
    ) -> None:
        super().__init__(code)
        self.code, self.description, self.status, self.challenge = code, description, status, challenge

    def response(self) -> JSONResponse:
        """Return the answer, with `WWW-Authenticate` when the error has a challenge."""
        headers = {"WWW-Authenticate": self.challenge} if self.challenge else {}
        return JSONResponse(
            {"error": self.code, "error_description": self.description}, self.status, headers=headers
        )


def invalid_client(description: str) -> OAuthError:
    """Return the error for a client that could not be authenticated (401)."""
    return OAuthError(
        "invalid_client", description, status=HTTPStatus.UNAUTHORIZED, challenge='Basic realm="identity"'
    )


def invalid_token(description: str) -> OAuthError:
    """Return the error for an access token that is not valid (401)."""
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    return OAuthError("invalid_token", description, status=HTTPStatus.UNAUTHORIZED, challenge=challenge)


async def on_oauth_error(_: Request, error: Exception) -> JSONResponse:
    """Handle an `OAuthError` that a route raised; registered in `app.py`."""
    assert isinstance(error, OAuthError)  # noqa: S101  for the type checker: registered for this class only
    return error.response()
