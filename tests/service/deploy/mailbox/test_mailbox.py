"""The mailbox takes every mail, keeps it, and shows it without trusting it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from playwright.async_api import Browser

from deploy.mailbox.maildir import Maildir
from deploy.mailbox.page import create_app
from deploy.mailbox.smtp import serve_smtp
from services.notifier.mail.bounces.read_report import read_report
from services.notifier.mail.bounces.receive_reports import receiving
from tests.eventually import eventually
from tests.infra.embedded import free_ports
from tests.infra.serving import free_socket, serving
from tests.pure.notifier.write.test_render_mail import write

MAIL = "document.querySelector('iframe').contentDocument.documentElement"


@dataclass
class Mailbox:
    """A mailbox on a free port, and its page."""

    smtp_port: int
    page: httpx.AsyncClient
    maildir: Maildir

    async def send(self, mail: EmailMessage) -> None:
        """Send it by SMTP."""
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=self.smtp_port)

    async def newest(self) -> dict[str, str]:
        """Return the mail that came last."""
        listed = (await self.page.get("/api/messages")).json()["messages"][0]
        answer: dict[str, str] = (await self.page.get(f"/api/messages/{listed['id']}")).json()
        return answer


async def answers() -> None: ...


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    maildir = Maildir(tmp_path)
    maildir.make()

    server = await serve_smtp(maildir, "127.0.0.1", 0)
    transport = httpx.ASGITransport(create_app(maildir, answers))
    async with server, httpx.AsyncClient(transport=transport, base_url="http://mailbox") as page:
        yield Mailbox(server.sockets[0].getsockname()[1], page, maildir)


def mail(
    subject: str = "Pyyntösi on vastaanotettu",
    to: str = "maija@example.fi",
    text: str = "Työnumerosi on 482 913 057.\n",
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = (
        "asiointi@kunta.example",
        to,
        subject,
        "<one@kunta.example>",
    )
    message.set_content(text)
    return message


async def test_a_sent_mail_is_listed_and_read_with_its_finnish_letters(mailbox: Mailbox) -> None:
    await mailbox.send(mail())
    newest = await mailbox.newest()
    assert (newest["subject"], newest["recipients"], newest["text"]) == (
        "Pyyntösi on vastaanotettu",
        "maija@example.fi",
        "Työnumerosi on 482 913 057.\n",
    )
    assert newest["message_id"] == "<one@kunta.example>"


async def test_the_newest_mail_comes_first_and_older_ones_are_pages_away(mailbox: Mailbox) -> None:
    for number in range(5):
        await mailbox.send(mail(subject=str(number)))
    first = (await mailbox.page.get("/api/messages", params={"limit": 3})).json()
    second = (await mailbox.page.get("/api/messages", params={"limit": 3, "before": first["before"]})).json()
    assert [entry["subject"] for entry in first["messages"] + second["messages"]] == ["4", "3", "2", "1", "0"]
    assert second["before"] is None


async def test_a_mail_cannot_put_markup_or_scripts_on_our_pages(mailbox: Mailbox) -> None:
    evil = mail(
        subject="<script>alert(1)</script>",
        text="<img src=x onerror=alert(1)> http://site.example/a?b=1&c=2\n",
    )
    evil.add_alternative("<p>hei</p><script>alert(1)</script>", subtype="html")
    await mailbox.send(evil)
    mail_id = (await mailbox.newest())["id"]
    for path in ("/", f"/messages/{mail_id}"):
        page = await mailbox.page.get(path)
        assert "<script>" not in page.text
        assert "<img src=x" not in page.text
        assert "default-src 'none'; script-src 'self';" in page.headers["content-security-policy"]
    frame = await mailbox.page.get(f"/messages/{mail_id}/html")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy + page.text
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert 'href="http://site.example/a?b=1&amp;c=2"' in page.text


@pytest.mark.parametrize(("address", "code"), [("perm-fail@example.fi", 550), ("temp-fail@example.fi", 451)])
async def test_an_address_made_for_refusals_is_refused(mailbox: Mailbox, address: str, code: int) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await mailbox.send(mail(to=address))
    assert refusal.value.recipients[0].code == code
    assert mailbox.maildir.ids() == []


@pytest.mark.parametrize("mail_id", ["..%2f..%2fetc%2fpasswd", "nothing", "00000000000000000001.1_0.mailbox"])
async def test_an_unknown_mail_is_not_found(mailbox: Mailbox, mail_id: str) -> None:
    assert (await mailbox.page.get(f"/api/messages/{mail_id}")).status_code == 404


async def test_an_empty_mailbox_says_what_will_be_there(mailbox: Mailbox) -> None:
    page = await mailbox.page.get("/")
    assert "Ei vielä viestejä" in page.text
    assert 'http-equiv="refresh"' in page.text


async def test_the_api_is_shown_without_files_from_elsewhere(mailbox: Mailbox) -> None:
    docs = await mailbox.page.get("/docs")
    assert "//" not in docs.text
    assert "script-src 'self'" in docs.headers["content-security-policy"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 375, 1280])
async def test_a_mail_is_shown_whole_on_every_screen(mailbox: Mailbox, browser: Browser, width: int) -> None:
    await mailbox.send(message_from_bytes(write(), policy=default))
    place, address = free_socket()
    async with serving(create_app(mailbox.maildir, answers), place):
        page = await browser.new_page(viewport={"width": width, "height": 800})
        await page.goto(f"{address}/messages/{(await mailbox.newest())['id']}")
        await page.wait_for_function(
            f"() => {{ const mail = {MAIL}; return mail.scrollHeight <= mail.clientHeight; }}"
        )
        assert await page.evaluate(
            f"[document.documentElement, {MAIL}].map(each => each.scrollWidth - each.clientWidth)"
        ) == [0, 0]
        await page.set_viewport_size({"width": 1000, "height": 800})
        await page.wait_for_function(
            f"() => {MAIL}.clientHeight - {MAIL}.querySelector('table').offsetHeight < 2"
        )
        await page.close()


@pytest.mark.parametrize(
    ("address", "verdict", "status"),
    [("bounce@esimerkki.fi", "hard", "5.1.1"), ("Soft-Bounce@esimerkki.fi", "soft", "4.4.1")],
)
async def test_a_mail_to_a_bouncing_address_is_taken_and_then_reported_to_its_return_path(
    tmp_path: Path, address: str, verdict: str, status: str
) -> None:
    brought: list[tuple[bytes, str]] = []

    async def take_in(raw: bytes, recipient: str) -> None:
        brought.append((raw, recipient))

    maildir = Maildir(tmp_path)
    maildir.make()
    (port,) = free_ports(1)
    server = await serve_smtp(maildir, "127.0.0.1", 0, port)
    async with server:
        await aiosmtplib.send(
            mail(to=address),
            sender="bounces+x@kunta.example",
            hostname="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
        )
        # The report waits for whoever takes it in.
        async with receiving("127.0.0.1", port, "smtp", lambda _: True, take_in):

            async def there() -> None:
                assert len(brought) == 1

            await eventually(there)
    ((raw, recipient),) = brought
    report = read_report(raw)
    assert (recipient, report.verdict, report.status) == ("bounces+x@kunta.example", verdict, status)
    assert report.message_ids == ("<one@kunta.example>",)
    assert maildir.ids() == []
