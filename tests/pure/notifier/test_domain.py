"""Which events make which mail, when one is tried again, and which addresses are some."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain import is_given_up, is_worth_telling, message_id, retry_delay
from services.notifier.write.contents import Contents, ContentsBox, Unreadable
from shared.crypto.sealing import generate_private_key
from shared.text.mail_address import BadAddress, mailbox_address


def test_the_same_event_and_template_always_give_the_same_message_id() -> None:
    assert message_id("0190", "receipt", "kunta.example") == "<0190.receipt@kunta.example>"


def test_waits_double_up_to_an_hour_and_are_spread() -> None:
    assert [retry_delay(attempts, 20, 1) for attempts in (1, 2, 3, 9, 5000)] == [20, 40, 80, 3600, 3600]
    assert retry_delay(1, 20, 0) == 10


def test_a_mail_is_given_up_when_its_next_try_would_come_too_late() -> None:
    since = datetime(2026, 11, 24, tzinfo=timezone.utc)
    assert not is_given_up(since, since + timedelta(hours=48), 48)
    assert is_given_up(since, since + timedelta(hours=48, seconds=1), 48)


def test_ever_fewer_deferrals_are_told() -> None:
    assert [attempt for attempt in range(1, 20) if is_worth_telling(attempt)] == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(
    ("typed", "address", "needs_utf8"),
    [
        (" Anna.Testi@Esimerkki.FI ", "Anna.Testi@esimerkki.fi", False),
        ("anna+työ@esimerkki.fi", "anna+työ@esimerkki.fi", True),
        ("anna@sähkö.fi", "anna@xn--shk-qla6g.fi", False),
        ("o'neill@esimerkki.fi", "o'neill@esimerkki.fi", False),
    ],
)
def test_an_address_is_read_as_smtp_takes_it(typed: str, address: str, needs_utf8: bool) -> None:
    assert mailbox_address(typed) == (address, needs_utf8)


LED_ON = [
    "victim%evil.example@kunta.fi",
    "evil.example!victim@kunta.fi",
    "=?utf-8?q?anna?=@kunta.fi",
    "a=?b@kunta.fi",
]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "anna",
        "anna@",
        "@kunta.fi",
        "a b@kunta.fi",
        "a@b@kunta.fi",
        "a@-kunta.fi",
        "a@kunta..fi",
        "a>\r\nDATA@kunta.fi",
        *LED_ON,
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(BadAddress) as caught:
        mailbox_address(typed)
    assert not typed.strip("@") or typed not in str(caught.value)


@given(st.text())
def test_no_text_makes_an_address_that_could_end_a_command(typed: str) -> None:
    try:
        address = mailbox_address(typed).address
    except BadAddress:
        return
    assert not any(letter in address for letter in "\r\n<> \x00")
    assert address.encode().count(b"@") == 1


def test_contents_open_for_their_own_mail_only_and_under_an_older_key_too() -> None:
    old, new = generate_private_key(), generate_private_key()
    contents = Contents(email="anna@kansalainen.example", first_name="Anna", text="ä")
    locked = ContentsBox(old).lock(contents, "<a@b>")
    assert ContentsBox(f"{new}, {old}").unlock(locked, "<a@b>") == contents
    for box, mail, bytes_ in (
        (ContentsBox(new), "<a@b>", locked),
        (ContentsBox(old), "<c@b>", locked),
        (ContentsBox(old), "<a@b>", locked[:-1]),
    ):
        with pytest.raises(Unreadable):
            box.unlock(bytes_, mail)
    assert b"anna" not in locked
