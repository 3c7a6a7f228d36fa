"""What must be true of figures that a lesson prints and that differ between machines.

Their cells are tagged `nbval-ignore-output`: nbval runs them and compares nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lessons import source

LESSONS = Path(__file__).parent.parent / "lessons"


def ran(number: str, last: str) -> dict[str, object]:
    """The names of a lesson after its cells, up to the first that holds `last`."""
    (path,) = LESSONS.glob(f"{number}_*.md")
    names: dict[str, object] = {}
    for cell in source.solved(source.read(path)).cells:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], path.name, "exec"), names)
            if last in cell["source"]:
                return names
    raise ValueError(f"no cell of lesson {number} holds {last!r}")


@pytest.mark.slow
def test_one_map_is_right_about_the_pixels_and_finds_one_piece() -> None:
    names = ran("01", "crowds = ")
    assert names["right"] > 0.99 and names["pieces"].max() == 1
    assert names["objects"] >= 3 * names["found"]  # "three objects or more"


@pytest.mark.slow
def test_a_shuffled_network_makes_sense_in_its_own_order_only() -> None:
    names = ran("02", "its own order")
    own, usual = (names["window_ious"](names[way], names["discs"], names["centers"])
                  for way in ("own", "usual"))
    assert own.min() > usual.max()


@pytest.mark.slow
def test_after_the_same_training_score_maps_find_more() -> None:
    recall = ran("04", "recall[name] = ")["recall"]
    assert recall["InstanceFCN"] > recall["DeepMask"] > 0
