"""Links from the page to the raw files that are really there, relative to the page."""

from pathlib import Path
from urllib.parse import quote

from nightshift.bench.figures.names import numbered_name
from nightshift.bench.report.html import Html, element
from nightshift.bench.results import ResultFolder


def file_links(folder: ResultFolder) -> Html:
    """List the files of the run and those of each system."""
    items = [_item("The run", [folder.path / "run.json", folder.path / "summary.json"], folder.path)]
    for system in folder.systems:
        for number in folder.repetitions(system):
            path = folder.repetition_path(system, number)
            files = [*sorted(path.glob("*.json")), *sorted(path.glob("*.jsonl")), path / "logs"]
            items.append(_item(f"{numbered_name(system.figures)}, repetition {number}", files, folder.path))
    return element("ul", *items, class_="files")


def _item(name: str, files: list[Path], root: Path) -> Html:
    links = [_link(path, root) for path in files if path.exists()]
    return element("li", f"{name}: ", Html(", ".join(links)) if links else "no files")


def _link(path: Path, root: Path) -> Html:
    """Link a file; the leading dot keeps a colon in a name from being read as a scheme."""
    return element("a", path.name, href="./" + quote(path.relative_to(root).as_posix()))
