"""Sends many staff logins at the same moment, each with a wrong password."""

import asyncio
import time
from urllib.parse import urljoin

import httpx

from proof.chaos.clients.form_page import find_form
from proof.chaos.journal import Journal

PARALLEL_LOGINS = 30
"""More than a service has connections to its database."""
HTTP_TIMEOUT_SECONDS = 40.0


async def log_in_at_once(console: str, journal: Journal, wave: int) -> None:
    """Open `PARALLEL_LOGINS` login pages, submit all forms at once, and record each answer and its time."""
    async with asyncio.TaskGroup() as group:
        ready = asyncio.Barrier(PARALLEL_LOGINS)
        for number in range(PARALLEL_LOGINS):
            group.create_task(_one(console, ready, journal, f"kuka{wave}-{number}"))


async def _one(console: str, ready: asyncio.Barrier, journal: Journal, username: str) -> None:
    status, sent_at = 0, time.time()
    try:
        async with httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, follow_redirects=True) as browser:
            try:
                page = await browser.get(f"{console}/console/login")
                form = find_form(page.text, "password")
            finally:
                async with asyncio.timeout(HTTP_TIMEOUT_SECONDS):
                    await ready.wait()
            sent_at = time.time()
            typed = {**form.values, "username": username, "password": "not the password"}
            status = (await browser.post(urljoin(str(page.url), form.action), data=typed)).status_code
    except (httpx.HTTPError, TimeoutError, KeyError):
        pass
    journal.write("login", status=status, sent_at=sent_at, answered_at=time.time())
