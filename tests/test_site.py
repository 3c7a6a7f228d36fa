"""The site: no link is dead, nothing comes from elsewhere, widgets live on it."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from tests.site_cases import PHONE, RUN, Built, Page, dead_links, elsewhere
from website import build, links, pages

LESSON = f"lessons/{RUN}.html"


def test_sphinx_finds_nothing_wrong(built: Built) -> None:
    assert built.warnings == ""


def test_every_lesson_has_a_page_slides_and_its_notebook(built: Built) -> None:
    for name in build.notebooks():
        for file in (f"lessons/{name}.html", f"slides/{name}.html",
                     f"notebooks/{name}.ipynb"):
            assert (built.folder / file).is_file()


def test_every_guide_is_there(built: Built) -> None:
    guides = [*links.ROOT.glob("guide/*.md"), links.ROOT / "TEACHING.md"]
    for guide in guides:
        page = guide.relative_to(links.ROOT).with_suffix(".html")
        assert not guide.is_file() or (built.folder / page).is_file()


def test_no_link_is_dead(built: Built) -> None:
    assert dead_links(built.folder) == []


def test_a_dead_link_picture_and_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("<h1 id=top></h1>")
    (tmp_path / "page.html").write_text(
        '<a href="there.html#top"></a><a href="there.html#bottom"></a>'
        '<a href="gone.html"></a><img src="gone.png"><a href="#nowhere"></a>')
    assert sorted(dead_links(tmp_path)) == [
        "page.html: #nowhere", "page.html: gone.html", "page.html: gone.png",
        "page.html: there.html#bottom"]


def test_nothing_is_loaded_from_elsewhere(built: Built) -> None:
    files = [p for p in built.folder.rglob("*") if p.suffix in (".html", ".js", ".css")]
    found = {p.name: elsewhere(p.name, p.read_text("utf-8")) for p in files
             if "code" not in p.relative_to(built.folder).parts}
    assert {name: there for name, there in found.items() if there} == {}


@pytest.mark.parametrize("text", [
    '<script src="https://cdn.example.org/a.js"></script>',
    '<link rel="stylesheet" href="//fonts.example.org/a.css">',
    "<style>@import url('https://example.org/a.css')</style>",
    '<script>fetch("https://example.org/a.json")</script>',
])
def test_what_would_be_loaded_from_elsewhere_is_found(text: str) -> None:
    assert elsewhere("page.html", text)


def test_a_link_to_a_paper_loads_nothing() -> None:
    assert elsewhere("page.html", '<a href="https://example.org/paper.pdf">p</a>') == []


def test_no_page_holds_a_path_of_this_machine(built: Built) -> None:
    here = [str(links.ROOT), str(built.folder), str(Path.home())]
    texts = [p for p in built.folder.rglob("*") if p.suffix in (
        ".html", ".js", ".css", ".txt", ".inv", ".json", ".ipynb")]
    found = [(path.name, place) for path in texts for place in here
             if place != "/" and place.encode() in path.read_bytes()]
    assert found == []


def test_a_lesson_shows_its_widgets_and_without_scripts_their_pictures(
    built: Built,
) -> None:
    text = (built.folder / LESSON).read_text("utf-8")
    places = re.findall(r'<div class="widget".*?</div>', text, re.DOTALL)
    assert len(places) == len(built.widgets[RUN]) >= 1
    assert all(re.search(r'<img[^>]* alt="[^"]{20,}"', place) for place in places)


def test_without_scripts_a_widgets_picture_is_to_be_seen(seen: Callable) -> None:
    found = seen(LESSON, java_script_enabled=False)
    assert found.page.locator(".widget img").first.is_visible()
    assert found.page.locator(".widget iframe").count() == 0


def test_no_page_shows_the_answer_of_a_question(built: Built) -> None:
    for name in build.notebooks():
        page = (built.folder / f"lessons/{name}.html").read_text("utf-8")
        assert ">why</span>" not in page


def test_solutions_and_hints_are_folded(built: Built) -> None:
    text = (built.folder / LESSON).read_text("utf-8")
    assert text.count("<summary>Solution of exercise") >= 3
    assert "<details open" not in text


def test_the_front_page_says_how_long_each_lesson_takes(built: Built) -> None:
    text = (built.folder / "index.html").read_text("utf-8")
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)[1:]
    told = [pages.facts(notebook) for notebook in build.notebooks().values()]
    assert len(rows) == len(told)
    for row, fact in zip(rows, told, strict=True):
        assert f"<p>{fact.minutes}</p>" in row and fact.title in row


def test_pages_lead_on_to_the_next(built: Built) -> None:
    names = list(build.notebooks())
    for name, following in zip(names, names[1:], strict=False):
        page = Page((built.folder / f"lessons/{name}.html").read_text("utf-8"))
        assert f"{following}.html" in page.links


@pytest.mark.parametrize("module", [links, pages], ids=lambda module: module.__name__)
def test_the_examples_of_the_builder_are_true(module: object) -> None:
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


def test_links_of_the_repository_lead_to_pages() -> None:
    wanted: list[PurePosixPath] = []
    text = ("[a](../lessons/03_assembling.md#recap) [b](../ifcn_lab/grid.py#L3) "
            "`[c](nowhere.md)` [d](https://example.org)")
    made = links.rewritten(text, PurePosixPath("guide/x.md"), wanted.append)
    assert made == ("[a](../lessons/03_assembling.md#recap) "
                    "[b](../code/ifcn_lab/grid.py.md) "
                    "`[c](nowhere.md)` [d](https://example.org)")
    assert [path.name for path in wanted] == ["03_assembling.md", "grid.py"]


def test_a_link_to_nothing_is_said_with_its_page() -> None:
    with pytest.raises(ValueError, match=r"guide/x.md links to gone.md"):
        links.rewritten("[a](gone.md)", PurePosixPath("guide/x.md"), print)


def test_a_folder_that_is_no_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(ValueError, match="holds something that is no site"):
        build.cleared(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize("disk", [True, False], ids=["disk", "server"])
def test_a_widget_on_a_lesson_page_follows_the_keys(seen: Callable, disk: bool) -> None:
    found = seen(LESSON, disk=disk)
    frame = found.page.locator('iframe[title^="ShiftExplorer"]')
    frame.scroll_into_view_if_needed()
    widget = frame.content_frame
    before = widget.locator(".ifcn-words").inner_text()
    widget.locator(".ifcn-sheet[tabindex]").first.press("ArrowRight")
    words = widget.locator(".ifcn-words")
    words.filter(has_not_text=before).wait_for()
    assert words.inner_text() != before
    assert found.wrong == []


def test_a_widget_on_the_front_page_follows_the_pointer(seen: Callable) -> None:
    found = seen("index.html")
    widget = found.page.locator("iframe").content_frame
    sheet = widget.locator(".ifcn-sheet[tabindex]").first
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    before = widget.locator(".ifcn-words").inner_text()
    left, middle = box["x"] + 0.28 * box["width"], box["y"] + box["height"] / 2
    found.page.mouse.move(left, middle)                  # the left one of two discs
    found.page.mouse.down()
    found.page.mouse.move(left + 20, middle + 30, steps=4)
    found.page.mouse.up()
    widget.locator(".ifcn-words").filter(has_not_text=before).wait_for()
    assert found.wrong == []


@pytest.mark.parametrize("disk", [True, False], ids=["disk", "server"])
def test_search_finds_a_word_and_leads_to_its_page(seen: Callable, disk: bool) -> None:
    found = seen("index.html", disk=disk)
    found.page.fill("input[name=q]", "equivariance")
    found.page.press("input[name=q]", "Enter")
    link = found.page.locator("#search-results a", has_text="Translation invariance")
    link.first.click()
    found.page.wait_for_url(f"**/{LESSON}**")
    assert "equivariance" in found.page.locator("article").inner_text()
    assert found.wrong == []


def test_the_switch_turns_page_and_widget_dark(seen: Callable) -> None:
    found = seen("index.html", color_scheme="light")
    widget = found.page.locator("iframe").content_frame
    widget.locator(".ifcn").wait_for()
    paper = "e => getComputedStyle(e).colorScheme"
    assert widget.locator("html").evaluate(paper) == "light"
    for _ in range(3):  # the switch goes through automatic, light and dark
        found.page.locator(".theme-toggle").locator("visible=true").first.click()
        if found.page.locator("body").get_attribute("data-theme") == "dark":
            break
    widget.locator("html[style*=dark]").wait_for(state="attached")
    ink = widget.locator(".ifcn").evaluate("e => getComputedStyle(e).color")
    assert min(map(int, re.findall(r"\d+", ink)[:3])) > 200
    assert found.wrong == []


def test_no_page_is_wider_than_a_phone(built: Built, seen: Callable) -> None:
    found = seen("index.html", size=PHONE)
    wide = []
    for path in built.pages():
        name = path.relative_to(built.folder).as_posix()
        if name.startswith(("code/", "slides/0", "slides/widgets")):
            continue
        found.page.goto(path.as_uri())
        if path.parent.name in ("widgets", "tour") and path.stem != "index":
            found.page.wait_for_selector(".ifcn")
        across = found.page.evaluate("document.documentElement.scrollWidth")
        wide += [(name, across)] if across > PHONE["width"] else []
    assert wide == []
