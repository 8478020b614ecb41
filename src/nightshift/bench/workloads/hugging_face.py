"""A data set of the Hugging Face hub, through the library `datasets`, for those who may have it.

The library comes with the extra `data` and is imported only here. Gated data sets need a token in HF_TOKEN
and that its owner has accepted their terms; Nightshift ships no copy of any.
"""

import os
from collections.abc import Iterator
from typing import Any

from nightshift.bench.workloads.rows import Broken, Row
from nightshift.errors import UserError


def hub_rows(name: str, *, start: int, number: int | None) -> Iterator[tuple[str, Row | Broken]]:
    """Yield rows `start` to `start + number` of the data set's split `train`, as a stream.

    Raises `UserError` if the library or the token is missing, or the hub refuses or cannot be reached.
    """
    try:
        import datasets
    except ImportError as error:
        raise UserError(
            f"--data-path hf: {name} is read with the library `datasets`, which is not installed; "
            "run `python -m pip install 'nightshift[data]'`, or give a JSONL or Parquet file"
        ) from error
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise UserError(
            f"--data-path hf: {name} needs a token; accept the data set's terms on "
            f"https://huggingface.co/datasets/{name} and set HF_TOKEN, or give a JSONL or Parquet file"
        )
    try:
        rows = datasets.load_dataset(name, split="train", streaming=True, token=token).skip(start)
        if number is not None:
            rows = rows.take(number)
        yield from _numbered(rows, start)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            f"--data-path hf: cannot read {name}: {type(error).__name__}: {str(error)[:200]}; check that "
            "HF_TOKEN may read it and that huggingface.co can be reached, or give a JSONL or Parquet file"
        ) from error


def _numbered(rows: Any, start: int) -> Iterator[tuple[str, Row | Broken]]:  # noqa: ANN401 - `datasets` may be absent
    for number, row in enumerate(rows, start=start + 1):
        yield f"row {number}", row
