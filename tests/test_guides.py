"""The guides: links lead somewhere, and what is named in them exists."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from ifcn_lab.__main__ import parse
from ifcn_lab.league.paper import PAPER_TABLES
from tests.markdown_pages import (
    ROOT,
    anchors,
    broken,
    headings,
    pages,
    section,
    shown_commands,
)

GUIDE = ROOT / "guide"
MAP, GLOSSARY = GUIDE / "paper_to_code.md", GUIDE / "glossary.md"
BIBLIOGRAPHY, TEACHING = GUIDE / "bibliography.md", ROOT / "TEACHING.md"


# The pages of website/ are templates: the site's own test checks the built pages.
PAGES = [page for page in pages() if page.relative_to(ROOT).parts[0] != "website"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One thing\n[a](b.md) [b](#one-thing) [c](#two) ![p](no.png)\n"
                    "`[d](e.md)` [e](https://example.org) [f](a.md#one-thing)\n")
    assert broken(page) == ["b.md", "#two", "no.png"]


def test_anchors_are_githubs(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# Which cell? First `wrong`\n## mAP^r\n## mAP^r\n```\n# no\n```\n")
    assert anchors(page) == {"which-cell-first-wrong", "mapr", "mapr-1"}


# From paper to code


class Statement(NamedTuple):
    """One statement of the method: its lines by their first words."""

    title: str
    quote: str
    lines: dict[str, str]


@cache
def statements() -> list[Statement]:
    found = re.split(r"^### ", MAP.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [statement(block.split("\n## ")[0]) for block in found]


def statement(block: str) -> Statement:
    title, _, rest = block.partition("\n")
    quote = "\n".join(re.findall(r"^> (.*)", rest, re.MULTILINE))
    lines = dict(re.findall(r"^- ([A-Z][\w ]*): (.*)", rest, re.MULTILINE))
    return Statement(title, quote, lines)


def named(line: str) -> list[str]:
    return re.findall(r"`([^`]+)`", line)


each_statement = pytest.mark.parametrize("told", statements(), ids=lambda s: s.title)


@each_statement
def test_a_statement_has_every_line(told: Statement) -> None:
    assert len(told.quote.split()) >= 8
    assert set(told.lines) == {"Paper", "Function", "Test", "Lesson", "Lives on"}
    assert re.search(r"[Cc]onfirmed|not in it", told.lines["Paper"])


@each_statement
def test_the_functions_of_a_statement_can_be_imported(told: Statement) -> None:
    names = named(told.lines["Function"])
    assert names
    for name in names:
        module, _, attribute = name.rpartition(".")
        found = getattr(import_module(module), attribute)
        assert found.__module__ == module or module == "ifcn_lab.assembling", name
        assert found.__doc__, name


@each_statement
def test_the_tests_of_a_statement_exist(told: Statement) -> None:
    names = named(told.lines["Test"])
    assert names
    for name in names:
        file, _, function = name.partition("::")
        assert function in functions(ROOT / file), name


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef))


@each_statement
def test_the_lesson_of_a_statement_is_named_by_its_section(told: Statement) -> None:
    line = told.lines["Lesson"]
    links = re.findall(r"\[(\d+), ([^\]]+)\]\(\.\./lessons/(\d\d)_\w+\.md#", line)
    assert links or line.startswith("none")
    for number, words, file in links:
        lesson = next((ROOT / "lessons").glob(f"{file}_*.md"))
        assert int(number) == int(file)
        assert words in headings(lesson)


ASKED = {
    "hole algorithm", "k x k maps", "copy and paste", "objectness branch",
    "which windows are positive", "256 windows", "the loss", "every scale",
    "nms", "average recall", "map^r", "second step", "deepmask-style",
}


def test_the_map_covers_the_method() -> None:
    titles = [told.title.lower() for told in statements()]
    assert {a for a in ASKED if not any(a in title for title in titles)} == set()


def test_figures_on_the_map_are_the_papers() -> None:
    printed = {figure for table in PAPER_TABLES.values() for row in table.rows
               for figure in row.figures if figure is not None}
    quoted = set(re.findall(r"\b\d\d\.\d\b", MAP.read_text("utf-8")))
    assert quoted and {float(figure) for figure in quoted} <= printed


def test_the_tests_of_the_promises_exist() -> None:
    names = named((GUIDE / "promises.md").read_text("utf-8"))
    held = [name.partition("::") for name in names if "/" in name and ".py" in name]
    assert len(held) > 30
    for file, _, function in held:
        found = [*ROOT.glob(file)]
        assert found, file
        assert not function or function in functions(found[0]), function


# Glossary


def entries() -> list[tuple[str, str]]:
    """Term and text of every entry."""
    text = GLOSSARY.read_text("utf-8")
    return re.findall(r"^\*\*(.+?)\*\*\.\n(.*?)(?=\n\n|\Z)", text, re.M | re.S)


def place(term: str) -> str:
    """What a term is sorted by: letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", term.lower())


