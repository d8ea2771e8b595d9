"""Opens a session with the mail server: connects, waits for the greeting, says EHLO, encrypts, logs in."""

import asyncio
import base64
import hmac
import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.notifier.domain import Step
from services.notifier.mail.ehlo_name import default_ehlo_name, host_name
from services.notifier.mail.send.smtp_exchange import Answer, ConnectionGone, SmtpTalk
from services.notifier.mail.smtp_limits import LIMITS, SILENT_SECONDS, TimedStep, limits
from services.notifier.settings import Settings

READY, OK, LOGGED_IN, CONTINUE = 220, 250, 235, 334
NO_EHLO = {500, 502, 504}
ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Address, login, the seconds that each step may take, and our EHLO name if not the default."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: str | None = None
    tls_context: ssl.SSLContext | None = None
    ehlo_name: str | None = None
    limits: Mapping[TimedStep, float] = field(default_factory=lambda: LIMITS)


def mail_server(settings: Settings) -> MailServer:
    """Read where the mail server is out of the settings."""
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        ehlo_name=settings.smtp_ehlo_name,
        limits=limits(settings.smtp_timeout, settings.smtp_limits),
    )


class ServerAway(Exception):
    """The server cannot be reached, or refuses us at `step`, before it took a sender.

    `why` holds codes only.
    """

    def __init__(self, step: Step, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why

    @property
    def may_be_the_mail(self) -> bool:
        """Return whether it was the beginning of a mail that was refused, which another mail might pass."""
        return self.step == "mail" and not self.why.startswith("421")


class Session(NamedTuple):
    """An open session and the extensions that the server offers, in capitals, with their parameters."""

    talk: SmtpTalk
    offers: Mapping[str, str]


def codes_of(answer: Answer) -> str:
    """Return the codes of a reply (`550 5.1.1`) without its words, which may repeat an address."""
    return f"{answer.code} {enhanced_of(answer)}".rstrip()


def enhanced_of(answer: Answer) -> str:
    """Return the enhanced code of a reply, or nothing."""
    enhanced = ENHANCED.match(answer.text)
    return enhanced.group().decode() if enhanced else ""


async def open_session(server: MailServer) -> Session:
    """Open a session that is ready for mails; raises `ServerAway`."""
    talk = SmtpTalk(server.limits)
    opening = _Opening(server, talk)
    try:
        return Session(talk, await opening.open())
    except (ConnectionGone, OSError, ValueError) as error:
        talk.close()
        why = str(error) if isinstance(error, ConnectionGone) else type(error).__name__
        raise ServerAway(opening.step, why) from error
    except BaseException:
        talk.close()
        raise


class _Opening:
    """The steps of one opening; `step` is the one under way."""

    def __init__(self, server: MailServer, talk: SmtpTalk) -> None:
        self.step: Step = "connect"
        self._server = server
        self._talk = talk

    async def open(self) -> Mapping[str, str]:
        server, loop = self._server, asyncio.get_running_loop()
        async with asyncio.timeout(server.limits["connect"]):
            await loop.create_connection(lambda: self._talk, server.host, server.port)
        _notice_silence(self._talk.transport)
        if server.tls == "tls":
            await self._encrypt()
        self.step = "greeting"
        _expect(await self._talk.answer("greeting"), READY)
        offers = await self._greet()
        if server.tls == "starttls":
            self.step = "starttls"
            await self._ask("STARTTLS", READY)
            await self._encrypt()
            offers = await self._greet()
        if server.username is not None:
            self.step = "auth"
            await self._log_in(offers.get("AUTH", "").upper().split(), server.username, server.password or "")
        return offers

    async def _greet(self) -> Mapping[str, str]:
        self.step = "ehlo"
        name = self._server.ehlo_name
        if name is None:
            host = await asyncio.get_running_loop().run_in_executor(None, host_name)
            name = default_ehlo_name(host, self._talk.transport.get_extra_info("sockname")[0])
        answer = await self._ask(f"EHLO {name}", OK, *NO_EHLO)
        if answer.code == OK:
            return _offers([*answer.before, answer.text][1:])
        self.step = "helo"
        await self._ask(f"HELO {name}", OK)
        return {}

    async def _encrypt(self) -> None:
        server, loop = self._server, asyncio.get_running_loop()
        context = server.tls_context or ssl.create_default_context()
        await self._talk.start_tls(
            lambda plain: loop.start_tls(
                plain,
                self._talk,
                context,
                server_hostname=server.host,
                ssl_handshake_timeout=server.limits["tls"],
            )
        )

    async def _log_in(self, offered: Sequence[str], username: str, password: str) -> None:
        if "CRAM-MD5" in offered:
            challenge = await self._ask("AUTH CRAM-MD5", CONTINUE)
            digest = hmac.new(password.encode(), base64.b64decode(challenge.text), "md5").hexdigest()
            await self._ask(_base64(f"{username} {digest}"), LOGGED_IN)
        elif "PLAIN" in offered:
            await self._ask(f"AUTH PLAIN {_base64(f'{chr(0)}{username}{chr(0)}{password}')}", LOGGED_IN)
        elif "LOGIN" in offered:
            await self._ask("AUTH LOGIN", CONTINUE)
            await self._ask(_base64(username), CONTINUE)
            await self._ask(_base64(password), LOGGED_IN)
        else:
            raise ConnectionGone("no login is offered that we know")

    async def _ask(self, command: str, *expected: int) -> Answer:
        answers: list[Answer] = []
        await self._talk.ask(command.encode() + b"\r\n", (self.step,), answers)
        return _expect(answers[0], *expected)


def _expect(answer: Answer, *codes: int) -> Answer:
    if answer.code not in codes:
        raise ConnectionGone(codes_of(answer))
    return answer


def _offers(lines: Sequence[bytes]) -> Mapping[str, str]:
    """Read the lines of an EHLO reply; `AUTH=` is how the parameters of AUTH were once written."""
    texts = [line.decode("latin-1").replace("AUTH=", "AUTH ").strip() for line in lines]
    parted = (text.partition(" ") for text in texts)
    return {keyword.upper(): parameters for keyword, _, parameters in parted if keyword}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _notice_silence(transport: asyncio.BaseTransport) -> None:
    """Have the system end a connection whose other side has vanished, long before a limit of ours."""
    # The loop's own socket takes no options under uvloop; a duplicate is the same socket to the system.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        twin.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_SECONDS // 2)
        twin.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENT_SECONDS // 6)
        twin.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_SECONDS * 1000)
