"""The files of deploy/ say what the program knows: its settings, commands, ports and folders."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from app.commands import app as commands
from app.settings import PREFIX, ROOT, Settings

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.*"))
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
SETTINGS = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
WEB = ("web1", "web2")


@pytest.mark.parametrize(
    "file", [*UNITS, DEPLOY / "compose.yaml", ROOT / "Dockerfile"], ids=lambda file: file.name
)
def test_every_setting_that_is_given_exists(file: Path) -> None:
    given = set(re.findall(rf"{PREFIX}[A-Z_]+", file.read_text("utf-8")))
    assert given <= SETTINGS


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_every_unit_runs_a_command_that_exists(file: Path) -> None:
    found = re.search(r"^ExecStart=\S+/calcinosis-check (\S+)", file.read_text("utf-8"), re.M)
    assert found
    assert found[1] in typer.main.get_command(commands).commands  # type: ignore[attr-defined]


def test_no_password_stands_in_a_file() -> None:
    for file in (*DEPLOY.rglob("*.*"), ROOT / "Dockerfile"):
        text = file.read_text("utf-8")
        secrets = re.findall(r"(?i)password *[:=] *([^\s?]\S*)", text)
        secrets += re.findall(r"://[^:/\s]+:([^@\s]+)@", text)
        assert [one for one in secrets if not one.startswith(("${", "..."))] == [], file


def test_the_settings_of_the_web_containers_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WEB:
        for key, value in COMPOSE["services"][name]["environment"].items():
            filled = value.replace("${POSTGRES_PASSWORD:?}", "x")
            monkeypatch.setenv(key, filled.replace("${SITE_ADDRESS:?}", "check.example"))
        settings = Settings()
        proxy = COMPOSE["services"]["caddy"]["networks"]["inside"]["ipv4_address"]
        assert settings.proxy_addresses == [proxy]
        assert settings.public_origin == "https://check.example"
        assert settings.database_url.endswith("@postgresql/calcinosis")


def test_the_proxy_reaches_the_port_that_the_image_serves() -> None:
    served = re.search(r'"--port", "(\d+)"', (ROOT / "Dockerfile").read_text("utf-8"))
    assert served
    reached = COMPOSE["services"]["caddy"]["environment"]["UPSTREAMS"].split()
    assert reached == [f"{name}:{served[1]}" for name in WEB]


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, one in COMPOSE["services"].items() if "ports" in one] == ["caddy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_web_containers_may_write_to_their_folder_only() -> None:
    for name in WEB:
        one = COMPOSE["services"][name]
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["volumes"] == ["var:/srv/var"]


def test_what_a_service_uses_is_declared() -> None:
    for one in COMPOSE["services"].values():
        mounted = {mount.partition(":")[0] for mount in one.get("volumes", [])}
        assert {name for name in mounted if not name.startswith("./")} <= set(COMPOSE["volumes"])
        assert set(one["networks"]) <= set(COMPOSE["networks"])
        assert set(one.get("depends_on", {})) <= set(COMPOSE["services"])


def test_the_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd-analyze is not installed")
    for file in UNITS:
        text = file.read_text("utf-8").replace(
            "/opt/calcinosis-check/.venv/bin/calcinosis-check", "/bin/true"
        )
        (tmp_path / file.name).write_text(text, "utf-8")
    files = [str(tmp_path / file.name) for file in UNITS]
    done = subprocess.run([systemd, "verify", "--man=no", *files], capture_output=True, check=False)
    said = [line for line in done.stderr.decode().splitlines() if "calcinosis" in line]
    assert said == []


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_a_service_is_little_exposed_as_systemd_counts_it(file: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd-analyze is not installed")
    # In tenths, from 0 to 100; a service that sets nothing has 96.
    ask = [systemd, "security", "--offline=true", "--no-pager", "--threshold=20", str(file)]
    done = subprocess.run(ask, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()[-300:]


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("Caddy is not installed; `make caddy` brings it")
    given = {"SITE_ADDRESS": "check.example", "UPSTREAMS": "127.0.0.1:8001 127.0.0.1:8002"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
    ask = [caddy, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(ask, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
