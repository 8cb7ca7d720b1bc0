"""Every setting that can be given from outside, each as an environment variable CALCINOSIS_<NAME>.

Knows no rules and no pages, and opens nothing: it says where things are, and no more.
README.md lists the same names; a test holds the two together.
"""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds app/, rules/, templates/, static/ and migrations/."""

PREFIX = "CALCINOSIS_"
FOR_TESTS_ONLY = frozenset({"CALCINOSIS_REWRITE", "CALCINOSIS_SOAK"})
"""Variables that the tests read and the server does not."""


def load_settings() -> "Settings":
    """Give the settings of this environment; raise SettingsFaults that names all that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (
            ": ".join([*(f"{PREFIX}{name}".upper() for name in fault["loc"][:1]), fault["msg"]])
            for fault in error.errors(include_input=False)
        )
        raise SettingsFaults(tuple(faults)) from None


class SettingsFaults(Exception):
    """Some settings cannot be used; `faults` holds a sentence for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseSettings):
    """The settings of one running server or command."""

    # A database address may hold a password, so no error repeats what was given.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    rules: Path = Field(ROOT / "rules", description="The folder of the rulebook.")
    var: Path = Field(
        ROOT / "var", description="The folder of what the server makes: its key and its database."
    )
    database_url: str = Field(
        "",
        repr=False,
        description="The database: sqlite:///FILE or postgresql://...; a file in var if not given.",
    )
    host: str = Field("127.0.0.1", description="The address that the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port that the server listens on.")
    trusted_origin: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+$",
        description="The public address, where a proxy hides it from the server: https://NAME.",
    )
    trusted_proxies: str = Field(
        "",
        description="Proxies that say where a request comes from: addresses or networks, by comma.",
    )

    mail_server: str = Field(
        "",
        repr=False,
        pattern=r"^(smtps?://[^\s/]+)?$",
        description="The server that takes alarms by e-mail: smtps://USER:PASSWORD@HOST, or smtp.",
    )
    mail_from: str = Field(
        "",
        pattern=r"^([^\s@<>]+@[^\s@<>]+)?$",
        description="The address that alarms by e-mail come from.",
    )

    backup_recipient: str = Field(
        "",
        pattern=r"^(age1[a-z0-9]{20,})?$",
        description="For whom backups are sealed: age1..., as `calcinosis-check backup-key` says.",
    )

    operator_name: str = Field(
        "", description="Who runs this website, as patients read it where advice seems wrong."
    )
    operator_address: str = Field(
        "", description="Where they are written to: an e-mail address, or one by post on one line."
    )
    operator_telephone: str = Field(
        "",
        pattern=r"^(\+?\d[\d ]{2,24})?$",
        description="Where they are called: digits and spaces, such as +44 20 7946 0000.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxy_addresses(cls, text: str) -> str:
        """A name, a slip or a star would let visitors choose the address that limits count by."""
        for part in filter(None, map(str.strip, text.split(","))):
            ip_network(part)
        return text

    @model_validator(mode="after")
    def _refuse_unknown_variables(self) -> Self:
        """A setting with a slip in its name would be left out without a word."""
        known = {f"{PREFIX}{name}".upper() for name in type(self).model_fields} | FOR_TESTS_ONLY
        unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
        unknown = [name for name in unknown if name.upper() not in known]
        if unknown:
            allowed = ", ".join(sorted(known - FOR_TESTS_ONLY))
            raise ValueError(f"unknown setting {', '.join(unknown)}; the settings are {allowed}")
        return self

    @property
    def effective_database_url(self) -> str:
        """The database address to use, given or not."""
        return self.database_url or f"sqlite:///{self.var / 'calcinosis.db'}"

    @property
    def proxy_addresses(self) -> list[str]:
        """The proxies whose word is taken; none unless they are given."""
        return [part.strip() for part in self.trusted_proxies.split(",") if part.strip()]

    @property
    def master_key_file(self) -> Path:
        """The file of the keys to what is sealed in the database."""
        return self.var / "master.key"

    @property
    def public_origin(self) -> str:
        """The address that people see in links."""
        return self.trusted_origin or f"http://{self.host}:{self.port}"
