"""The pages of a grading: whole, in order, and unharmed by what students write."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from ifcn_course.grading.pages import file_name, index_page, student_page
from ifcn_course.grading.results import CaseResult, FunctionResult, Result
from ifcn_course.grading.safe_text import clean, difference, side_by_side
from ifcn_course.grading.table import csv_text
from tests.grade_cases import small_key

HARM = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[31m\u202e\ud800"
ALLOWED = set("html head meta title style body main h1 h2 h3 h4 p strong div table "
              "thead tbody tr th td span br ul li pre code a".split())
HEADINGS = ("h1", "h2", "h3", "h4")


class Parsed(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    def named(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def result(text: str) -> Result:
    shown = side_by_side(np.eye(2, dtype=int), np.ones((2, 2), int))
    words = side_by_side(text, "plain")
    cases = (CaseResult("k = 1", 1, 1), CaseResult(text, 0, 2, text, shown, text),
             CaseResult("k = 3", 0, 1, "differs", words))
    return Result(text, text, "", (FunctionResult("add", "1", cases),), (text,))


@pytest.mark.parametrize("page", [student_page, index_page])
def test_nothing_that_a_student_writes_becomes_markup(page: object) -> None:
    one = result(HARM)
    made = page([one] if page is index_page else one, small_key())
    parsed = Parsed(made)
    assert {tag for tag, _ in parsed.elements} <= ALLOWED
    names = {name for _, attributes in parsed.elements for name in attributes}
    assert [name for name in names if name.startswith("on")] == []
    assert "<script>alert(1)</script>" in parsed.said
    made.encode("utf-8")
    policy = parsed.named("meta")[1]["content"]
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("page", [student_page, index_page])
def test_a_page_can_be_heard_and_walked_through(page: object) -> None:
    one = result("Ada")
    parsed = Parsed(page([one] if page is index_page else one, small_key()))
    assert parsed.named("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in parsed.elements if tag in HEADINGS]
    assert levels[0] == 1 and levels.count(1) == 1
    assert max(np.diff(levels), default=0) <= 1
    assert {cell["scope"] for cell in parsed.named("th")} == {"col", "row"}
    for tag, attributes in parsed.elements:
        if attributes.get("role") == "region":
            assert attributes["aria-label"] and attributes["tabindex"] == "0", tag


def test_yours_stands_beside_expected() -> None:
    said = Parsed(student_page(result("Ada"), small_key())).said
    assert "Yours1 0\n0 1Expected1 1\n1 1\nThe first difference is at (0, 1)." in said


def test_what_went_wrong_with_a_notebook_stands_in_the_list() -> None:
    damaged = Result("Bob", "", "", (), ("the file is no JSON", "and more"))
    said = Parsed(index_page([result("Ada"), damaged], small_key())).said
    assert "Bobthe file is no JSON, and 1 more" in said


def test_code_in_a_hint_is_code() -> None:
    case = CaseResult("k = 1", 0, 1, "differs", (), "Off it stands `fill < 1`.")
    page = student_page(Result("Ada", "", "", (FunctionResult("add", "1", (case,)),)),
                        small_key())
    assert "Off it stands <code>fill &lt; 1</code>." in page


def test_the_page_says_what_was_right_in_place_of_a_mistake() -> None:
    case = CaseResult("a = 1", 1, 1)
    for right, said in ((("add",), True), ((), False)):
        one = Result("Ada", "", "", (FunctionResult("table", "2", (case,), right),))
        page = student_page(one, small_key())
        assert ("with the right <code>add</code> in place of yours" in page) is said
        assert Result.from_document(one.document()) == one


def test_points_and_percent_are_sums() -> None:
    one = result("Ada")
    assert (one.points, one.of, one.percent) == (1, 4, 25.0)
    assert Result.from_document(one.document()) == one
    assert csv_text([one], small_key()).splitlines()[1] == "Ada,1,4,25.0,1,Ada,Ada"


def test_two_students_never_share_a_page() -> None:
    names = ["Ada", "ada", "A da", "A_da", "學生", "学生", "Ada\ud800", "Ada\ud801",
             "偪丂", "吊七"]  # the last two agree in 24 bits of their sums
    made = {file_name(Result(name, "", "", ())).casefold() for name in names}
    assert len(made) == len(names)
    assert all(len(name.rsplit("_")[-1]) == len("0" * 32 + ".html") for name in made)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "|a",
                                  "a;=1", "a; -1", 'a;"=1"', "＝1", "a;\t@b"])
def test_no_cell_of_the_table_is_a_formula(text: str) -> None:
    table = csv_text([Result(text, text, "", (), (text,))], small_key())
    cells = re.split("[,;\n]", table.split("\n")[-2].replace('"', ""))
    starts = [cell.strip()[:1] for cell in cells]
    assert set(starts) & set("=+-@|＝") == set()


def test_the_table_opens_in_excel_as_utf_8() -> None:
    assert csv_text([], small_key()).encode().startswith(b"\xef\xbb\xbfname,points")


@pytest.mark.parametrize(("yours", "expected", "words"), [
    (None, 3, "is there a `return`?"), (np.zeros(3), np.zeros(4), "has shape (3,)"),
    (1, 2, "differs"), ([[1], [2, 3]], np.zeros(2), "differs"), ("a", "b", "differs"),
])
def test_a_difference_in_a_few_words(
    yours: object, expected: object, words: str
) -> None:
    assert words in difference(yours, expected)


def test_values_of_every_kind_can_be_shown() -> None:
    for yours in (10**5000, [[1], [2, 3]], {"a": 1}, None, "x" * 10**6, 1 + 2j,
                  np.zeros((0, 3)), np.zeros((3, 3, 3)), float("nan"),
                  [np.ones(2), "a"]):
        lines = side_by_side(yours, np.zeros((2, 2)))
        assert lines[0] == "Yours:" and "Expected:" in lines
        assert max(map(len, lines)) < 1000 and len(lines) <= 60


def test_cleaned_text_is_one_printable_line() -> None:
    assert clean("a\n\tb\0c\u2028d\ud800") == "a b c d"
    assert clean("x" * 10**6, 10) == "x" * 10 + "…"
