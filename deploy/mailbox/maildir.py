"""Stores mails in a Maildir, one file per mail; each is written under `tmp` and renamed when complete."""

import os
import re
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

NAME = re.compile(r"\d+\.\d+_\d+\.mailbox")


@dataclass(frozen=True)
class Maildir:
    """A folder with `new` and `tmp`; a mail's id is its file's name, and ids grow with time."""

    folder: Path

    def make(self) -> None:
        """Create the folders if they are missing."""
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def deliver(self, content: bytes) -> str:
        """Store a mail and return its id; it is on the disk when this returns."""
        name = f"{time.time_ns():020d}.{os.getpid()}_{next(_deliveries)}.mailbox"
        draft = self.folder / "tmp" / name
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fdatasync(file.fileno())
        draft.rename(self.folder / "new" / name)
        return name

    def ids(self, before: str | None = None) -> list[str]:
        """Return the ids of all mails, newest first; only those older than `before`, if given."""
        names = (entry.name for entry in os.scandir(self.folder / "new"))
        return sorted((name for name in names if before is None or name < before), reverse=True)

    def read(self, mail_id: str) -> bytes | None:
        """Return a mail's bytes, or `None` if there is none of that id."""
        file = self.folder / "new" / mail_id
        if not NAME.fullmatch(mail_id) or not file.exists():
            return None
        return file.read_bytes()


_deliveries = count()
