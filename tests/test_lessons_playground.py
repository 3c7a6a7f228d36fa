"""What lessons 1 and 2 say of the Playground's discs is true."""

from __future__ import annotations

from ifcn_lab import InstanceFCN
from ifcn_lab.widgets import Playground
from ifcn_lab.widgets.playground import APART, TOUCHING


def test_one_map_finds_discs_apart_and_loses_one_when_they_touch() -> None:
    widget = Playground(InstanceFCN.from_pretrained("scenes-k1"), APART)
    assert "apart. It finds 2 of 2" in widget.words()
    for colour in (0, 1):
        widget.shapes = [TOUCHING[0], TOUCHING[1] | {"colour": colour}]
        assert "touching. It finds 2 of 2" not in widget.words()


def test_one_map_loses_one_a_pixel_or_two_before_they_touch() -> None:
    widget = Playground(InstanceFCN.from_pretrained("scenes-k1"), APART)
    widget.shapes = [APART[0] | {"x": 44}, APART[1]]
    assert "apart. It finds 2 of 2" not in widget.words()


def test_with_one_map_a_piece_of_the_other_disc_is_in_each_mask() -> None:
    widget = Playground(InstanceFCN.from_pretrained("scenes-k1"), APART)
    left, right = (widget.drawing().owner == number for number in (1, 2))
    masks = widget.proposals().masks
    assert len(masks) == 2
    assert all((mask & left).any() and (mask & right).any() for mask in masks)


def test_25_maps_keep_touching_discs_apart_until_they_are_shuffled() -> None:
    widget = Playground(shapes=TOUCHING)
    assert "touching. It finds 2 of 2" in widget.words()
    widget.shuffled = True
    assert "It finds 0 of 2" in widget.words()
