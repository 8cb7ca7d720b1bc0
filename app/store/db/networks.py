"""Which addresses are counted as one where tries are limited.

Knows nothing of what is tried.
"""

import ipaddress


def network_prefix(address: str) -> str:
    """The address, or the network of one household where everyone has billions of them."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address  # that of a socket
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    # By its number alone: an address may end in the name of a network card.
    return str(ipaddress.IPv6Network((int(known), 64), strict=False))