def test_the_glossary_is_alphabetical_without_repeats() -> None:
    terms = [place(term) for term, _ in entries()]
    assert terms == sorted(set(terms))
    assert len(terms) >= 50


@pytest.mark.parametrize(("term", "text"), entries(), ids=lambda value: value[:20])
def test_an_entry_is_short_and_says_where_to_read_on(term: str, text: str) -> None:
    *told, link = text.splitlines()
    sentences = re.findall(r"[.!?](?=\s|$)", " ".join(told))
    assert 1 <= len(sentences) <= 3
    assert re.fullmatch(r"\[(Lesson \d+|Paper to code)\]\([^)]+#[^)]+\)", link)


def test_every_symbol_of_the_course_is_in_the_glossary() -> None:
    table = section(ROOT / "README.md", "Words and symbols")
    symbols = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[2:]
    assert len(symbols) >= 7
    known = {place(term) for term, _ in entries()}
    assert {s for s in symbols if place(s.split("=")[0]) not in known} == set()


# Bibliography


def works() -> list[tuple[str, str]]:
    """Short name and text of every work."""
    text = BIBLIOGRAPHY.read_text("utf-8")
    return re.findall(r"^\*\*(.+?)\*\*\.\n(.*?)(?=\n\n|\Z)", text, re.M | re.S)


@pytest.mark.parametrize(("name", "text"), works(), ids=lambda value: value[:20])
def test_a_work_has_authors_title_year_and_what_it_has_to_do_with_us(
    name: str, text: str
) -> None:
    lines = text.splitlines()
    assert len(lines) >= 4 and all(line.endswith(".") for line in lines)
    assert re.search(r"\b(19|20)\d\d\b|arXiv:\d{4}", lines[2])
    for shown, linked in re.findall(r"\[arXiv:([^\]]+)\]\(([^)]+)\)", text):
        assert re.fullmatch(r"\d{4}\.\d{5}", shown) or int(shown[:4]) < 1501
        assert linked == f"https://arxiv.org/abs/{shown}"


def test_every_method_of_the_papers_tables_is_in_the_bibliography() -> None:
    text = BIBLIOGRAPHY.read_text("utf-8").lower()
    methods = {row.method for table in PAPER_TABLES.values() for row in table.rows}
    names = {re.split(r"[ ,(]", m.replace("~", ""))[0].lower() for m in methods}
    others = names - {"k", "ours", "deepmaskzoom"}
    assert {name for name in others if name.removesuffix("s") not in text} == set()


def test_every_descendant_on_the_map_is_in_the_bibliography() -> None:
    known = {name for name, _ in works()}
    lives = " ".join(told.lines["Lives on"] for told in statements())
    for name in ("R-FCN", "FCIS", "MNC", "Mask R-CNN", "YOLACT", "SharpMask", "FPN"):
        assert name in lives and name in known


# TEACHING.md


def test_every_command_for_a_lecturer_can_be_typed() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    shown = shown_commands(TEACHING.read_text("utf-8"))
    made = {line.split()[1] for line in shown if line.startswith("make ")}
    assert made >= {"wheelhouse", "slides", "site"} and made <= targets
    typed = [shlex.split(line)[1:] for line in shown if line.startswith("ifcn-lab ")]
    assert {line[0] for line in typed} >= {"assignment", "grade", "inventory", "doctor"}
    for line in typed:
        assert parse(line).command == line[0]


def test_the_class_log_is_a_table_to_be_filled() -> None:
    log = section(TEACHING, "Class log")
    header, *rows = re.findall(r"^\|.*\|$", log, re.MULTILINE)
    assert "date" in header and "measured" in header
    assert {row.count("|") for row in rows} == {header.count("|")}
