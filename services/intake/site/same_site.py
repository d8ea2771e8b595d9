"""Forms come from our own pages: another site may not press a button in a visitor's name."""

from urllib.parse import urlsplit

from starlette.requests import Request


def is_from_our_pages(request: Request, public_url: str) -> bool:
    """Say whether a form was sent from a page of this site, or by the visitor's own doing.

    Browsers tell it by `Sec-Fetch-Site`, though only over HTTPS and to this machine; elsewhere `Origin` is compared. Neither: no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin in {_origin_of(public_url), _origin_of(str(request.url))}


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
