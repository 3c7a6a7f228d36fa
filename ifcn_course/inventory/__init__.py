"""The concept inventory: ten questions, asked before and after the course.

The questions are data (`questions.toml`). Answers are anonymous CSV files: a random
code that the learner keeps, which question, which option. No name and no time.
"""

from __future__ import annotations

from ifcn_course.inventory.answers import Answers, new_code, read, read_folder
from ifcn_course.inventory.questions import Option, Question, questions
from ifcn_course.inventory.summary import Row, summary

__all__ = ["Answers", "Option", "Question", "Row", "new_code", "questions", "read",
           "read_folder", "summary"]
