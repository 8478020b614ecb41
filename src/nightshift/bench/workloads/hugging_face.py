"""A data set of the Hugging Face hub, through the library `datasets`, for those who may have it.

The library comes with the extra `data` and is imported only here. Gated data sets need a token (HF_TOKEN, or
that of `hf auth login`) and that its owner has accepted their terms; Nightshift ships no copy of any.
HF_ENDPOINT names a mirror, as for everything that uses the library.
"""

import os
from collections.abc import Iterator
from typing import Any

from nightshift.bench.workloads.rows import Broken, Row
from nightshift.errors import UserError

_HUB = "https://huggingface.co"
_LONGEST_WHY = 200
_OR_A_FILE = "or give a JSONL or Parquet file"


def hub_rows(name: str, *, start: int, number: int | None) -> Iterator[tuple[str, Row | Broken]]:
    """Yield rows `start` to `start + number` of the data set's split `train`, as a stream.

    Raises `UserError` if the library is missing, or the hub refuses, has no such set or cannot be reached.
    """
    try:
        import datasets
    except ImportError as error:
        raise UserError(
            f"--data-path hf: {name} is read with the library `datasets`, which is not installed; "
            f"run `python -m pip install 'nightshift[data]'`, {_OR_A_FILE}"
        ) from error
    token = os.environ.get("HF_TOKEN", "").strip() or None
    try:
        rows = datasets.load_dataset(name, split="train", streaming=True, token=token).skip(start)
        if number is not None:
            rows = rows.take(number)
        yield from _numbered(rows, start)
    except (OSError, ValueError, datasets.exceptions.DatasetsError, *_transport_errors()) as error:
        raise UserError(f"--data-path hf: {_explained(name, error, has_token=token is not None)}") from error


def _numbered(rows: Any, start: int) -> Iterator[tuple[str, Row | Broken]]:  # noqa: ANN401 - `datasets` may be absent
    for number, row in enumerate(rows, start=start + 1):
        yield f"row {number}", row


def _transport_errors() -> tuple[type[Exception], ...]:
    """Return what the hub's client raises for connections that break; its library differs by version."""
    try:
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError:
        return ()
    # The HTTP library's own base of errors: requests' (an OSError), or httpx's.
    return tuple(
        kind for kind in HfHubHTTPError.__mro__ if kind.__name__ in ("HTTPError", "RequestException")
    )


def _explained(name: str, error: Exception, *, has_token: bool) -> str:
    """Say what went wrong and what mends it. Never the token."""
    causes = list(_causes(error))
    names = {type(one).__name__ for one in causes}
    codes = {getattr(getattr(one, "response", None), "status_code", 0) for one in causes}
    page = f"{_HUB}/datasets/{name}"
    said = " ".join(str(error).split())
    why = f"{type(error).__name__}: {said[:_LONGEST_WHY]}"
    if codes & {401, 403} or "GatedRepoError" in names or "gated dataset" in said:
        mend = (
            f"accept its terms on {page} with the account of HF_TOKEN, and see that the token is valid and "
            "may read gated repositories"
            if has_token
            else f"accept its terms on {page} and set HF_TOKEN to a token of that account"
        )
        return f"the hub does not let you read {name} ({why}); {mend}, {_OR_A_FILE}"
    if names & _MISSING:
        return f"the hub has no {name} that you may see ({why}); check its name and HF_TOKEN, {_OR_A_FILE}"
    if names & _UNREACHED or any(isinstance(one, ConnectionError | TimeoutError) for one in causes):
        return (
            f"{os.environ.get('HF_ENDPOINT', _HUB)} cannot be reached to read {name} ({why}); check network "
            "and proxy, unset HF_HUB_OFFLINE, set HF_ENDPOINT to a mirror, or download the set elsewhere "
            "and give a JSONL or Parquet file"
        )
    mend = (
        "try again later" if max(codes) >= _SERVER_ERROR else f"see that {page} has a split `train` of chats"
    )
    return f"cannot read {name} ({why}); {mend}, {_OR_A_FILE}"


_SERVER_ERROR = 500
_MISSING = {"DatasetNotFoundError", "RepositoryNotFoundError"}
_UNREACHED = {"OfflineModeIsEnabled", "ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError"}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
