"""A backup as a file: what it says of itself and its parts, sealed for whoever may bring it back.

It is a tar, sealed in the age format (https://age-encryption.org/v1) for a recipient: the server
holds no key that opens it. A file is there whole, or not at all.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import pyrage

FORMAT = 1
MANIFEST = "manifest.json"


class BadBackup(Exception):
    """The backup cannot be used; the message says why, and what would do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    `part`: "data", or "keys" for the keys of records alone. `made_at`: ISO 8601 with its zone.
    `revision`: the newest migration. `installation`: the same for all that goes with one master
    key. `digests`: part -> SHA-256 of its bytes.
    """

    format: int
    part: str
    made_at: str
    database: str
    revision: str
    installation: str
    digests: Mapping[str, str]


def parse_recipient(text: str) -> pyrage.x25519.Recipient:
    """Who may open a backup: `age1...`. Raises BadBackup."""
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise BadBackup(
            "the recipient is none: it begins with age1, as `backup-key` prints it"
        ) from None


def read_identity(file: Path) -> pyrage.x25519.Identity:
    """The key that opens backups, from its file. Raises OSError or BadBackup."""
    lines = [line for line in file.read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    try:
        (line,) = lines
        return pyrage.x25519.Identity.from_str(line.strip())
    except (ValueError, pyrage.IdentityError):
        raise BadBackup(f"{file} holds no key: it is the file that `backup-key` made") from None


def make_identity() -> tuple[str, str]:
    """A new key that opens backups, and the recipient that goes with it."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def write_archive(
    target: Path, about: Manifest, parts: Mapping[str, Path], recipient: pyrage.x25519.Recipient
) -> None:
    """Write the parts and what is said of them, sealed; nobody else may read the file."""
    digests = {name: _digest_file(file) for name, file in parts.items()}
    said = json.dumps({**asdict(about), "digests": digests}).encode()
    plain, sealed = (target.with_name(f".{target.name}.{word}") for word in ("tar", "part"))
    try:
        with _open_private(plain) as handle, tarfile.open(fileobj=handle, mode="w") as tar:
            _add_bytes(tar, MANIFEST, said)
            for name, file in parts.items():
                tar.add(file, arcname=name, filter=_without_owner)
        _open_private(sealed).close()
        pyrage.encrypt_file(str(plain), str(sealed), [recipient])
        with sealed.open("rb") as handle:
            os.fsync(handle.fileno())
        sealed.rename(target)
    finally:
        plain.unlink(missing_ok=True)
        sealed.unlink(missing_ok=True)


def open_archive(source: Path, identity: pyrage.x25519.Identity, folder: Path) -> Manifest:
    """Put the parts into the folder; give what the backup says of itself.

    Raises OSError, or BadBackup for one that is damaged, cut short, sealed for another key, or made
    by a newer program.
    """
    plain = folder / ".opened.tar"
    source.open("rb").close()  # what keeps it from being read is told as it is
    try:
        _open_private(plain).close()
        pyrage.decrypt_file(str(source), str(plain), [identity])
    # For a damaged file the library raises the one or the other.
    except (pyrage.DecryptError, OSError) as problem:
        plain.unlink(missing_ok=True)
        raise BadBackup(
            f"{source} does not open ({problem}): it is damaged or cut short, "
            "or was sealed for another key"
        ) from None
    try:
        with tarfile.open(plain) as tar:
            said = json.loads(_read_member(tar, MANIFEST))
            if said.get("format") != FORMAT:
                raise BadBackup(
                    f"{source} was made by a newer program: bring it back with that one"
                )
            about = Manifest(**said)
            for name, digest in about.digests.items():
                _extract_member(tar, name, folder / name, digest)
    except (tarfile.TarError, KeyError, TypeError, ValueError) as problem:
        raise BadBackup(f"{source} is damaged ({type(problem).__name__})") from None
    finally:
        plain.unlink(missing_ok=True)
    return about


def _extract_member(tar: tarfile.TarFile, name: str, target: Path, digest: str) -> None:
    """Only what the manifest names comes out, under that name alone."""
    if Path(name).name != name:
        raise ValueError(name)
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    seen = hashlib.sha256()
    with _open_private(target) as handle:
        while block := member.read(1 << 20):
            seen.update(block)
            handle.write(block)
    if seen.hexdigest() != digest:
        raise ValueError(name)


def _read_member(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member.read()


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _open_private(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _digest_file(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
