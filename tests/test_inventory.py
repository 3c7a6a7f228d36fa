"""The concept inventory: its questions, files of answers, and what a class said."""

import csv
import random
import zipfile

import pytest

from ifcn_course.inventory import (
    Answers,
    new_code,
    questions,
    read,
    read_folder,
    summary,
)
from ifcn_course.inventory.answers import as_code
from ifcn_course.inventory.summary import normalised_gain
from ifcn_lab.__main__ import main

RIGHT = {each.name: each.right.letter for each in questions()}


def wrong(name):
    """The first wrong letter of a question."""
    asked = next(each for each in questions() if each.name == name)
    return next(option.letter for option in asked.options if not option.right)


def write(folder, code, when, right, missing=()):
    """A file that is right in the questions named, wrong in the others."""
    chosen = {name: RIGHT[name] if name in right else wrong(name)
              for name in RIGHT if name not in missing}
    answers = Answers(code, when, chosen)
    path = folder / answers.file_name()
    path.write_text(answers.text(), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["a", "family"])
def test_ten_questions_with_one_right_answer_and_a_reason_for_each_option(form):
    asked = questions(form)
    assert len(asked) == len({each.name for each in asked}) == 10
    for each in asked:
        assert sum(option.right for option in each.options) == 1
        assert len({option.text for option in each.options}) == len(each.options) >= 3
        for option in each.options:
            assert len(option.why) > 15 and option.why[-1] in ".?", option.text
    letters = [each.right.letter for each in asked]
    assert max(map(letters.count, letters)) <= 3  # no letter is the one to guess


def test_the_layout_question_is_right_by_the_definition():
    from ifcn_lab import Grid

    asked = next(each for each in questions() if each.name == "layout")
    assert asked.right.text == f"Map {Grid(k=5, m=20).channel[4, 0]}"


def test_a_window_of_28_has_no_more_weights_and_20_classes_no_more_maps():
    from ifcn_lab import InstanceFCN

    def weights(m):
        return sum(p.numel() for p in InstanceFCN(backbone="small", m=m).parameters())

    assert weights(21) == weights(28)
    asked = next(each for each in questions() if each.name == "resolution")
    assert asked.right.text == "None"


def test_answers_come_back_as_they_were_written(tmp_path):
    path = write(tmp_path, "ABC234", "before", ["copy"], missing=["layout"])
    found = read(path)
    assert found.code == "ABC234" and found.when == "before"
    assert found.chosen["copy"] == RIGHT["copy"] and "layout" not in found.chosen
    assert path.read_text("utf-8") == found.text()


def test_a_spreadsheet_may_have_saved_the_file(tmp_path):
    path = write(tmp_path, "ABC234", "after", RIGHT)
    text = path.read_text("utf-8").replace(",", ";").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.upper().replace(
        "CODE;WHEN;QUESTION;ANSWER", "code;when;question;answer").encode())
    with pytest.raises(ValueError, match="no question 'PER-CLASS'"):
        read(path)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n;;;\r\n")
    assert read(path).chosen == RIGHT


