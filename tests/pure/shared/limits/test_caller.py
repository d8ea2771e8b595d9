"""Who counts as one caller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.limits.caller import caller_of


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_addresses_of_one_network_of_64_bits_are_one_caller(host: int, other: int, network: int) -> None:
    def address(of_network: int, of_host: int) -> str:
        return ":".join(f"{(of_network << 64 | of_host) >> bits & 0xFFFF:x}" for bits in range(112, -1, -16))

    assert caller_of(address(network, host)) == caller_of(address(network, other))
    assert caller_of(address(network, host)) != caller_of(address(network ^ 1 << 40, host))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_ipv4_addresses_are_callers_of_their_own_also_at_a_socket_for_both(
    one: object, other: object
) -> None:
    assert caller_of(f"::ffff:{one}") == caller_of(str(one)) == str(one)
    assert (caller_of(f"::ffff:{one}") == caller_of(f"::ffff:{other}")) == (one == other)


@pytest.mark.parametrize("address", ["", "testclient", "1.2.3", "::g"])
def test_what_is_no_address_stays_as_it_is(address: str) -> None:
    assert caller_of(address) == address
