"""What is not installed says how to install it; what is, which version it is."""

from pathlib import Path

import pytest

from nightshift.bench.proxy.peers import (
    PINNED,
    Found,
    Missing,
    install,
    python_package,
    system_program,
    version_in,
)
from nightshift.errors import UserError


def test_a_package_that_is_not_there(tmp_path: Path) -> None:
    missing = python_package("smg", tmp_path / "none")
    assert isinstance(missing, Missing)
    assert "nightshift bench proxy --install-peers" in missing.hint
    assert PINNED["smg"] in missing.hint


def test_a_package_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "lib/python3.11/site-packages/vllm_router-0.1.17.dist-info").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    assert python_package("vllm-router", tmp_path) == Found(str(tmp_path / "bin/python"), "0.1.17")
    assert isinstance(python_package("smg", tmp_path), Missing)


def test_a_program_of_the_system() -> None:
    assert isinstance(system_program("env", "coreutils", "--version"), Found)
    assert system_program("no-such-proxy", "proxyd", "-v") == Missing("apt-get install proxyd")


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("nginx version: nginx/1.22.1\n", "1.22.1"),
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12-1+deb12u4"),
        ("", "unknown"),
    ],
)
def test_version_banners(banner: str, version: str) -> None:
    assert version_in(banner) == version


def make_python(venv: Path, status: int) -> None:
    """Put a program that notes its arguments and ends with `status` where a virtualenv has its Python."""
    python = venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" > {venv}/said\nexit {status}\n')
    python.chmod(0o755)


def test_install_asks_for_the_pinned_versions(tmp_path: Path) -> None:
    make_python(tmp_path, 0)
    install(tmp_path)
    said = (tmp_path / "said").read_text().split()
    assert said[:2] == ["-m", "pip"]
    assert {"sglang-router==0.3.2", "vllm-router==0.1.17", f"litellm[proxy]=={PINNED['litellm']}"} < set(said)


def test_a_failed_install_says_what_failed(tmp_path: Path) -> None:
    make_python(tmp_path, 1)
    with pytest.raises(UserError, match=r"-m pip .*see above"):
        install(tmp_path)
