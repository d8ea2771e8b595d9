"""Reduces a client's IP address to the part that identifies the caller, for rate limits."""

from ipaddress import ip_address, ip_network

__all__ = ["caller_of"]

IPV6_NETWORK_BITS = 64
"""A holder of one IPv6 address usually has all that begin with the same 64 bits."""


def caller_of(address: str) -> str:
    """Return the part of a client's address that its holder cannot choose.

    An IPv4 address, an IPv6 network of 64 bits, anything else unchanged. An IPv4 address that a dual-stack
    socket shows as `::ffff:192.0.2.1` counts as that IPv4 address: as a network of 64 bits all of them would
    be one caller.
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
