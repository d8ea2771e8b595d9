"""Whatever comes by SMTP can be shown."""

from hypothesis import given
from hypothesis import strategies as st

from deploy.mailbox.letter import read_letter, split_links

MAIL_ID = "01700000000000000000.1_0.mailbox"


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read_as_a_mail(content: bytes) -> None:
    assert read_letter(MAIL_ID, content).id == MAIL_ID


@given(st.text(max_size=200))
def test_cutting_a_text_at_its_links_loses_nothing(text: str) -> None:
    assert "".join(piece for piece, _ in split_links(text)) == text


def test_a_full_stop_after_an_address_is_no_part_of_it() -> None:
    assert split_links("Katso http://a.example/x?y=1.") == [
        ("Katso ", False),
        ("http://a.example/x?y=1", True),
        (".", False),
    ]


def test_a_mail_with_a_broken_header_is_still_shown() -> None:
    letter = read_letter(
        MAIL_ID,
        b"Subject: =?utf-8?b?!!?=\r\nTo: <<<>>\r\nContent-Type: text/plain; charset=none-such\r\n\r\nhei\r\n",
    )
    assert letter.received_at.year == 2023
