"""Sends bounce reports for mails that the run's mail server accepted; pending reports survive a kill."""

import asyncio
import json
from itertools import count
from pathlib import Path
from time import time_ns

from deploy.mailbox.bounce import BOUNCING, bounce

HARD = BOUNCING["bounce"]
AGAIN_SECONDS = 2.0


class Bounces:
    """Keeps one file in `folder` for each report to send to the listener at `port` of this machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def go_on(self) -> None:
        """Send the pending reports of an earlier process."""
        for file in sorted(self._folder.glob("*.json")):
            self._send(file)

    async def take(self, return_path: str, recipient: str, content: bytes) -> None:
        """Plan a report about a mail; it is on the disk when this returns."""
        file = self._folder / f"{time_ns()}-{next(self._numbers)}.json"
        facts = {"return_path": return_path, "recipient": recipient, "content": content.decode("latin-1")}
        draft = file.with_suffix(".new")
        await asyncio.to_thread(draft.write_text, json.dumps(facts))
        await asyncio.to_thread(draft.rename, file)
        self._send(file)

    def _send(self, file: Path) -> None:
        task = asyncio.create_task(self._report(file))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, file: Path) -> None:
        facts = json.loads(await asyncio.to_thread(file.read_text))
        while not await bounce(  # noqa: ASYNC110  another process has no event to wait for
            self._port, HARD, facts["return_path"], facts["recipient"], facts["content"].encode("latin-1")
        ):
            await asyncio.sleep(AGAIN_SECONDS)
        await asyncio.to_thread(file.unlink)
