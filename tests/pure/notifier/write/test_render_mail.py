"""A mail is well-formed whatever stands in it, and no value leaves its place."""

import re
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from html import unescape
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifier.delivery import Claimed
from services.notifier.write.contents import Contents
from services.notifier.write.write_mail import MailWriter
from shared.crypto.follow_link import read
from shared.events.vocabulary import LANGUAGES, TEMPLATES
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import visible

KEY = b"k" * 32
NOW = datetime(2026, 11, 24, 7, 41, tzinfo=timezone.utc)
REQUEST = UUID(int=7)
CRUEL = (
    "Åsa\r\nBcc: x@y.example\r\n\r\n.\r\n=?utf-8?q?x?= 👩‍👩‍👧 \x00\x02greeting\x03 "
    "<script>&amp;\u202e\u2028--=_asiointi_7c1f4e--"
)
QUOTED_LINE = 76
"""The longest line of quoted-printable (RFC 2045 6.7)."""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@cache
def writer() -> MailWriter:
    return MailWriter(sender="asiointi@kunta.example", site_url="https://asiointi.example/", link_key=KEY)


def write(
    template: str = "receipt",
    language: str = "fi",
    *,
    title: str = "Tilaa palkkatodistus",
    name: str = "Anna",
    text: str = "",
    promised: bool = True,
) -> bytes:
    thread = None if template == "receipt" else "<first.receipt@kunta.example>"
    due, message_id = NOW + timedelta(days=2), f"<e.{template}@kunta.example>"
    mail = Claimed(
        1,
        REQUEST,
        template,
        language,
        "482913057",
        title,
        NOW,
        due,
        NOW,
        message_id,
        thread,
        b"",
        0,
        NOW,
        NOW,
    )
    contents = Contents(
        email="anna@kansalainen.example", first_name=name, text=text, answer_promised=promised
    )
    return writer().write(mail, contents, "anna@kansalainen.example")


def parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def bodies(raw: bytes) -> tuple[str, str]:
    plain, html = parse(raw).iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_says_its_number_what_comes_next_and_where_to_ask(template: str, language: str) -> None:
    raw = write(template, language, text="" if template == "receipt" else "Rivi 1\n\nRivi <2>")
    mail = parse(raw)
    assert "482 913 057" in mail["Subject"]
    assert "Tilaa palkkatodistus" in mail["Subject"]
    assert mail["X-Asiointi-Work-Number"] == "482913057"
    assert mail["Auto-Submitted"] == ("auto-replied" if template == "receipt" else "auto-generated")
    assert mail["Content-Language"] == language
    assert mail["Date"].datetime == NOW
    assert mail["To"].addresses[0].addr_spec == "anna@kansalainen.example"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for body in bodies(raw):
        link = re.search(rf"https://asiointi\.example/{language}/seuraa/([\w-]+)", body)
        assert link
        assert read(link[1], KEY) == REQUEST
        for words in (
            "482 913 057",
            "020 6399 400",
            "8\N{NO-BREAK SPACE}am–4\N{NO-BREAK SPACE}pm" if language == "en" else "8–16",
            "Anna",
            "Tilaa palkkatodistus",
        ):
            assert words in body


@pytest.mark.parametrize(
    ("language", "promise"),
    [("fi", "Saat vastauksen"), ("sv", "Du får svaret"), ("en", "We will send you the answer")],
)
def test_a_receipt_promises_an_answer_only_where_one_was_asked_for(language: str, promise: str) -> None:
    assert all(promise in body for body in bodies(write(language=language)))
    assert not any(promise in body for body in bodies(write(language=language, promised=False)))


def test_the_due_day_is_written_as_finns_write_it() -> None:
    assert "viimeistään torstaina 26.11.\n" in bodies(write())[0]
    assert "senast torsdagen den 26 november." in bodies(write(language="sv"))[0]
    assert "by Thursday 26 November." in bodies(write(language="en"))[0]


