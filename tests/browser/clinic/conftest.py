"""Each file of these tests has a server of its own, so that no other page speaks of its clinics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import up
from tests.web.desk import House


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    """The address of the running server."""
    with up(house.app) as address:
        yield address
