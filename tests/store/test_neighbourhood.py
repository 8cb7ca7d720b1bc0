"""Which addresses are counted as one."""

import pytest

from app.store.db.rate_limits import network_prefix


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        *((f"2001:db8:1:2::{n:x}", "2001:db8:1:2::/64") for n in (0, 9, 0xFFFF)),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.2", "10.0.0.2"),
        ("a socket", "a socket"),
        ("", ""),
    ],
)
def test_addresses_of_one_household_count_as_one(address: str, counted_as: str) -> None:
    assert network_prefix(address) == counted_as
