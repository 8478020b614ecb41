"""`nightshift keys`: what it prints is what a balancer takes, and the key is shown once."""

from typer.testing import CliRunner

from nightshift.errors import UserError
from nightshift.proxy.access.command import app
from nightshift.proxy.access.key_files import digest_of
from nightshift.proxy.access.settings import KeySettings


def test_a_new_key_and_its_line() -> None:
    limits = ["--requests-per-minute", "5", "--tokens-per-minute", "70", "--model", "a", "--model", "b"]
    result = CliRunner().invoke(
        app, ["new", "--id", "alice", *limits, "--tenant", "lab", "--expires", "2027-01-31"]
    )
    key, line = result.stdout.splitlines()
    settings = KeySettings.model_validate_json(line)
    assert settings.sha256 == digest_of(key)
    assert key not in line
    assert (settings.id, settings.requests_per_minute, settings.tokens_per_minute) == ("alice", 5, 70)
    assert (settings.models, settings.tenant) == (("a", "b"), "lab")
    assert settings.expires is not None
    assert settings.expires.isoformat() == "2027-01-31T00:00:00+00:00"


def test_the_line_of_a_key_from_elsewhere() -> None:
    key = "sk-" + "0123456789abcdef" * 2
    result = CliRunner().invoke(app, ["hash", "--id", "bob"], input=f"{key}\n")
    assert KeySettings.model_validate_json(result.stdout) == KeySettings(id="bob", sha256=digest_of(key))


def test_what_cannot_be_stored_is_said_in_one_line() -> None:
    for arguments, given, words in (
        (["new", "--id", "a b"], "", "--id a b: letters"),
        (["hash", "--id", "a"], "", "no key on standard input"),
        (["hash", "--id", "a"], "guess-me\n", "could be guessed"),
    ):
        error = CliRunner().invoke(app, arguments, input=given).exception
        assert isinstance(error, UserError)
        assert words in str(error)
        assert "\n" not in str(error)
        assert "guess-me" not in str(error)
