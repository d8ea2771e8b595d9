"""Reports about mail are understood in every usual shape, and no bytes end the reader."""

import base64
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail.bounces.read_report import read_report, readable_text
from services.notifier.mail.bounces.return_path import ReturnPaths, Sending
from shared.crypto.sealing import generate_private_key
from tests.pure.notifier.mail.bounces.report_samples import (
    HEAD,
    OUR_ID,
    STANDARD,
    UNKNOWN_USER,
    Sample,
    standard,
)
from tests.pure.notifier.mail.bounces.worded_samples import NO_BOUNCES, WORDED

ALL = (*STANDARD, *WORDED, *NO_BOUNCES)
KEYS = generate_private_key()
PATHS = ReturnPaths(KEYS, sender="asiointi@kunta.example", address="bounces@kunta.example")
MAX_SECONDS = 3.0
"""Of CPU; without a bound on what is read it is ten and more."""
VERDICTS = {"hard", "soft", "success", "auto-reply", "unknown"}


@pytest.mark.parametrize("sample", ALL, ids=[sample.name for sample in ALL])
def test_a_report_is_understood(sample: Sample) -> None:
    report = read_report(sample.raw)
    assert (report.verdict, report.status, report.code) == (sample.verdict, sample.status, sample.code), (
        sample.name
    )
    assert (OUR_ID in report.message_ids) == sample.has_id


@pytest.mark.parametrize("sample", ALL, ids=[sample.name for sample in ALL])
def test_line_ends_make_no_difference(sample: Sample) -> None:
    assert read_report(sample.raw.replace(b"\n", b"\r\n"))[:4] == read_report(sample.raw)[:4]


@given(st.integers())
def test_mutated_reports_end_in_a_verdict(seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(chance.choice(ALL).raw)
    for _ in range(chance.randint(1, 30)):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0:
                raw[at : at + chance.randint(1, 40)] = b""
            case 1:
                raw[at:at] = chance.randbytes(chance.randint(1, 20))
            case 2:
                raw[at:at] = raw[max(0, at - chance.randint(1, 300)) : at]
            case 3:
                raw[at : at + 1] = bytes([chance.randrange(256)])
    assert read_report(bytes(raw)).verdict in VERDICTS


@given(st.binary(max_size=2_000))
def test_any_bytes_end_in_a_verdict(raw: bytes) -> None:
    assert read_report(raw).verdict in VERDICTS
    assert list(PATHS.find(raw)) == []


@pytest.mark.parametrize("depth", [50, 1_000, 20_000])
def test_endless_nesting_ends_in_a_verdict(depth: int) -> None:
    nest = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (number, number)
        for number in range(depth)
    )
    assert read_report(b"From: MAILER-DAEMON@x.example\n" + nest).verdict in VERDICTS


@pytest.mark.parametrize(
    "hostile",
    [
        b"Content-Type: multipart/report; " + b"a*0=b; " * 600_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500_000,
        b"Subject: x\n\n" + b"delivery to confirm you 5.1." * 150_000,
    ],
    ids=["parameters", "parts", "words"],
)
def test_hostile_bytes_take_no_longer_than_their_share(hostile: bytes) -> None:
    began = time.process_time()
    read_report(b"From: MAILER-DAEMON@x.example\n" + hostile)
    assert time.process_time() - began < MAX_SECONDS


def test_a_token_is_found_wherever_it_stands() -> None:
    sending = Sending(2**40, 3)
    path = PATHS.path_of(sending)
    assert len(path.partition("@")[0]) <= 64
    for text in (path, path.upper(), f"Return-Path: <{path}>", f"\x00{path}>>"):
        assert list(PATHS.find(text.encode())) == [sending]
    assert PATHS.read(path.upper()) == sending
    report = read_report(standard(HEAD + UNKNOWN_USER, returned=f"Return-Path: <{path}>\n"))
    assert next(PATHS.find(report.decoded)) == sending


def test_a_forged_token_names_nothing() -> None:
    path = PATHS.path_of(Sending(7, 1))
    local, _, domain = path.partition("@")
    for place in range(len("bounces+"), len(local) - 1):
        other = "a" if local[place] != "a" else "b"
        assert PATHS.read(f"{local[:place]}{other}{local[place + 1 :]}@{domain}") is None
    for address in (
        f"{local}@other.example",
        f"x{local}@{domain}",
        f"bounces@{domain}",
        "",
        "@",
        f"bounces+@{domain}",
        f"{local}a@{domain}",
    ):
        assert PATHS.read(address) is None
    foreign = ReturnPaths(generate_private_key(), sender="a@kunta.example", address="bounces@kunta.example")
    assert foreign.read(path) is None


def test_a_token_of_an_older_key_is_still_read() -> None:
    path = PATHS.path_of(Sending(7, 1))
    newer = ReturnPaths(
        f"{generate_private_key()}, {KEYS}", sender="a@kunta.example", address="bounces@kunta.example"
    )
    assert newer.read(path) == Sending(7, 1)
    assert newer.path_of(Sending(7, 1)) != path


def test_without_an_address_for_reports_mails_go_out_under_the_sender_alone() -> None:
    plain = ReturnPaths(KEYS, sender="asiointi@kunta.example", address=None)
    assert plain.path_of(Sending(7, 1)) == "asiointi@kunta.example"
    assert plain.takes("Asiointi@kunta.example")
    assert not plain.takes("bounces@kunta.example")


CODE = "131052-308T"
WHOLE_IN_BASE64 = base64.encodebytes(f"Subject: Hei\n\nTunnus {CODE}\n".encode()).decode()
BASE64 = base64.encodebytes(f"Tunnus {CODE}\n".encode()).decode()


@pytest.mark.parametrize(
    "raw",
    [
        f"Subject: Hei\n\nTunnus {CODE}\n",
        f"Subject: Hei\nContent-Transfer-Encoding: base64\n\n{BASE64}",
        "Subject: Hei\nContent-Transfer-Encoding: quoted-printable\n\nTunnus 131052=2D3=\n08T\n",
        f"Subject: =?utf-8?b?{base64.b64encode(f'Tunnus {CODE}'.encode()).decode()}?=\n\nHei\n",
        f"Content-Type: message/rfc822\n\nSubject: Hei\nContent-Transfer-Encoding: base64\n\n{BASE64}",
        f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{WHOLE_IN_BASE64}",
    ],
    ids=["plain", "base64", "quoted-printable", "header", "returned", "returned in base64"],
)
def test_a_mail_is_read_by_people_decoded_so_that_what_it_holds_is_found(raw: str) -> None:
    shown = readable_text(raw.encode())
    assert f"Tunnus {CODE}" in shown
    assert BASE64.strip() not in shown


def test_a_mail_that_holds_more_than_is_decoded_shows_nothing_encoded() -> None:
    raw = f"Content-Transfer-Encoding: base64\n\n{BASE64}"
    for _ in range(5):
        raw = f"Content-Type: message/rfc822\n\n{raw}"
    assert BASE64.strip() not in readable_text(raw.encode())
