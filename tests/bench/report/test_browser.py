"""The page in headless Chromium: desktop, phone, paper. Where there is no browser the tests say so."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nightshift.bench.report import write_report
from nightshift.bench.results import ResultFolder

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")

PROBE = """<script>
const images = [...document.images];
images.forEach((image) => { image.loading = "eager"; });
addEventListener("load", () => parent.postMessage([
  document.documentElement.scrollWidth, innerWidth,
  images.length, images.filter((image) => image.naturalWidth > 0).length,
  images.filter((image) => image.width > innerWidth).length,
].join(" "), "*"));
</script></body>"""
LISTEN = """<script>addEventListener("message", (event) => { document.title = event.data; });</script>"""


def browse(profile: Path, *arguments: str) -> str:
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={profile}", "--virtual-time-budget=20000", *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def page(repeated: ResultFolder) -> Path:
    return write_report(repeated)


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page: Path, tmp_path: Path, width: int) -> None:
    # A headless window is never narrower than 500 pixels, so that the phone is a frame in it.
    text = page.read_text(encoding="utf-8").replace("</body>", PROBE)
    (tmp_path / "probed.html").write_text(text, encoding="utf-8")
    frame = tmp_path / "frame.html"
    style = f"width:{width}px;height:900px;border:0"
    frame.write_text(f'{LISTEN}<iframe src="probed.html" style="{style}"></iframe>', encoding="utf-8")
    dumped = browse(
        tmp_path / "profile", "--window-size=1400,1000", "--dump-dom",
        frame.as_uri(),
    )  # fmt: skip
    found = re.search(r"<title>(\d+) (\d+) (\d+) (\d+) (\d+)</title>", dumped)
    assert found is not None, dumped[:500]
    content, window, images, drawn, too_wide = (int(group) for group in found.groups())
    assert window == width
    assert content <= window
    assert images == drawn > 5
    assert too_wide == 0


@needs_browser
def test_it_prints(page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    browse(tmp_path / "profile", f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri())
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(data) > 50_000
