"""Certificates for tests: an authority, and files of what it issues."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme


class Files(NamedTuple):
    certificate: Path
    key: Path


class Authority:
    """Writes what it issues into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self._count = 0
        self.path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.path))

    def issue(self, *names: str, not_after: datetime | None = None, into: Files | None = None) -> Files:
        """Issue a certificate for 127.0.0.1 and more names; `into` overwrites the files of another."""
        leaf = self._ca.issue_cert("127.0.0.1", *names, not_after=not_after)
        self._count += 1
        files = into or Files(self._folder / f"{self._count}.pem", self._folder / f"{self._count}.key")
        files.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        files.key.write_bytes(leaf.private_key_pem.bytes())
        return files


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Authority]:
    """Make an authority; each call makes another."""
    return lambda: Authority(tmp_path_factory.mktemp("authority"))
