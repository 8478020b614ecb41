"""Running `gcloud` and `kubectl`. A command that fails ends the work with its own last words."""

import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from nightshift.control.baselines.gke.options import Options
from nightshift.control.baselines.gke.steps import Check, Command, Step, credentials
from nightshift.errors import NightshiftError, UserError

Files = Mapping[str, list[dict[str, Any]]]
Told = Callable[[str, str], None]
"""Is told of each step: what it is, and `done already`, `running` or `done`."""

_INSTALL = {
    "gcloud": "https://cloud.google.com/sdk/docs/install",
    "kubectl": "`gcloud components install kubectl gke-gcloud-auth-plugin`",
}


class CommandError(NightshiftError):
    """A command failed. Names it and says what it said last."""


def require_tools() -> None:
    """Raise `UserError` that names what is missing and where to get it."""
    for tool, where in _INSTALL.items():
        if shutil.which(tool) is None:
            raise UserError(f"{tool} is not installed or not on the PATH; see {where}")


def require_contexts(options: Options) -> None:
    """Raise `UserError` when kubectl does not know a cluster, with the command that makes it known."""
    known = output(("kubectl", "config", "get-contexts", "-o", "name")).split()
    for cluster in options.clusters:
        if cluster.context not in known:
            mend = shlex.join(credentials(options, cluster))
            raise UserError(
                f"kubectl has no context {cluster.context!r}; run `{mend}`, or name the context with "
                f"--cluster {cluster.name}:{cluster.location}:CONTEXT"
            )


def output(command: Command) -> str:
    """Return what a command prints. Raises `CommandError`."""
    result = _run(command, None)
    if result.returncode:
        raise CommandError(_failure(command, result))
    return result.stdout.strip()


def ask(command: Command) -> str | None:
    """Return what a command prints, or None when it fails."""
    result = _run(command, None)
    return None if result.returncode else result.stdout.strip()


def work_off(steps: Iterable[Step], files: Files, token: str | None, told: Told) -> None:
    """Do steps in order, but those that are done already. Raises `CommandError`, or `UserError`."""
    for step in steps:
        manifest = None if step.file is None else as_yaml(files[step.file])
        if step.done is not None and _is_done(step.done, manifest):
            told(step.what, "done already")
            continue
        told(step.what, "running")
        result = _run(step.command, _token(token) if step.reads_token else manifest)
        if result.returncode:
            raise CommandError(f"{step.what}: {_failure(step.command, result)}")
        told(step.what, "done")


def as_yaml(manifests: list[dict[str, Any]]) -> str:
    """Return manifests as a YAML stream."""
    text: str = yaml.safe_dump_all(manifests, sort_keys=False)
    return text


def state_of(command: Command) -> str:
    """Return `ready/wanted` of a cluster, or why that is not known."""
    answer = ask(command)
    if answer is None:
        return "no deployment, or no access"
    ready, _, wanted = answer.partition("/")
    return f"{ready or 0}/{wanted}"


def _is_done(check: Check, manifest: str | None) -> bool:
    result = _run(check.command, manifest)
    return result.returncode == 0 and set(check.wants) <= set(result.stdout.split())


def _token(token: str | None) -> str:
    if not token:
        raise UserError("the engines fetch the model with a Hugging Face token; set HF_TOKEN")
    return token


def _run(command: Command, text: str | None) -> subprocess.CompletedProcess[str]:
    argv = ["-" if word == "{file}" else word for word in command]
    try:
        return subprocess.run(argv, input=text or "", capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{argv[0]} is not installed; see {_INSTALL.get(argv[0], 'its site')}") from error


def _failure(command: Command, result: subprocess.CompletedProcess[str]) -> str:
    lines = (result.stderr or result.stdout).strip().splitlines()
    said = lines[-1] if lines else "it said nothing"
    return f"`{shlex.join(command)}` ended with status {result.returncode}: {said}"
