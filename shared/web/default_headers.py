"""Headers that no answer goes without."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HSTS", "DefaultHeaders"]

HSTS = "max-age=31536000"


class DefaultHeaders:
    """ASGI: an answer is taken for what its type says and, unless it has a rule of its own, is not stored.

    `secure` is for what is reached over https: browsers then never come over http again.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._rules = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        if secure:
            self._rules["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add what the app left out to the beginning of every answer."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._rules.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)
