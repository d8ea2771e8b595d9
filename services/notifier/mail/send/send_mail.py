"""One persistent SMTP connection: sends one mail after another and says what the server answered."""

import contextlib
import time
from collections.abc import Sequence

from services.notifier.delivery import Reply
from services.notifier.domain import Concern, ReplyClass, Step
from services.notifier.mail.send.classify_reply import concern_of
from services.notifier.mail.send.open_session import (
    MailServer,
    ServerAway,
    Session,
    codes_of,
    enhanced_of,
    open_session,
)
from services.notifier.mail.send.smtp_exchange import Answer, ConnectionGone, SmtpTalk
from shared.text.mail_address import MailboxAddress

START_INPUT, SERVICE_CLOSING = 354, 421
STEPS: tuple[Step, ...] = ("mail", "rcpt", "data")
EXPECTED = (2, 2, 3)
"""The first digits that MAIL, RCPT and DATA are answered with when all is well."""
KINDS: dict[int, ReplyClass] = {2: "2xx", 4: "4xx", 5: "5xx"}


class MailConnection:
    """A connection that is opened when it is needed and kept; used by one task at a time.

    `is_opening` while it is being opened; `sending_since` (monotonic) is when the mail under way began.
    """

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._session: Session | None = None
        self.is_opening = False
        self.sending_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the next mail can go without opening it anew."""
        return self._session is not None and self._session.talk.is_open

    async def send(self, to: MailboxAddress, message: bytes, return_path: str) -> Reply:
        """Send ready bytes (CRLF line ends) to one address.

        Bounces go to `return_path`, the envelope's sender.

        Raises `ServerAway`, and then nothing was sent. A connection that went down while idle is opened anew.
        """
        was_open = self.is_open
        try:
            try:
                return await self._send(to, message, return_path)
            except ServerAway:
                if not was_open:
                    raise
                self._drop()
                return await self._send(to, message, return_path)
        except BaseException:
            self._drop()
            raise
        finally:
            self.sending_since = None

    async def check(self, return_path: str) -> None:
        """Connect, begin a mail and hang up, as a probe; raises `ServerAway`."""
        try:
            session = await self._open()
            answers: list[Answer] = []
            await _mail(session.talk, b"MAIL FROM:<" + return_path.encode() + b">\r\n", answers)
            await self._reset(session.talk)
        finally:
            await self.close()

    async def close(self) -> None:
        """Say goodbye, where the server is still there."""
        try:
            if self._session and self._session.talk.is_open:
                with contextlib.suppress(ConnectionGone):
                    await self._session.talk.ask(b"QUIT\r\n", ("quit",), [])
        finally:
            self._drop()

    async def _send(self, to: MailboxAddress, message: bytes, return_path: str) -> Reply:
        session = self._session if self._session and self.is_open else await self._open()
        self.sending_since = time.monotonic()
        if to.needs_utf8 and "SMTPUTF8" not in session.offers:
            return Reply("bad-address", "no SMTPUTF8")
        talk = session.talk
        begun: list[Answer] = []
        try:
            await self._begin(session, to, return_path, begun)
        except ConnectionGone as error:
            self._drop()
            return _refusal(begun) or Reply("connection", str(error))
        if refused := _refusal(begun):
            # A server that waits for a message that nobody is to get has that ended by an empty one.
            await self._recover(talk, begun, b".\r\n" if begun[-1].code == START_INPUT else b"")
            return refused
        return await self._hand_over(talk, message)

    async def _begin(
        self,
        session: Session,
        to: MailboxAddress,
        return_path: str,
        answers: list[Answer],
    ) -> None:
        """Send MAIL, RCPT and DATA; raises `ServerAway` where the server takes no sender."""
        sender = b"MAIL FROM:<" + return_path.encode() + (b"> SMTPUTF8\r\n" if to.needs_utf8 else b">\r\n")
        recipient = b"RCPT TO:<" + to.address.encode() + b">\r\n"
        if "PIPELINING" in session.offers:
            await _mail(session.talk, sender + recipient + b"DATA\r\n", answers, STEPS)
            return
        await _mail(session.talk, sender, answers)
        for step, command, expected in zip(STEPS[1:], (recipient, b"DATA\r\n"), EXPECTED, strict=False):
            if answers[-1].code // 100 != expected:
                return
            await session.talk.ask(command, (step,), answers)

    async def _hand_over(self, talk: SmtpTalk, message: bytes) -> Reply:
        try:
            answer = await talk.hand_over(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        except ConnectionGone as error:
            # The server may have taken the mail: it is sent again with the same Message-ID.
            self._drop()
            return Reply("connection", str(error))
        if answer.code == SERVICE_CLOSING or answer.code // 100 not in KINDS or not talk.is_open:
            self._drop()
        if answer.code // 100 == EXPECTED[0]:
            return Reply("2xx", codes_of(answer))
        return _refused("end", answer)

    async def _recover(self, talk: SmtpTalk, answers: Sequence[Answer], ending: bytes) -> None:
        """Make the connection ready for the next mail, where that can be done."""
        pairs = zip(answers, EXPECTED, strict=False)
        in_order = all(answer.code // 100 in {4, 5, expected} for answer, expected in pairs)
        if not in_order or any(answer.code == SERVICE_CLOSING for answer in answers):
            self._drop()
        else:
            await self._reset(talk, ending)

    async def _reset(self, talk: SmtpTalk, ending: bytes = b"") -> None:
        answers: list[Answer] = []
        try:
            if ending:
                await talk.ask(ending, ("rset",), answers)
            await talk.ask(b"RSET\r\n", ("rset",), answers)
        except ConnectionGone:
            self._drop()
        else:
            if answers[-1].code // 100 != EXPECTED[0]:
                self._drop()

    async def _open(self) -> Session:
        self._drop()
        self.is_opening = True
        try:
            self._session = await open_session(self._server)
        finally:
            self.is_opening = False
        return self._session

    def _drop(self) -> None:
        if self._session:
            self._session.talk.close()
            self._session = None


async def _mail(
    talk: SmtpTalk,
    commands: bytes,
    answers: list[Answer],
    steps: Sequence[Step] = STEPS[:1],
) -> None:
    """Send `commands`, which begin with MAIL; raises `ServerAway` where the server takes no sender at all."""
    try:
        await talk.ask(commands, steps, answers)
    except ConnectionGone as error:
        if not answers:
            raise ServerAway("mail", str(error)) from error
        _expect_sender(answers[0])
        raise
    _expect_sender(answers[0])


def _expect_sender(answer: Answer) -> None:
    if answer.code // 100 != EXPECTED[0] and _concern("mail", answer) in {"server", "rate"}:
        raise ServerAway("mail", codes_of(answer))


def _refusal(answers: Sequence[Answer]) -> Reply | None:
    """Return the first answer to MAIL, RCPT or DATA that is not as it should be."""
    for step, answer, expected in zip(STEPS, answers, EXPECTED, strict=False):
        if answer.code // 100 != expected:
            return _refused(step, answer)
    return None


def _refused(step: Step, answer: Answer) -> Reply:
    concern = _concern(step, answer)
    kind = KINDS.get(answer.code // 100, "connection")
    no_refusal_for_good = kind == "2xx" or (kind == "5xx" and concern in {"server", "rate"})
    return Reply("connection" if no_refusal_for_good else kind, codes_of(answer), concern)


def _concern(step: Step, answer: Answer) -> Concern:
    words = b" ".join((*answer.before, answer.text)).decode("latin-1")
    return concern_of(step, answer.code, enhanced_of(answer), words)
