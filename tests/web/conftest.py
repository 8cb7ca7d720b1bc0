"""An application with clinics and staff, whose passwords are hashed in no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.main import create_app
from app.settings import Settings
from app.store import passwords
from tests.conftest import Clock
from tests.store.kim import QUICK
from tests.web.desk import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One application for a file of tests; each test adds the people that it needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        passwords._decoy.cache_clear()
        clock = Clock()
        app = create_app(Settings(var=tmp_path_factory.mktemp("house")), clock=clock)
        yield House(app, clock)
        app.state.store.engine.dispose()
    passwords._decoy.cache_clear()
