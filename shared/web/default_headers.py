"""ASGI middleware that adds security and cache headers to responses that do not set them."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HSTS", "DefaultHeaders"]

HSTS = "max-age=31536000"


class DefaultHeaders:
    """Sets `nosniff` and `no-store` on responses that do not set these headers.

    `secure` is for services reached over https: it adds HSTS, so that browsers do not come over http again.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._rules = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        if secure:
            self._rules["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the missing headers to the start of every response."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._rules.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)
