"""Takes a picture of every page into screenshots/; open screenshots/index.html.

The patients' pages come from a server without clinics, the clinics' pages from the demo.
"""

import html
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.screenshots import clinics, patients
from scripts.screenshots.camera import FOLDER, LOOKS, Shot, take_all
from tests.running import serving

CHROMIUM = Path("/usr/bin/chromium")


def main() -> None:
    """Take all pictures, and make the page that shows them side by side."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    shots: list[Shot] = []
    with sync_playwright() as playwright:
        own = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **own)
        for pages in (patients.shots, clinics.shots):
            with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
                page_shots = list(pages(browser, server))
                take_all(browser, page_shots)
                shots += page_shots
    _index(shots)
    print(f"Open {FOLDER / 'index.html'}")


def _index(shots: Sequence[Shot]) -> None:
    rows = []
    for shot in shots:
        files = [shot.file(*look).name for look in LOOKS]
        pictures = "".join(f'<a href="{f}"><img loading="lazy" src="{f}"></a>' for f in files)
        rows.append(f"<h2>{html.escape(shot.name)}</h2><div>{pictures}</div>")
    style = "img{width:24%;vertical-align:top;border:1px solid #888;margin:2px}"
    page = f"<!doctype html><title>Screenshots</title><style>{style}</style>{''.join(rows)}"
    (FOLDER / "index.html").write_text(page)


if __name__ == "__main__":
    main()
