"""`calcinosis-check clinic identity`: by which provider a clinic's staff may sign in."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands import console
from app.store.accounts import identity_providers
from app.store.accounts.identity_providers import ROLE_ORDER, NoProvider, ProviderSettings
from app.web.identity_provider import (
    RETURN_PATH,
    ProviderClient,
    ProviderUnreachable,
    is_provider_address,
)


def identity(
    clinic: Annotated[str, typer.Argument(help="Its id or name.")],
    issuer: Annotated[
        str, typer.Option(help="https://... as the provider names itself, without a / at its end.")
    ] = "",
    client_id: Annotated[str, typer.Option(help="What the provider calls us.")] = "",
    secret_file: Annotated[
        Path | None, typer.Option(help="A file with the client's secret alone.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="nurse=GROUP, once for each role that may come in.")
    ] = None,
    claim: Annotated[str, typer.Option(help="Where the provider says the groups.")] = "groups",
    off: Annotated[bool, typer.Option("--off", help="Let nobody in by it any more.")] = False,
) -> None:
    """Choose a clinic's identity provider (OpenID Connect), or print and try the one it has.

    Local accounts go on working: keep one for when the provider is down.
    """
    settings = console.read_settings()
    store, now = console.open_store(settings), console.current_time()
    id_ = console.find_clinic_id(store, clinic)
    if off:
        with store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope:
            identity_providers.remove_provider(scope)
    elif issuer or client_id or secret_file or group:
        chosen = _read_choice(issuer, client_id, secret_file, group or [], claim)
        with store.writing_scope(id_, now, console.COMMAND_ACTOR) as scope:
            identity_providers.save_provider(scope, chosen)
    try:
        with store.reading_scope(id_) as scope:
            kept = identity_providers.load_provider(scope)
    except NoProvider:
        typer.echo("identity provider: none")
        return
    back = f"{settings.public_origin}{RETURN_PATH}"
    typer.echo(f"issuer: {kept.issuer}\nclient: {kept.client_id}\ngroups in: {kept.claim}")
    for role in filter(kept.roles.__contains__, ROLE_ORDER):
        typer.echo(f"{role}: {kept.roles[role]}")
    typer.echo(f"staff begin at: {settings.public_origin}/sign-in/with/{id_}")
    typer.echo(f"it must send people back to: {back}")
    try:
        ProviderClient(kept, back, now).start_address("try", "try", "try" * 20, again=False)
    except ProviderUnreachable as problem:
        raise console.stop_command(f"The provider cannot be used now: {problem}", 1) from None


def _read_choice(
    issuer: str, client_id: str, secret_file: Path | None, group: list[str], claim: str
) -> ProviderSettings:
    if not is_provider_address(issuer):
        raise console.stop_command("--issuer must be https://NAME or https://NAME/PATH.", 2)
    if not (client_id and secret_file and group):
        why = "All of these are needed: --issuer, --client-id, --secret-file and --group."
        raise console.stop_command(why, 2)
    roles = dict(pair.partition("=")[::2] for pair in group)
    if unknown := [role for role, name in roles.items() if role not in ROLE_ORDER or not name]:
        allowed = ", ".join(f"{role}=GROUP" for role in ROLE_ORDER)
        raise console.stop_command(f"--group {unknown[0]}: it can be {allowed}.", 2)
    try:
        secret = secret_file.read_text("utf-8").strip()
    except (OSError, ValueError):
        raise console.stop_command(f"The file {secret_file} cannot be read.", 2) from None
    if not secret:
        raise console.stop_command(f"The file {secret_file} is empty.", 2)
    return ProviderSettings(issuer.rstrip("/"), client_id, secret, claim, roles)
