"""What people read: every link of it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui_draggan.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "artifacts/*/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:")):
            continue
        name, _, heading = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), f"{page} leads to {link}, which is not there"
        if heading:
            assert heading in anchors(target.read_text()), (
                f"{page} leads to {link}: no such heading"
            )


def test_every_page_of_docs_is_reached() -> None:
    """From README.md, over any number of pages."""
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert not {ROOT / page for page in PAGES if page.parts[0] == "docs"} - reached


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/headless.md", "Makefile"])
def test_the_edit_that_is_shown_everywhere_arrives(page: str, tmp_path: Path) -> None:
    """The cat of seed 6 grows an ear: `make demo`, the tutorial, the moving picture."""
    found = re.search(r"--seed \d+ --point [\d,:]+", (ROOT / page).read_text())
    assert found is not None, f"{page} shows another edit"
    out = str(tmp_path / "edited.png")
    assert main(["drag", *found[0].split(), "--engine", "ort", "--out", out]) == 0


def anchors(text: str) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