GOOD = Answers("ABC234", "before", RIGHT).text()
DAMAGED = {
    "empty": (b"", "it is empty"),
    "head only": (GOOD.splitlines()[0].encode(), "it is empty"),
    "other file": (b"name,points\nx,1\n", "its first line is 'name, points'"),
    "cut off": (GOOD[:-20].encode(), "columns|no question"),
    "picture": (b"\x89PNG\r\n\xff\xfe\x00", "no text in UTF-8"),
    "two learners": ((GOOD + "XYZ234,before,copy,a\n").encode(), "more than one"),
    "twice": ((GOOD + "ABC234,before,copy,a\n").encode(), "'copy' stands there twice"),
    "no letter": (GOOD.replace("copy,d", "copy,z").encode(), "has no answer 'z'"),
    "a line lost": (GOOD.replace("ABC234,before,copy,d\n", "").encode(), "'copy' is m"),
    "no code": (GOOD.replace("ABC234", "Anna").encode(), "'ANNA' is no code"),
    "no time": (GOOD.replace("before", "monday").encode(), "expected before or after"),
    "huge": (b"code,when,question,answer\n" * 10_000, "260,000 bytes"),
    "nulls": (b"\x00" * 64, "its first line is|it is empty"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_named_with_the_reason(tmp_path, kind):
    body, words = DAMAGED[kind]
    path = tmp_path / "answers.csv"
    path.write_bytes(body)
    with pytest.raises(ValueError, match=words):
        read(path)


def test_a_file_cut_anywhere_is_refused_but_for_its_last_letter(tmp_path):
    path, whole = tmp_path / "cut.csv", GOOD.encode()
    for length in range(len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"is missing|columns|empty|line|question"):
            read(path)
    path.write_bytes(whole[:-1])  # only the end of the last line
    assert read(path).chosen == RIGHT


def test_who_hands_in_twice_counts_once(tmp_path):
    full = write(tmp_path, "ABC234", "before", RIGHT)
    later = full.with_name("inventory-before-ABC234 (1).csv")
    later.write_text(Answers("ABC234", "before", {"copy": "a"}).text())
    found, passed = read_folder([tmp_path])
    assert [len(each.chosen) for each in found] == [10]
    assert passed[0][0] == later or passed[0][0] == full
    assert "more answers" in passed[0][1] or "same code" in passed[0][1]


def test_answers_are_read_whatever_they_are_called_and_others_are_named(
    tmp_path, capsys
):
    body = Answers("ABC234", "before", RIGHT).text()
    (tmp_path / "a.CSV").write_text(body)
    (tmp_path / "b.csv.txt").write_text(body.replace("ABC234", "BBC234"))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("monday/c.csv", body.replace("ABC234", "CBC234"))
        archive.writestr("monday/huge.csv", "x" * 100_000)
        archive.writestr("__MACOSX/c.csv", "x")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    (tmp_path / "read me.md").write_text("hello")
    found, passed = read_folder([tmp_path])
    assert {each.code for each in found} == {"ABC234", "BBC234", "CBC234"}
    assert {path.name for path, _ in passed} == {"huge.csv", "broken.zip", "read me.md"}
    assert main(["inventory", "summary", str(tmp_path)]) == 0
    assert "opened 1 archive: c.zip\n" in capsys.readouterr().out


def slow_share(answers, when, name):
    """The share by its definition."""
    some = [each for each in answers if each.when == when]
    return sum(each.chosen.get(name) == RIGHT[name] for each in some) / len(some)


def test_shares_and_gain_of_a_class_are_those_of_the_definition(tmp_path):
    draw = random.Random(7)
    codes = [new_code() for _ in range(12)]
    for n, code in enumerate(codes):
        some = draw.sample(sorted(RIGHT), 3)
        if n < 10:
            write(tmp_path, code, "before", some)
        if n > 2:
            write(tmp_path, code, "after", draw.sample(sorted(RIGHT), 7))
    answers, passed = read_folder([tmp_path])
    assert passed == [] and len(answers) == 19
    pairs = [each for each in answers if each.code in codes[3:10]]
    for row in summary(answers)[:-1]:
        assert row.before == slow_share(answers, "before", row.question)
        assert row.after == slow_share(answers, "after", row.question)
        was, now = (slow_share(pairs, w, row.question) for w in ("before", "after"))
        assert row.pairs == 7 and row.gain == normalised_gain(was, now)
    assert summary(answers)[-1].before == pytest.approx(0.3)
    assert summary(answers)[-1].gain == pytest.approx((0.7 - 0.3) / (1 - 0.3))


def test_the_wrong_option_chosen_most_is_named():
    chosen = ["a", "b", "b", "d", "d", "d"]
    row = summary([Answers(new_code(), "after", {"copy": c}) for c in chosen])[6]
    assert row.wrong_after.startswith("b (2): It is the highest")
    assert row.wrong_before == "" and row.before is None and row.gain is None


def test_the_command_reads_a_class_and_names_what_it_passed_over(tmp_path, capsys):
    folder = tmp_path / "answers"
    (folder / "late").mkdir(parents=True)
    write(folder, "ABC234", "before", ["copy"])
    write(folder / "late", "ABC234", "after", list(RIGHT))
    (folder / "photo.csv").write_bytes(b"\x89PNG\xff")
    out = tmp_path / "summary.csv"
    assert main(["inventory", "summary", str(folder), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"passed over {folder / 'photo.csv'}: it is no text in UTF-8" in said
    assert "1 before, 1 after, 1 both" in said and "+1.00" in said
    with out.open(newline="", encoding="utf-8") as file:
        rows = {row["question"]: row for row in csv.DictReader(file)}
    assert rows["copy"]["before"] == rows["copy"]["after"] == "1.0000"
    assert rows["copy"]["gain"] == "" and rows["layout"]["gain"] == "1.0000"
    assert rows["layout"]["wrong_before"].startswith("b (1): Map 1")
    assert rows["all"]["before"] == "0.1000" and rows["all"]["pairs"] == "1"


def test_without_a_common_code_the_command_says_why_there_is_no_gain(tmp_path, capsys):
    write(tmp_path, new_code(), "before", [])
    assert main(["inventory", "summary", str(tmp_path)]) == 0
    assert "No gain" not in capsys.readouterr().out
    write(tmp_path, new_code(), "after", list(RIGHT))
    assert main(["inventory", "summary", str(tmp_path)]) == 0
    assert "No gain: no code stands" in capsys.readouterr().out


def test_the_command_says_what_is_missing(tmp_path, capsys):
    assert main(["inventory", "summary", str(tmp_path / "nowhere")]) == 2
    assert "give files of answers, or a folder" in capsys.readouterr().err
    assert main(["inventory", "summary", str(tmp_path)]) == 2
    assert "there is no file of answers" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["page", "summary"])
def test_the_help_has_examples(capsys, action):
    with pytest.raises(SystemExit) as ended:
        main(["inventory", action, "--help"])
    assert ended.value.code == 0
    assert f"ifcn-lab inventory {action} " in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "ABC23", "ABC2340", "ABC230", "Müller"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(ValueError, match="six letters and digits"):
        as_code(text)


def test_the_second_form_asks_the_same_ten_questions_otherwise(tmp_path):
    first, second = questions(), questions("b")
    assert [f"{each.name}-b" for each in first] == [each.name for each in second]
    for one, other in zip(first, second, strict=True):
        assert one.ask != other.ask and len(other.options) == 4
        assert sum(option.right for option in other.options) == 1
        assert len({option.text for option in other.options}) == 4
        assert all(len(option.why) > 15 for option in other.options)
    letters = [each.right.letter for each in second]
    assert max(map(letters.count, letters)) <= 3


def test_the_second_forms_layout_question_is_right_by_the_definition():
    from ifcn_lab import Grid

    asked = next(each for each in questions("b") if each.name == "layout-b")
    assert asked.right.text == f"Map {Grid(k=4, m=20).channel[0, 12]}"


def test_the_first_form_before_and_the_second_after_make_a_pair(tmp_path):
    write(tmp_path, "ABC234", "before", ["copy"])
    right = {each.name: each.right.letter for each in questions("b")}
    right["copy-b"] = "a"
    after = Answers("ABC234", "after", right, "b")
    (tmp_path / after.file_name()).write_text(after.text(), encoding="utf-8")
    found, passed = read_folder([tmp_path])
    assert passed == [] and {each.form for each in found} == {"a", "b"}
    rows = {row.question: row for row in summary(found)}
    assert (rows["layout"].before, rows["layout"].after) == (0, 1)
    assert (rows["copy"].before, rows["copy"].after) == (1, 0)
    assert rows["copy"].wrong_after == "a (1): All nine: the highest wins"
    assert rows["all"].pairs == 1


def test_the_page_of_the_second_form_holds_its_questions(tmp_path):
    path = tmp_path / "after.html"
    assert main(["inventory", "page", "--when", "after", "--form", "b", "--out",
                 str(path)]) == 0
    assert questions("b")[4].ask[:40] in path.read_text("utf-8")


def test_questions_on_the_relatives_are_counted_by_themselves(tmp_path):
    write(tmp_path, "ABC234", "before", RIGHT)
    for when, letter in (("before", "a"), ("after", "d")):
        mine = Answers("ABC234", when, {"fast-nms": letter}, "family")
        (tmp_path / f"family-{when}.csv").write_text(mine.text(), encoding="utf-8")
    found, passed = read_folder([tmp_path])
    assert passed == [] and len(found) == 3
    rows = summary(found)
    first, family = rows[:11], {row.question: row for row in rows[11:]}
    assert [row.before for row in first] == [1] * 11 and first[-1].pairs == 0
    assert (family["fast-nms"].before, family["fast-nms"].after) == (0, 1)
    assert family["all"].pairs == 1 and family["all"].after == 0.1


def test_the_relatives_questions_are_right_by_their_rules():
    import torch

    from ifcn_lab.layers.boxes import fast_nms
    from ifcn_lab.layers.nms import nms

    pair = torch.tensor([-1.0, -2.0])
    assert round(float(pair.softmax(0)[0]), 2) == 0.73 and pair.max() < 0
    chain = torch.tensor([[0, 0, 10, 10], [0, 2.5, 10, 12.5], [0, 5, 10, 15]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert nms(chain.numpy(), scores.numpy(), 0.5).tolist() == [0, 2]
    assert fast_nms(chain, scores, 0.5).tolist() == [0]
