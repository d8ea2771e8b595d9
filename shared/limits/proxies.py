"""Whether who calls can be told: behind a proxy that is not named, everybody comes from the proxy's address and shares its limits."""

import os

from shared.process.logs import get_log

log = get_log(__name__)

SETTING = "FORWARDED_ALLOW_IPS"


def warn_of_unnamed_proxies(public_url: str) -> None:
    """Log a warning at the start where browsers come by HTTPS, so through a proxy, and no proxy is named."""
    if public_url.startswith("https://") and not os.environ.get(SETTING):
        log.warning("proxy_not_named", setting=SETTING)
