"""Our name in EHLO."""

import pytest

from services.notifier.mail.ehlo_name import default_ehlo_name, is_ehlo_name


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("mail.kunta.example", "192.0.2.1", "mail.kunta.example"),
        ("localhost", "127.0.0.1", "[127.0.0.1]"),
        ("localhost.localdomain", "192.0.2.1", "[192.0.2.1]"),
        ("3f2a9c1b7d4e", "172.18.0.5", "[172.18.0.5]"),
        ("ip-10-0-0-7.ec2.internal", "10.0.0.7", "[10.0.0.7]"),
        ("a_b.kunta.example", "192.0.2.1", "[192.0.2.1]"),
        ("192.0.2.1", "192.0.2.1", "[192.0.2.1]"),
        ("host", "2001:db8::1", "[IPv6:2001:db8::1]"),
        ("host", "fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_without_a_full_name_of_the_host_its_address_is_sent(host: str, address: str, name: str) -> None:
    assert default_ehlo_name(host, address) == name
    assert is_ehlo_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "mail",
        "mail_.kunta.example",
        "[300.0.0.1]",
        "[::1]",
        "[IPv6:1.2.3.4]",
        "-a.example",
        "a b.example",
        "",
        "a.1",
        "x" * 250 + ".fi",
    ],
)
def test_what_servers_refuse_is_no_name(name: str) -> None:
    assert not is_ehlo_name(name)
