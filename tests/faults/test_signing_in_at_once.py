"""Many who sign in at once: each is answered, and patients are served meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.people import ServerWithClinic
from tests.running import serving

pytestmark = pytest.mark.alone

log = logging.getLogger(__name__)

AT_ONCE = 150


def test_of_150_sign_ins_at_once_each_is_answered_and_patients_send_meanwhile(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "server") as server:
        scene = ServerWithClinic.of(server)
        patients = scene.patients(20)
        start, status_counts, took = threading.Barrier(AT_ONCE + 1), Counter[int](), []

        def sign_in() -> None:
            typed = {"email": f"{uuid4().hex}@hill.example", "password": "wrong password"}
            with scene.browser(timeout=60) as browser:
                start.wait()
                answer = browser.post("/sign-in", data=typed)
            status_counts[answer.status_code] += 1
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "5"

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            waiting = [crowd.submit(sign_in) for _ in range(AT_ONCE)]
            start.wait()
            with scene.browser() as browser:
                for patient in patients:
                    begun = time.monotonic()
                    assert patient.send(browser).status_code == 303
                    took.append(time.monotonic() - begun)
                    if all(one.done() for one in waiting):
                        break
            for one in waiting:
                one.result()
        log.info(
            "told %s; %d sends, the slowest after %.2f s", dict(status_counts), len(took), max(took)
        )
        assert sum(status_counts.values()) == AT_ONCE
        assert status_counts[503] > 0
        assert set(status_counts) <= {422, 429, 503}
        assert max(took) < 10
        scene.store.engine.dispose()
