"""What stands around the marks is left alone, and a page without them is not touched."""

from pathlib import Path

import pytest

from nightshift.bench.proxy.docs import BEGIN, END, put_between, write_docs
from nightshift.errors import UserError


def test_only_what_is_between_the_marks_changes() -> None:
    page = f"prose\n{BEGIN}old\n{END}more\n"
    new = put_between(page, "new")
    assert new == f"prose\n{BEGIN}\nnew\n{END}more\n"
    assert put_between(new, "new") == new


@pytest.mark.parametrize(
    "page", ["none", f"{END}{BEGIN}", f"{BEGIN}only the first", f"{BEGIN}{END}{END}", f"{BEGIN}{BEGIN}{END}"]
)
def test_a_page_without_its_marks_is_refused(tmp_path: Path, page: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(page)
    with pytest.raises(UserError, match="needs the lines"):
        write_docs(path, "new")
    assert path.read_text() == page


def test_the_documentation_has_its_marks() -> None:
    put_between((Path(__file__).parents[3] / "docs" / "performance.md").read_text(), "")
