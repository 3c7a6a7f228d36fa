"""Whoever writes a right answer in another way is never accused, by any check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import rewriting
from tests.museum_cases import verdict

WRITERS: dict[str, list[Callable[[rewriting.Draw], str]]] = {
    "part_of": [rewriting.part_of],
    "assemble_loop": [rewriting.window_loop],
    "assemble_blocks": [rewriting.window_whole],
    "assemble": [rewriting.assembler],
    "box_overlap": [rewriting.box_overlap],
    "suppress": [rewriting.suppress],
    "recall": [rewriting.recall],
    "count_copies": [rewriting.count_copies],
    "label": [rewriting.label],
}


@pytest.mark.parametrize("name", sorted(WRITERS))
@settings(max_examples=60, derandomize=True,
          suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_right_answer_is_accepted_however_it_is_written(
    name: str, data: st.DataObject
) -> None:
    write = data.draw(st.sampled_from(WRITERS[name]))
    text = write(lambda some: data.draw(st.sampled_from(some)))
    said = verdict(name, rewriting.made(text, name))
    assert ": correct, all" in said and said.count("\n") == 1, f"{text}\n{said}"
