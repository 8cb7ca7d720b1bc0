"""An alarm survives its server: killed at any moment, it arrives all the same, under one id."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.store import alarms, clinics, submissions
from app.store.alarm_destinations import AlarmDestinations
from app.store.db.database import open_store
from app.store.db.patient_tables import OutboxMessage
from app.store.db.scope import PATIENT, Store
from app.store.db.tables import Lease
from app.store.submissions import Delivery
from tests.far_ends import HANGS, OK, Far, certificate, free_port, id_of, mailbox, webhook
from tests.postgresql import new_database
from tests.running import REAL, Running, serving
from tests.store.kim import actions
from tests.store.patients import TARGETS, handed

DYING = ("-m", "tests.faults.dying")
FAR = {"webhook": webhook, "email": mailbox}
HUNG = timedelta(minutes=6)  # ago: an emergency alarms after five


class Hill:
    """A clinic with one emergency that nobody saw, and the servers that it runs."""

    def __init__(self, folder: Path, database: str, kind: str) -> None:
        self.folder, self.kind, self.port = folder, kind, free_port()
        self.pem = certificate(folder)
        self.database = database or f"sqlite:///{folder / 'var' / 'calcinosis.db'}"
        self.store: Store = open_store(self.database, folder / "var" / "master.key")
        now = datetime.now(UTC)
        how = {"name": "Hill", "region": "uk", "time_zone": "Europe/London"}
        self.clinic = clinics.add_clinic(self.store, now, **how)
        hook, email = f"https://localhost:{self.port}/", "lead@hill.example"
        chosen = (
            AlarmDestinations(webhook=hook) if kind == "webhook" else AlarmDestinations(email=email)
        )
        with self.store.writing_scope(self.clinic, now, "command") as scope:
            alarms.save_destinations(scope, chosen)
            came = Delivery("share", "key1", "R-1", "Jo")
            submissions.add_submission(
                scope.act_as(PATIENT, now - HUNG), handed("emergency"), came, TARGETS
            )

    @contextmanager
    def server(self, program: tuple[str, ...] = DYING, dies: str = "") -> Iterator[Running]:
        more = {
            "SSL_CERT_FILE": str(self.pem),
            "DIES": dies,
            "CALCINOSIS_MAIL_SERVER": f"smtps://localhost:{self.port}",
            "CALCINOSIS_MAIL_FROM": "us@hill.example",
        }
        with serving(self.folder, database=self.database, program=program, more=more) as server:
            yield server

    def far(self, *does: str) -> "contextmanager[Far]":
        return FAR[self.kind](self.pem, self.port, list(does) or [OK])

    def a_minute_passes(self) -> None:
        """The claim of the server that died is over, and so is its turn at the job."""
        over = datetime.now(UTC) - timedelta(minutes=1)
        with self.store.writing_scope(self.clinic, over, "job") as scope:
            scope.update_rows(OutboxMessage, to={"due_at": over})
        with self.store.engine.begin() as connection:
            connection.execute(update(Lease).values(until=over))

    def kept(self) -> list[tuple[str, str | None]]:
        with self.store.reading_scope(self.clinic) as scope:
            return [(row.id, row.ended) for row in scope.find_all(OutboxMessage)]

    def said(self) -> list[str]:
        return [a for a in actions(self.store, self.clinic) if a.startswith("alarm_")][1:]


@pytest.fixture(params=["sqlite-webhook", "postgresql-email"])
def hill(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hill]:
    """One of each kind of database, and of each kind of place."""
    database, kind = request.param.split("-")
    own = "" if database == "sqlite" else new_database(request.getfixturevalue("cluster"))
    hill = Hill(tmp_path, own, kind)
    yield hill
    hill.store.engine.dispose()


def dead(server: Running) -> None:
    assert server.process.wait(timeout=30) == -signal.SIGKILL


def test_an_alarm_arrives_though_its_server_died_before_it_was_sent(hill: Hill) -> None:
    with hill.far() as far:
        with hill.server(dies="before") as server:
            dead(server)
        assert far.came == []
        ((id_, ended),) = hill.kept()
        assert ended is None
        hill.a_minute_passes()
        with hill.server():
            assert id_of(far.waits_for(1)[0]) == id_
    assert hill.said()[0] == "alarm_raised"


def test_an_alarm_whose_server_died_before_noting_it_arrives_again_under_its_id(
    hill: Hill,
) -> None:
    with hill.far() as far:
        with hill.server(dies="after") as server:
            dead(server)
        assert len(far.came) == 1
        hill.a_minute_passes()
        with hill.server():
            first, again = map(id_of, far.waits_for(2))
    assert first == again
    assert hill.kept() == [(first, "taken")]
    assert hill.said() == ["alarm_raised", "alarm_sent"]


def test_an_alarm_arrives_though_its_server_was_killed_while_the_other_side_hung(
    hill: Hill,
) -> None:
    with hill.far(HANGS) as far, hill.server() as server:
        hung = id_of(far.waits_for(1)[0])
        server.process.kill()
        dead(server)
    hill.a_minute_passes()
    with hill.far() as far, hill.server():
        assert id_of(far.waits_for(1)[0]) == hung


def test_the_real_program_sends_an_alarm_by_mail_once_the_mail_server_is_up(
    tmp_path: Path,
) -> None:
    hill = Hill(tmp_path, "", "email")
    with hill.server(REAL) as server:
        server.process.kill()
        dead(server)
    hill.a_minute_passes()
    with hill.far() as far, hill.server(REAL):
        assert len(far.waits_for(1)) == 1
    hill.store.engine.dispose()


def test_of_two_servers_one_sends_the_message(tmp_path: Path, cluster: str) -> None:
    hill = Hill(tmp_path, new_database(cluster), "webhook")
    with hill.far() as far, hill.server(), hill.server():
        far.waits_for(1)
        time.sleep(8)  # each has looked again by then
        assert len(far.came) == 1
    hill.store.engine.dispose()
