import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from matplotlib.figure import Figure

from nightshift.bench.figures import style
from nightshift.bench.measures import DEFINITIONS
from nightshift.bench.report import write_report
from nightshift.bench.report.page import render
from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

MakeResults = Callable[..., ResultFolder]


@pytest.fixture(scope="module")
def report(drawn: ResultFolder) -> tuple[ResultFolder, str]:
    return drawn, write_report(drawn).read_text(encoding="utf-8")


def test_the_page_is_whole_and_needs_nothing_else(report: tuple[ResultFolder, str], read_page: Any) -> None:
    _folder, markup = report
    page = read_page(markup)
    for element in page.walk():
        assert not element.attributes.get("src", "data:").partition("data:")[0]
        reference = element.attributes.get("href", "")
        assert not re.match(r"(?!data:)[a-z][a-z0-9+.-]*:|//", reference, re.IGNORECASE), reference
    assert not re.search(r"url\(|@import", markup)
    assert not page.all("script")


def test_links_lead_to_files_of_the_folder(report: tuple[ResultFolder, str], read_page: Any) -> None:
    folder, markup = report
    links = [link.attributes["href"] for link in read_page(markup).all("a")]
    assert "./systems/5-sky_pull_pull_rate_limit/rep-1/records-us-east-2.jsonl" in links
    assert "./figures/ttft.csv" in links
    for link in links:
        assert (folder.path / unquote(link)).exists(), link


def test_all_systems_have_a_row_with_the_numbers_of_the_summary(
    report: tuple[ResultFolder, str], read_page: Any
) -> None:
    folder, markup = report
    table = read_page(markup).all("table")[0]
    titles = [" ".join(cell.text.split()) for cell in table.all("thead")[0].all("th")]
    rows = [[cell.text for cell in row.children] for row in table.all("tbody")[0].all("tr")]
    assert len(rows) == 7
    for cells, system in zip(rows, folder.systems, strict=True):
        shown = dict(zip(titles, cells, strict=True))
        figures = system.figures
        assert system.legend in shown["System"]
        assert system.suffix in shown["System"]
        assert shown["Weighted throughput token/s"] == f"{figures['weighted_token_per_s']:,.0f}"
        assert float(shown["TTFT p90 s"]) == pytest.approx(figures["ttft_s"]["p90"], rel=0.006)
        assert shown["Failed"] == str(figures["failed"])
        assert shown["Unfinished"] == str(figures["unfinished"])
        assert shown["Handed over"] == str(figures["handed_over"])
    assert rows[6][titles.index("Prefix hit rate %")] == "–"
    assert int(rows[0][titles.index("Failed")]) > 0


def test_every_figure_of_the_summary_is_in_a_table(report: tuple[ResultFolder, str], read_page: Any) -> None:
    _folder, markup = report
    page = read_page(markup)
    heads = " ".join(
        " ".join(cell.text.split()) for table in page.all("table")[:6] for cell in table.all("th")
    )
    for part in ("mean", "p50", "p90", "p99"):
        for name in ("TTFT", "E2E", "TPOT", "Queued"):
            assert f"{name} {part} s" in heads
    for title in (
        "Client CPU",
        "In warm-up",
        "Without first token",
        "Weighted, in the window",
        "Finished requests 1/s",
        "Goodput %",
    ):
        assert title in heads


def test_each_region_has_its_table(report: tuple[ResultFolder, str], read_page: Any) -> None:
    folder, markup = report
    page = read_page(markup)
    assert [heading.text for heading in page.all("h3")][:2] == ["us-east-2", "ap-northeast-1"]
    far = page.all("table")[-2].all("tbody")[0].all("tr")
    shown = [int(row.all("td")[0].text) for row in far]
    assert shown == [s.figures["regions"]["ap-northeast-1"]["requests"] for s in folder.systems]


def test_pictures_are_inlined_with_words(report: tuple[ResultFolder, str], read_page: Any) -> None:
    _folder, markup = report
    figures = read_page(markup).all("figure")
    assert len(figures) == 17
    for figure in figures:
        (image,) = figure.all("img")
        kind, _, data = image.attributes["src"].partition("base64,")
        assert kind == "data:image/png;"
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")
        assert len(image.attributes["alt"]) > 20
        assert figure.all("figcaption")[0].text


