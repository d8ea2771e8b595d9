"""Checks that a form was posted from our own pages, not by another site in the visitor's name."""

from urllib.parse import urlsplit

from starlette.requests import Request


def is_from_our_pages(request: Request, public_url: str) -> bool:
    """True if a form was sent from a page of this site, or by the visitor directly.

    Browsers say so in `Sec-Fetch-Site`, though only over HTTPS and to localhost; otherwise `Origin` is
    compared. A request with neither is not from a browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin in {_origin_of(public_url), _origin_of(str(request.url))}


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
