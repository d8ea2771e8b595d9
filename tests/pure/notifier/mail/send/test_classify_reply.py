"""What each refusal of a mail server concerns, over every code at every step."""

import pytest

from services.notifier.domain import SESSION, TRANSACTION, Concern, Step
from services.notifier.mail.send.classify_reply import concern_of

CODES = range(1000)
ENHANCED = [
    f"{first}.{subject}.{detail}" for first in (4, 5) for subject in range(8) for detail in (*range(11), 28)
]
ONE_MAIL = {"recipient", "message"}


@pytest.mark.parametrize("step", SESSION)
def test_before_a_mail_begins_no_reply_concerns_a_mail(step: Step) -> None:
    assert {concern_of(step, code, enhanced) for code in CODES for enhanced in ("", *ENHANCED)} == {"server"}


def test_no_reply_to_the_sender_concerns_a_mail_but_that_its_address_is_beyond_ascii() -> None:
    concerns = {
        (code, enhanced): concern_of("mail", code, enhanced) for code in CODES for enhanced in ("", *ENHANCED)
    }
    assert {enhanced for (_, enhanced), concern in concerns.items() if concern in ONE_MAIL} == {
        "4.6.7",
        "5.6.7",
    }


@pytest.mark.parametrize(
    ("step", "fails"),
    [
        ("rcpt", {501, 541, 550, 551, 552, 553, 554, 556}),
        ("data", {541, 550, 551, 552, 553, 554, 556, 571}),
        ("end", {541, 550, 551, 552, 553, 554, 556, 571}),
    ],
)
def test_a_bare_code_fails_a_mail_only_where_it_means_a_recipient_or_a_message(
    step: Step, fails: set[int]
) -> None:
    permanent = {code for code in CODES if code // 100 == 5 and concern_of(step, code) in ONE_MAIL}
    assert permanent == fails


@pytest.mark.parametrize("step", TRANSACTION)
def test_what_is_no_refusal_leaves_the_server_in_doubt(step: Step) -> None:
    assert {concern_of(step, code) for code in CODES if code // 100 not in {4, 5}} == {"server"}


@pytest.mark.parametrize("step", [*SESSION, *TRANSACTION])
@pytest.mark.parametrize(
    "words",
    [
        "Too many emails per second",
        "rate limit exceeded",
        "Error: too many connections from 1.2.3.4",
        "slow down",
    ],
)
def test_a_limit_of_rate_or_connections_is_known_by_its_words_at_every_step(step: Step, words: str) -> None:
    assert {concern_of(step, code, "", words) for code in CODES if code // 100 in {4, 5}} == {"rate"}


SEEN: list[tuple[Step, str, Concern]] = [
    ("greeting", "554 no SMTP service here", "server"),
    ("greeting", "421 4.7.0 mail.test Error: too many connections from 10.0.0.1", "rate"),
    ("ehlo", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "server"),
    ("auth", "535 5.7.8 Error: authentication failed", "server"),
    ("mail", "530 5.7.0 Must issue a STARTTLS command first", "server"),
    ("mail", "550 5.7.1 Sender not allowed", "server"),
    ("mail", "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user", "server"),
    ("mail", "452 4.3.1 Insufficient system storage", "server"),
    ("mail", "450 4.7.1 Error: too much mail from 10.0.0.1", "rate"),
    ("mail", "451 4.7.0 Temporary server error", "rate"),
    ("mail", "553 5.6.7 SMTPUTF8 is required", "recipient"),
    ("rcpt", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "server"),
    ("rcpt", "554 5.7.1 <a@b.example>: Relay access denied", "server"),
    ("rcpt", "554 5.7.1 Service unavailable; Client host [10.0.0.1] blocked using list.example", "server"),
    ("rcpt", "550 5.1.8 <a@b.example>: Sender address rejected: Domain not found", "server"),
    ("rcpt", "530 5.7.1 Authentication required", "server"),
    ("rcpt", "421 4.3.2 Service shutting down", "server"),
    ("rcpt", "452 4.5.3 Too many recipients", "rate"),
    ("rcpt", "452 4.3.1 Insufficient system storage", "server"),
    ("rcpt", "550 too many emails per second", "rate"),
    (
        "rcpt",
        "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in relay recipient table",
        "recipient",
    ),
    ("rcpt", "550 5.7.1 This sender may not send to this recipient", "recipient"),
    ("rcpt", "553 5.1.3 Bad recipient address syntax", "recipient"),
    ("rcpt", "452 4.2.2 Mailbox full: too many messages", "recipient"),
    ("rcpt", "552 5.2.2 Over quota", "recipient"),
    ("rcpt", "450 4.2.0 Greylisted", "recipient"),
    ("rcpt", "451 4.7.1 Greylisting in action, please come back later", "recipient"),
    ("rcpt", "450 4.7.1 Try again later", "recipient"),
    ("rcpt", "450 4.1.2 Domain not found", "recipient"),
    ("rcpt", "550 5.4.4 no route to host", "recipient"),
    ("data", "554 5.5.1 Error: no valid recipients", "server"),
    ("data", "451 4.3.0 queue file write error", "server"),
    ("end", "552 5.3.4 Message size exceeds fixed limit", "message"),
    ("end", "552 Too much mail data", "message"),
    ("end", "554 5.7.1 Message looks like spam", "message"),
    ("end", "554 5.4.6 Too many hops", "message"),
    ("end", "550 5.1.1 no such user", "recipient"),
    ("end", "451 4.3.0 disk full", "server"),
    ("end", "554 5.3.0 Unknown mailer error", "server"),
    ("end", "550 5.7.0 sending limit reached, too many emails", "rate"),
    ("end", "450 please try later", "message"),
]


@pytest.mark.parametrize(("step", "reply", "concern"), SEEN)
def test_replies_that_servers_give_concern_what_they_say(step: Step, reply: str, concern: Concern) -> None:
    code, _, rest = reply.partition(" ")
    first = rest.split()[0]
    enhanced = first if first.count(".") == 2 and first[0] in "45" and first[1] == "." else ""
    assert concern_of(step, int(code), enhanced, rest) == concern
