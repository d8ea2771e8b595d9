"""Reports about mail in the shapes that mail systems give them, written for these tests.

Name, what is in them, bytes.
"""

import base64
from typing import NamedTuple

OUR_ID = "<0195d1c2-7d2e-7a11-9f3a-0242ac120002.receipt@kunta.example>"
RETURNED = (
    f"Return-Path: <bounces@kunta.example>\nMessage-ID: {OUR_ID}\nFrom: asiointi@kunta.example\nTo: "
    f"aino@posti.example\nSubject: Kiitos\n"
)


class Sample(NamedTuple):
    """One mail, and what reading it should give."""

    name: str
    raw: bytes
    verdict: str
    status: str | None = None
    code: int | None = None
    has_id: bool = True


def standard(
    fields: str,
    words: str = "Sorry.",
    *,
    returned: str = RETURNED,
    kind: str = "message/delivery-status",
    top: str = "",
) -> bytes:
    """Write a report as RFC 3464 has it."""
    return (
        f"From: Mail Delivery <MAILER-DAEMON@relay.example>\nTo: bounces@kunta.example\n{top}Subject: "
        f"Undelivered\nAuto-Submitted: auto-replied\n"
        f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n\n'
        f"--=_b\nContent-Type: text/plain; charset=us-ascii\n\n{words}\n\n--=_b\nContent-Type: {kind}\n"
        f"\n{fields}\n"
        f"--=_b\nContent-Type: text/rfc822-headers\n\n{returned}\n--=_b--\n"
    ).encode()


def group(action: str, status: str, diagnostic: str = "", who: str = "rfc822; aino@posti.example") -> str:
    """Write the fields about one recipient."""
    said = f"Diagnostic-Code: {diagnostic}\n" if diagnostic else ""
    return f"Final-Recipient: {who}\nAction: {action}\nStatus: {status}\n{said}"


HEAD = "Reporting-MTA: dns; relay.example\nArrival-Date: Tue, 24 Nov 2026 09:41:00 +0200\n\n"
UNKNOWN_USER = group("failed", "5.1.1", "smtp; 550 5.1.1 <aino@posti.example>: no mailbox by that name")

STANDARD = (
    Sample("one recipient failed", standard(HEAD + UNKNOWN_USER), "hard", "5.1.1", 550),
    Sample(
        "the server gave up after days",
        standard(HEAD + group("failed", "4.4.1", "smtp; connect timed out")),
        "hard",
        "4.4.1",
    ),
    Sample(
        "mailbox full for too long",
        standard(HEAD + group("failed", "4.2.2", "smtp; 452 4.2.2 mailbox is over its limit")),
        "hard",
        "4.2.2",
        452,
    ),
    Sample("only late so far", standard(HEAD + group("delayed", "4.4.1", "smtp; no route")), "soft", "4.4.1"),
    Sample("delivered", standard(HEAD + group("delivered", "2.0.0")), "success", "2.0.0"),
    Sample(
        "relayed to a server that reports nothing",
        standard(HEAD + group("relayed (to gateway)", "2.0.0")),
        "success",
        "2.0.0",
    ),
    Sample("expanded to a list", standard(HEAD + group("expanded", "2.1.5")), "success", "2.1.5"),
    Sample(
        "several recipients, one failed",
        standard(f"{HEAD}{group('delivered', '2.0.0')}\n{UNKNOWN_USER}"),
        "hard",
        "5.1.1",
        550,
    ),
    Sample(
        "groups run together", standard(HEAD + group("delayed", "4.0.0") + UNKNOWN_USER), "hard", "5.1.1", 550
    ),
    Sample(
        "an unknown action goes by its status", standard(HEAD + group("bounced", "5.7.1")), "hard", "5.7.1"
    ),
    Sample(
        "a folded diagnostic",
        standard(HEAD + group("failed", "5.0.0", "smtp;\n 554 5.7.1\n refused")),
        "hard",
        "5.7.1",
        554,
    ),
    Sample(
        "codes only in the words",
        standard(HEAD + group("failed", "5.0.0"), "The far server said: 553 5.1.2 bad host"),
        "hard",
        "5.1.2",
        553,
    ),
    Sample(
        "internationalised",
        standard(
            HEAD + group("failed", "5.6.7", who="utf-8; päivi@posti.example"),
            kind="message/global-delivery-status",
        ),
        "hard",
        "5.6.7",
    ),
    Sample(
        "status in base64 against the rules",
        standard(
            base64.b64encode((HEAD + UNKNOWN_USER).encode()).decode(),
            kind="message/delivery-status\nContent-Transfer-Encoding: base64",
        ),
        "hard",
        "5.1.1",
        550,
    ),
    Sample(
        "nothing of our mail came back",
        standard(HEAD + UNKNOWN_USER, returned=""),
        "hard",
        "5.1.1",
        550,
        has_id=False,
    ),
    Sample(
        "our mail is named in the headers only",
        standard(HEAD + UNKNOWN_USER, returned="", top=f"In-Reply-To: {OUR_ID}\n"),
        "hard",
        "5.1.1",
        550,
    ),
    Sample(
        "a type in capitals, folded",
        standard(HEAD + UNKNOWN_USER).replace(b"Content-Type: message/", b"CONTENT-TYPE:\n MESSAGE/"),
        "hard",
        "5.1.1",
        550,
    ),
    Sample("no last boundary", standard(HEAD + UNKNOWN_USER).replace(b"--=_b--", b""), "hard", "5.1.1", 550),
    Sample(
        "a read receipt",
        standard("Disposition: manual-action; displayed\n", kind="message/disposition-notification").replace(
            b"report-type=delivery-status", b"report-type=disposition-notification"
        ),
        "auto-reply",
    ),
)
