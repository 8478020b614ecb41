"""Puts the tables of a run into a page, between two marks; what stands around them is left as it is."""

from pathlib import Path

from nightshift.errors import UserError

BEGIN = "<!-- from here to the end mark: `nightshift bench proxy --docs` -->\n"
END = "<!-- end of what `nightshift bench proxy --docs` writes -->\n"


def put_between(page: str, tables: str) -> str:
    """Return `page` with `tables` between the marks. Raises ValueError if it has not one of each."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"needs the lines {BEGIN.strip()} and {END.strip()}, once and in this order")
    return f"{before}{begin}\n{tables}\n{end}{after}"


def write_docs(page: Path, tables: str) -> None:
    """Write the tables into the file. Raises `UserError`."""
    try:
        page.write_text(put_between(page.read_text(), tables))
    except OSError as error:
        raise UserError(f"cannot write {page}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{page} {error}") from error