def test_what_was_run_is_said(report: tuple[ResultFolder, str], read_page: Any) -> None:
    _folder, markup = report
    page = read_page(markup)
    assert page.all("span")[0].text == "Emulated engine: no GPU was used"
    facts = next(part for part in page.all("dl") if part.attributes["class"] == "facts")
    said = dict(zip([t.text for t in facts.all("dt")], [d.text for d in facts.all("dd")], strict=True))
    assert said["Regions"].startswith("us-east-2: 2 replicas, 60 users")
    assert said["WAN round trip (ms)"] == "us-east-2 - ap-northeast-1: 156"
    assert said["Command"] == "nightshift bench compare --systems 0-6 --workload arena_syn"
    assert said["Machine"] == "cpus: 2; model: a test; python: 3.11.2"
    assert (said["Seed"], said["Speed factor"], said["Version"]) == ("7", "4", "0.1.0")


def test_measures_are_defined_and_notes_given(report: tuple[ResultFolder, str], read_page: Any) -> None:
    _folder, markup = report
    text = " ".join(read_page(markup).text.split())
    for name, meaning in DEFINITIONS.items():
        assert name in text
        assert " ".join(meaning.split()) in text
    assert "emulation of the GKE multi-cluster gateway" in text
    assert "their overhead looks 4 times larger than it is" in text
    assert "made up for a test" in text


def test_figures_are_defined_beside_them_and_named_as_elsewhere(
    report: tuple[ResultFolder, str], read_page: Any
) -> None:
    page = read_page(report[1])
    figures = [element for element in page.all("figure") if element.all("img") or element.all("svg")]
    assert figures
    assert sum(bool(figure.all("details")) for figure in figures) >= len(figures) // 2
    assert "What other tools call it" in page.text


def test_unknown_keys_of_a_run_are_shown_too(make_results: MakeResults) -> None:
    folder = make_results(count=1, a_new_key=["x", {"depth": 2}], emulated=False, engine="llama.cpp", speed=1)
    (folder.path / "figures").mkdir()
    (folder.path / "figures" / "index.json").write_text('{"figures": [], "left_out": []}')
    markup = render(folder)
    assert "<dt>A new key</dt><dd>x, 2 depth</dd>" in markup
    assert "Real engine" in markup
    assert "faster than real time" not in markup


HOSTILE = "\"><script>alert(1)</script><img src=http://a.example/ onerror='x'>$title & co"


def test_hostile_names_stay_text(
    make_results: MakeResults, read_page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each figure has its words; pictures are empty (`test_names_of_any_kind_are_drawn_as_text` draws)."""
    monkeypatch.setattr(Figure, "savefig", lambda _figure, path, **_options: path.write_bytes(b""))
    monkeypatch.setattr(style, "lay_out", lambda _figure: None)
    folder = make_results(
        count=2,
        experiment=HOSTILE,
        engine=HOSTILE,
        workload=HOSTILE,
        notes=[HOSTILE],
        machine={HOSTILE: HOSTILE},
        command=HOSTILE,
        version=HOSTILE,
    )
    path = folder.path / "summary.json"
    summary = orjson.loads(path.read_bytes())
    for row in summary["systems"]:
        row["legend"] = HOSTILE
        row["regions"] = {HOSTILE: row["regions"]["us-east-2"]}
    path.write_bytes(orjson.dumps(summary))
    page = read_page(write_report(ResultFolder(folder.path)).read_text(encoding="utf-8"))
    assert not page.all("script")
    assert all(image.attributes["src"].startswith("data:image/png") for image in page.all("img"))
    assert all(not key.startswith("on") for element in page.walk() for key in element.attributes)
    assert page.all("h1")[0].text == HOSTILE
    assert HOSTILE in [heading.text for heading in page.all("h3")]


def test_a_report_draws_what_was_never_drawn(make_results: MakeResults) -> None:
    folder = make_results(count=1)
    (folder.repetition_path(folder.systems[0], 1) / "samples.jsonl").unlink()  # there is less to draw
    assert "data:image/png" in write_report(folder).read_text(encoding="utf-8")
    assert (folder.path / "figures" / "throughput.png").is_file()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.json is missing"):
        write_report(ResultFolder(tmp_path))
    assert not (tmp_path / "report.html").exists()
