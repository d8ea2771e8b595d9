"""Routes that programs ask every site for: `/robots.txt`, `/favicon.ico`, `/.well-known/security.txt`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.responses import FileResponse, PlainTextResponse, Response

from shared.look.look import static_folder

GOOD_FOR = timedelta(days=180)
"""RFC 9116 asks for less than a year."""


def well_known_routes(*, closed: Iterable[str], contact: str | None, public_url: str) -> APIRouter:
    """Return the routes; search engines skip addresses that begin with one of `closed`.

    `contact` is where weaknesses are reported, `mailto:` or `https:` (RFC 9116); without one there is no
    `security.txt`.
    """
    routes = APIRouter(include_in_schema=False)
    robots = "User-agent: *\n" + "".join(f"Disallow: {beginning}\n" for beginning in closed)

    @routes.get("/robots.txt")
    async def robots_txt() -> Response:
        return PlainTextResponse(robots, headers={"Cache-Control": "public, max-age=3600"})

    @routes.get("/favicon.ico")
    async def favicon() -> Response:
        return FileResponse(
            static_folder / "mark.svg",
            media_type="image/svg+xml",
            headers={"Cache-Control": "public, max-age=86400"},
        )

    if contact:

        @routes.get("/.well-known/security.txt")
        async def security_txt() -> Response:
            expires = (datetime.now(UTC) + GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
            lines = {
                "Contact": contact,
                "Expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
                "Preferred-Languages": "fi, sv, en",
                "Canonical": f"{public_url.rstrip('/')}/.well-known/security.txt",
            }
            return PlainTextResponse(
                "".join(f"{name}: {value}\n" for name, value in lines.items()),
                headers={"Cache-Control": "no-store"},
            )

    return routes
