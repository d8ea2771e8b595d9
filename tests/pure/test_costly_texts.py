"""No text makes the work of reading it grow with more than its length, whatever it repeats."""

import time
from collections.abc import Callable

import pytest

from services.intake.form.clean_values import canonical_email
from services.notifier.mail.bounces.read_report import read_report
from services.tracker.personal_data.at_rest import name_words
from shared.text.mail_address import BadAddress, mailbox_address
from shared.text.personal_codes import (
    hide_lookalikes,
    hide_personal_codes,
    holds_personal_code,
    is_personal_code,
)
from shared.text.typed_text import plain, visible
from shared.web.languages import preferred_language

LETTERS = 60_000
SECONDS = 0.7
UNITS = (
    *(
        "\u200d",
        "\u200c\u200d",
        "\u0301",
        "\u0344",
        "\u0f71\u0f72",
        "a\u0323\u0301",
        "\u1160\u11a8",
        "\u00ad",
        " ",
        "\n",
        "\r",
        "\u2028",
        "\x00",
    ),
    *(
        "-",
        "--- ",
        "--- -",
        "<",
        "</",
        "<!--",
        "&",
        "&#",
        "=",
        "=?",
        "?=",
        "@",
        ".",
        "a.",
        "a-",
        "/",
        "(",
        '"',
        "\\",
        ",",
        ";q=0.1,",
        "*,",
    ),
    *(
        "1",
        "12 ",
        "1.",
        "1-",
        "131052-308",
        "131052 ",
        "5.1.1 ",
        "550 ",
        "delivery to ",
        "user that ",
        "received: ",
        "account ",
        "1\n",
    ),
)
AROUND = (("", ""), ("a", "b"), ("1", "-"), ("\n", "x\n"))
PLACES: dict[str, Callable[[str], object]] = {
    "visible": visible,
    "plain": plain,
    "name": name_words,
    "hide": hide_personal_codes,
    "hide lookalikes": hide_lookalikes,
    "holds": holds_personal_code,
    "code": is_personal_code,
    "language": lambda text: preferred_language(text, "fi"),
    "e-mail": canonical_email,
    "mailbox": lambda text: _refused(mailbox_address, text),
}


def _refused(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except BadAddress:
        return


@pytest.mark.parametrize("place", PLACES)
def test_a_long_text_is_read_at_once(place: str) -> None:
    for unit in UNITS:
        for before, after in AROUND:
            text = before + unit * (LETTERS // len(unit)) + after
            since = time.process_time()
            PLACES[place](text)
            took = time.process_time() - since
            assert took < SECONDS, (unit, before, after, took)


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "message/delivery-status"])
def test_a_long_mail_is_read_at_once(kind: str) -> None:
    for unit in UNITS:
        body = unit * (LETTERS // len(unit))
        mail = (
            f"From: MAILER-DAEMON@example.fi\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: "
            f"{kind}; charset=utf-8\n\n{body}\n"
        )
        since = time.process_time()
        read_report(mail.encode())
        took = time.process_time() - since
        assert took < SECONDS, (unit, took)
