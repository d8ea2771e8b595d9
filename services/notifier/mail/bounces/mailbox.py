"""A mailbox over IMAP, with the blocking client of the standard library."""

import imaplib
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple

from services.notifier.settings import Settings
from shared.process.logs import get_log

log = get_log(__name__)

TIMEOUT_SECONDS = 30.0
BATCH_SIZE = 50
MAX_BYTES = 4 << 20


class Found(NamedTuple):
    """One mail of the mailbox."""

    uid: int
    raw: bytes


class Mailbox:
    """One connection to the mailbox that the settings name; its methods block, and one thread may use it.

    Each raises `OSError` where the server cannot be reached and `imaplib.IMAP4.error` where it refuses;
    `close` is then still due.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: imaplib.IMAP4 | None = None

    def open(self) -> int:
        """Connect, log in and select the folder; return its UIDVALIDITY."""
        settings, context = self._settings, ssl.create_default_context()
        host, port = settings.imap_host or "", settings.imap_port
        if settings.imap_tls == "tls":
            connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, port, ssl_context=context, timeout=TIMEOUT_SECONDS
            )
        else:
            connection = imaplib.IMAP4(host, port, timeout=TIMEOUT_SECONDS)
        self._connection = connection
        if settings.imap_tls == "starttls":
            connection.starttls(context)
        connection.login(settings.imap_username, settings.imap_password.get_secret_value())
        _done(connection.select(f'"{settings.imap_folder}"'))
        _, validity = connection.response("UIDVALIDITY")
        return int(validity[0] or 0)

    def fetch(self, after: int) -> list[Found]:
        """Fetch the next mails, at most `BATCH_SIZE`, without marking them as read."""
        # The server answers `n:*` with the last mail even where that is before n.
        (numbers,) = _done(self._opened.uid("SEARCH", f"UID {after + 1}:*"))
        uids = sorted(uid for uid in map(int, (numbers or b"").split()) if uid > after)[:BATCH_SIZE]
        found = []
        for uid in uids:
            state, answer = self._opened.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_BYTES}>)")
            if state != "OK":
                # One that the server cannot give must not hold up the others; it stays unread, for people.
                log.warning("mail_not_fetched", uid=uid, state=state)
            parts = [Found(uid, part[1]) for part in answer if isinstance(part, tuple)]
            found += parts[:1] or [Found(uid, b"")]
        return found

    def mark_read(self, uid: int) -> None:
        """Mark one mail as read."""
        self._opened.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Log out and close the connection, also after an error."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.logout()
        except (OSError, imaplib.IMAP4.error):
            connection.shutdown()

    @property
    def _opened(self) -> imaplib.IMAP4:
        if self._connection is None:
            raise ConnectionError("the mailbox is not open")
        return self._connection


def _done(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error(state)
    return data
