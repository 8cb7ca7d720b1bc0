"""`calcinosis-check serve` and `doctor`: the pages and the API, and what they still lack."""

import os
import socket
from typing import Annotated

import typer

from app.commands import console
from app.commands.workers import Supervisor
from app.settings import PREFIX, Settings
from app.store import clinics, downtime

DATABASE_TIMEOUT = 5.0
"""Seconds to wait for the database: what makes it useless for good shows in less."""

BACKLOG = 2048
"""Connections that wait in the system until they are accepted."""
FIRST_FD = 3
"""The first socket that systemd hands over."""

LACKS = {
    "operator_name": "nobody can see who runs this website",
    "operator_address": "who finds advice wrong cannot write to you",
    "operator_telephone": "who finds advice wrong cannot call you",
    "trusted_origin": "receipts and letters name an address of this machine",
}
"""Setting -> what people lack while it is empty."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that serve; SIGHUP replaces them.", min=1, max=64)
    ] = 1,
    fd: Annotated[
        int | None, typer.Option(help="An open socket to serve on, in place of an address.", min=3)
    ] = None,
) -> None:
    """Serve the pages and the API.

    Under systemd with socket activation the socket is systemd's.
    """
    settings = console.read_settings()
    settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = _inherited_socket() if fd is None else fd
    where = host or settings.host, settings.port if port is None else port
    if workers > 1:
        _refuse_sqlite(settings)
        with _open_listener(*where, fd) as listener:
            address = _describe_address(listener)
            console.stderr.print(f"Serving on {address} with {workers} processes  (Ctrl+C stops)")
            raise typer.Exit(Supervisor(listener, workers, console.stderr.print).run())
    # Here, since the web room takes a while to import, and no other command needs it.
    from app.main import create_app
    from app.web.server import run_server

    with console.stop_on_rulebook_faults(settings), console.stop_if_unusable():
        application = create_app(settings, database_timeout=DATABASE_TIMEOUT)
    rulebook = application.state.context.rulebook
    console.stderr.print(f"Calcinosis Check, rulebook {rulebook.version} ({rulebook.sha256[:12]})")
    with _open_listener(*where, fd) as listener:
        console.stderr.print(f"Serving on {_describe_address(listener)}  (Ctrl+C stops)")
        run_server(application, listener, settings.proxy_addresses)


def _inherited_socket() -> int | None:
    """The socket that systemd hands over, by its protocol; None without one."""
    meant = os.environ.get("LISTEN_PID") == str(os.getpid())
    return FIRST_FD if meant and os.environ.get("LISTEN_FDS", "0") != "0" else None


def _open_listener(host: str, port: int, fd: int | None) -> socket.socket:
    try:
        if fd is not None:
            return socket.socket(fileno=fd)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as problem:
        where = f"socket {fd}" if fd is not None else f"{host}, port {port}"
        raise console.stop_command(f"{where}: {problem.strerror}", 2) from None


def _describe_address(listener: socket.socket) -> str:
    name = listener.getsockname()
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return str(name)
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_sqlite(settings: Settings) -> None:
    if settings.effective_database_url.startswith("sqlite"):
        why = "Several processes need PostgreSQL: those who write to an SQLite file take turns."
        raise console.stop_command(why, 2)


def doctor() -> None:
    """Say what is not set yet and what people then lack; exit code 1 if there is anything."""
    settings, rulebook = console.read_settings(), console.load_rulebook()
    silent = _list_clinics_without_number(settings)
    lacking = {name: lack for name, lack in LACKS.items() if not getattr(settings, name)}
    for name, lack in lacking.items():
        console.stderr.print(f"{PREFIX}{name.upper()}: is not set; {lack}")
    if not rulebook.approvals:
        console.stderr.print(
            f"rulebook {rulebook.version}: no clinician has approved it; pages say so"
        )
    for name in silent:
        console.stderr.print(f"clinic {name}: has no telephone; its patients cannot call it")
    stale = downtime.list_stale_clinics(settings.var / "downtime", console.current_time())
    for clinic, at in stale:
        console.stderr.print(
            f"clinic {clinic}: its newest downtime list is of {at:%Y-%m-%d %H:%M} UTC; "
            "the server writes one each half hour while it runs"
        )
    unlisted = _list_clinics_without_list(settings)
    for name in unlisted:
        console.stderr.print(
            f"clinic {name}: is open and has no downtime list; look at the log of the server"
        )
    if lacking or silent or stale or unlisted or not rulebook.approvals:
        raise typer.Exit(1)
    console.stderr.print("Nothing is lacking.")


def _list_clinics_without_number(settings: Settings) -> list[str]:
    """The names of clinics that patients cannot call; none where there is no database yet."""
    if not settings.master_key_file.exists():
        return []
    known = clinics.list_clinics(console.open_store(settings))
    return [clinic.name for clinic in known if not clinic.telephone]


def _list_clinics_without_list(settings: Settings) -> list[str]:
    """The names of open clinics that would have nothing in hours without pages."""
    if not settings.master_key_file.exists():
        return []
    found = downtime.list_clinics_without_file(console.open_store(settings), console.current_time())
    return [clinic.name for clinic in found]
