"""The commands by which whoever runs the server lets a clinic write, and sign in elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_commands_clinic import _var, call

__all__ = ["_var"]
ISSUER = "http://127.0.0.1:1"  # where nobody answers


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file with a secret; a server with one clinic."""
    assert call("clinic add Hill --region uk --time-zone Europe/London").exit_code == 0
    file = tmp_path / "secret"
    file.write_text("a secret of the test\n")
    return str(file)


def test_a_provider_is_chosen_printed_tried_and_taken_away(secret: str) -> None:
    assert call("clinic identity Hill").stdout == "identity provider: none\n"
    groups = "--group lead=ward-leads --group nurse=ward-nurses"
    chosen = f"--issuer {ISSUER}/ --client-id check {groups} --secret-file"
    result = call(f"clinic identity Hill {chosen}", secret)
    assert result.exit_code == 1
    assert "The provider cannot be used now" in result.stderr
    assert f"issuer: {ISSUER}\nclient: check\n" in result.stdout
    assert "lead: ward-leads\nnurse: ward-nurses\n" in result.stdout
    assert "/sign-in/return" in result.stdout
    assert "a secret" not in result.output
    assert call("clinic identity Hill --off").stdout == "identity provider: none\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--issuer http://login.example --client-id x --group nurse=n", "must be https"),
        ("--issuer https://login.example --client-id x", "All of these are needed"),
        ("--issuer https://login.example --client-id x --group boss=n", "lead=GROUP"),
        ("--issuer https://login.example --client-id x --group nurse=", "lead=GROUP"),
    ],
)
def test_what_cannot_be_a_provider_is_refused_in_words(secret: str, options: str, why: str) -> None:
    result = call(f"clinic identity Hill {options} --secret-file", secret)
    assert result.exit_code == 2
    assert why in result.stderr
    assert call("clinic identity Hill").stdout == "identity provider: none\n"


@pytest.mark.usefixtures("secret")
def test_a_clinic_is_let_write_to_its_patients() -> None:
    assert "writes to people whom it invites: no" in call("clinic messages Hill").stdout
    chosen = call("clinic messages Hill --write --reminder-days 3 --webhook https://x.example/send")
    assert "reminder: 3 days before the visit" in chosen.stdout
    assert "webhook secret: whsec_" in chosen.stdout
    assert "CALCINOSIS_MAIL_SERVER" in chosen.stderr
    refused = call("clinic messages Hill --webhook http://x.example")
    assert refused.exit_code == 2
    assert "https://" in refused.stderr
    assert "writes to people whom it invites: yes" in call("clinic messages Hill").stdout
    assert "whom it invites: no" in call("clinic messages Hill --no-write").stdout
