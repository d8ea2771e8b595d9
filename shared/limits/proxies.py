"""Warns at the start when callers cannot be distinguished because a proxy is not configured.

Behind a proxy that is not named, every request has the proxy's address, so all callers share its limits.
"""

import os

from shared.process.logs import get_log

log = get_log(__name__)

SETTING = "FORWARDED_ALLOW_IPS"


def warn_of_unnamed_proxies(public_url: str) -> None:
    """Log a warning if browsers use HTTPS, so a proxy, and no proxy is configured."""
    if public_url.startswith("https://") and not os.environ.get(SETTING):
        log.warning("proxy_not_named", setting=SETTING)
