"""Patients and nurses who write to one SQLite file at once: nobody fails, nothing is lost."""

from __future__ import annotations

import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.builders import SOAK
from tests.faults.people import Nurse, ServerWithClinic
from tests.running import serving

pytestmark = pytest.mark.alone

log = logging.getLogger(__name__)

SECONDS = 60 if SOAK else 6
PATIENTS, NURSES = 6, 4


def test_six_patients_and_four_nurses_write_at_once_and_none_is_lost_or_fails(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "server") as server:
        scene = ServerWithClinic.of(server)
        waiting = [patient for _ in range(10 if SOAK else 1) for patient in scene.patients(200)]
        sent = [waiting.pop() for _ in range(NURSES)]
        with scene.browser() as browser:
            assert {first.send(browser).status_code for first in sent} == {303}
        on_duty = [scene.nurse() for _ in range(NURSES)]
        for nurse in on_duty:
            nurse.sign_in()
        abouts = scene.submissions()
        assert on_duty[0].note(abouts[0], "warm").status_code == 303
        until = time.monotonic() + SECONDS
        status_counts, noted, slowest = Counter[int](), set[str](), [0.0]

        def keep_sending() -> None:
            with scene.browser() as browser:
                while time.monotonic() < until and waiting:
                    patient = waiting.pop()
                    begun = time.monotonic()
                    answer = patient.send(browser)
                    slowest.append(time.monotonic() - begun)
                    status_counts[answer.status_code] += 1
                    if answer.status_code == 303:
                        sent.append(patient)

        def keep_noting(nurse: Nurse, about: str) -> None:
            while time.monotonic() < until:
                key = uuid4().hex
                answer = nurse.note(about, key)
                status_counts[answer.status_code] += 1
                if answer.status_code == 303:
                    noted.add(key)

        with ThreadPoolExecutor(PATIENTS + NURSES) as crowd:
            work = [crowd.submit(keep_sending) for _ in range(PATIENTS)]
            work += [crowd.submit(keep_noting, *pair) for pair in zip(on_duty, abouts, strict=True)]
            for one in work:
                one.result()
        log.info(
            "told %s, sent %d, noted %d, slowest %.2f s",
            *(dict(status_counts), len(sent), len(noted), max(slowest)),
        )
        assert set(status_counts) == {303}
        assert {patient.invitation for patient in sent} == scene.sent()
        assert noted <= {part for key in scene.notes() for part in key.split(":")}
        for nurse in on_duty:
            nurse.browser.close()
        scene.store.engine.dispose()
