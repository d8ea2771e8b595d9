"""Says who a caller is, for whatever is counted by caller."""

from ipaddress import ip_address, ip_network

__all__ = ["caller_of"]

IPV6_NETWORK_BITS = 64
"""Whoever has one IPv6 address has all that begin with the same 64 bits."""


def caller_of(address: str) -> str:
    """Give the part of a client's address that its holder cannot choose: an IPv4 address, an IPv6 network of 64 bits, anything else as it is.

    An IPv4 address that a socket for both protocols shows as `::ffff:192.0.2.1` is that IPv4 address: as a network of 64 bits all of them are one.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004  the protocol's
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ip_network((int(known), IPV6_NETWORK_BITS), strict=False))