def test_later_mails_are_threaded_under_the_receipt() -> None:
    assert parse(write())["References"] is None
    assert (
        parse(write("resolution"))["In-Reply-To"]
        == parse(write("resolution"))["References"]
        == "<first.receipt@kunta.example>"
    )


def test_nothing_is_fetched_from_elsewhere() -> None:
    html = bodies(write("resolution", text="https://muualla.example/kuva.png"))[1]
    assert not re.search(r"<(img|link|script|iframe|video|audio|object)\b|url\(|@import|srcset", html)
    assert re.findall(r'(?:href|src)="([^"#]+)"', html)[0] == "tel:+358206399400"


@given(
    title=texts,
    name=texts,
    text=texts,
    template=st.sampled_from(TEMPLATES),
    language=st.sampled_from(LANGUAGES),
)
@example(title=CRUEL, name=CRUEL, text=CRUEL, template="resolution", language="fi")
def test_no_value_breaks_the_mail_or_leaves_its_place(
    title: str, name: str, text: str, template: str, language: str
) -> None:
    raw = write(template, language, title=title, name=name, text=text)
    assert raw.isascii()
    assert b"\x00" not in raw
    assert re.sub(rb"\r\n", b"", raw).count(b"\r") == re.sub(rb"\r\n", b"", raw).count(b"\n") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= QUOTED_LINE
    mail, usual = parse(raw), parse(write(template, language))
    assert mail.keys() == usual.keys()
    assert not mail.defects
    parts = list(mail.walk())
    assert [part.get_content_type() for part in parts] == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.defects for part in parts)
    tags = [
        re.findall(r"<(?!br>)/?[a-z!][^>]*>", bodies(each)[1])
        for each in (raw, write(template, language, text="x" * bool(text.strip())))
    ]
    assert tags[0] == tags[1]


@pytest.mark.parametrize("ending", ["x", "=", "ä", "ä.", " x", "€y"])
def test_no_line_is_longer_than_quoted_printable_allows_whatever_a_value_ends_with(ending: str) -> None:
    for length in range(60, 90):
        raw = write(
            "resolution",
            text="x" * length + ending,
            title="x" * length + ending,
            name="x" * (length % 40) + ending,
        )
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= QUOTED_LINE
        assert "x" * length + ending in bodies(raw)[0]


@given(
    text=st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]) | st.sampled_from("\n\t =."),
        max_size=2000,
    )
)
@example(text="\n".join(f".rivi {number} = ä" + "ö" * 200 for number in range(2000)))
@settings(deadline=None)
def test_the_resolution_arrives_letter_by_letter(text: str) -> None:
    plain, html = bodies(write("resolution", text=text))
    assert visible(text, lines=True) in plain
    assert visible(text, lines=True) in unescape(html.replace("<br>\n", "\n"))


@given(title=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=300))
@example(title="Ä" * 300)
@example(title="=?utf-8?q?x?=")
@example(title="x" * 300)
def test_a_title_of_any_length_and_script_stands_in_the_subject(title: str) -> None:
    shown = visible(title)
    assert parse(write(title=title))["Subject"] == f"Vastaanotimme pyyntösi 482 913 057: {shown}"


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Åsa-Maija", "Hei Åsa-Maija!"),
        ("A. J.", "Hei A. J.!"),
        ("", "Hei!"),
        ("Voitit! Lue http://huijaus.example", "Hei!"),
        ("huijaus.example", "Hei!"),
        ("131052-308T", "Hei!"),
        ("x" * 100, "Hei!"),
    ],
)
def test_a_first_name_greets_and_anything_else_is_left_out(name: str, greeting: str) -> None:
    assert bodies(write(name=name))[0].startswith(f"{greeting}\n")


@pytest.mark.parametrize("code", ["131052-308T", "131052 \u2013 308T", "010594Y9032"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_mail_carries_a_personal_code(code: str, template: str) -> None:
    raw = write(template, name=code, title=f"Koskee {code}", text=f"Tunnus {code} on kirjattu.")
    for said in (*bodies(raw), parse(raw)["Subject"]):
        assert not holds_personal_code(unescape(said))
