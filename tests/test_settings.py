"""The settings: what they are by themselves, and what is refused."""

from pathlib import Path

import pytest

from app.settings import ROOT, Settings, SettingsFaults, load_settings

NAMES = [f"CALCINOSIS_{name}".upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.rules == ROOT / "rules"
    assert settings.effective_database_url == f"sqlite:///{ROOT}/var/calcinosis.db"
    assert (settings.host, settings.port, settings.trusted_origin) == ("127.0.0.1", 8000, None)


def test_the_database_moves_with_the_var_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path))
    assert load_settings().effective_database_url == f"sqlite:///{tmp_path}/calcinosis.db"


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCINOSIS_RULES", "")
    assert load_settings().rules == ROOT / "rules"


def test_a_slip_in_a_name_is_refused_and_the_names_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALCINOSIS_RULE", "rules")
    with pytest.raises(SettingsFaults, match="unknown setting CALCINOSIS_RULE;") as refused:
        load_settings()
    assert all(name in str(refused.value) for name in NAMES)


def test_every_fault_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCINOSIS_PORT", "99999")
    monkeypatch.setenv("CALCINOSIS_TRUSTED_ORIGIN", "example.org")
    with pytest.raises(SettingsFaults) as refused:
        load_settings()
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [
        "CALCINOSIS_PORT",
        "CALCINOSIS_TRUSTED_ORIGIN",
    ]


def test_a_password_in_the_database_address_is_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "postgresql://nurse:open-sesame@db/check")
    assert "open-sesame" not in repr(load_settings())
    monkeypatch.setenv("CALCINOSIS_PORT", "none")
    with pytest.raises(SettingsFaults) as refused:
        load_settings()
    assert "open-sesame" not in str(refused.value)


def test_a_setting_cannot_change_while_the_server_runs() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


@pytest.mark.parametrize("given", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.1,*", "10.0.0"])
def test_only_addresses_are_trusted_as_proxies(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("CALCINOSIS_TRUSTED_PROXIES", given)
    with pytest.raises(SettingsFaults, match="CALCINOSIS_TRUSTED_PROXIES"):
        load_settings()


def test_no_proxy_is_trusted_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().proxy_addresses == []
    monkeypatch.setenv("CALCINOSIS_TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16,fd00::/8")
    assert load_settings().proxy_addresses == ["10.0.0.1", "10.1.0.0/16", "fd00::/8"]


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_stands_in_the_readme(name: str) -> None:
    assert f"`{name}`" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_its_meaning_in_one_line(name: str) -> None:
    meaning = Settings.model_fields[name].description
    assert meaning is not None
    assert "\n" not in meaning
