"""The command line, `calcinosis-check`. Outside the rooms: it joins them and speaks in words.

Exit codes: 0 done, 1 a fault was found (rulebook, cases, answers), 2 the call itself was wrong.
"""

import typer

from app.commands import (
    benchmark,
    clinic,
    demo,
    downtime,
    incident,
    invitations,
    records,
    rules,
    safety,
    staff,
)
from app.commands.assess import assess, verify
from app.commands.backup import make_backup_key, restore, take_backup, verify_backup
from app.commands.service import doctor, serve

app = typer.Typer(
    help="Calcinosis Check: when to see a doctor about a hard lump, and what it might be.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, doctor, assess, verify, restore, verify_backup):
    app.command()(command)
app.command("backup")(take_backup)
app.command("backup-key")(make_backup_key)
clinic.app.command("downtime-list")(downtime.print_downtime_list)
for name, group in {
    "rules": rules.app,
    "safety": safety.app,
    "benchmark": benchmark.app,
    "clinic": clinic.app,
    "staff": staff.app,
    "invitations": invitations.app,
    "incident": incident.app,
    "audit": records.audit_app,
    "keys": records.keys_app,
    "demo": demo.app,
    "person": records.person_app,
    "retention": records.retention_app,
}.items():
    app.add_typer(group, name=name)


def run_command_line() -> None:
    """Run the command line."""
    app(prog_name="calcinosis-check")
