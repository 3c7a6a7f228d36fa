"""Lesson 5: the tolerances of the window rule as sliders over one scene."""

from __future__ import annotations

from ifcn_lab.datasets import Sample
from ifcn_lab.draw.picture import Picture
from ifcn_lab.draw.windows import window_labels
from ifcn_lab.scenes import Scene
from ifcn_lab.targets import WindowRule, label_windows, tight_boxes
from ifcn_lab.widgets.redrawn import Redrawn, slider


class Tolerances(Redrawn):
    """`draw.window_labels` with a slider for each tolerance, in hundredths.

    Args:
        scene: an image and its masks.
        stride: image pixels per feature cell.
        m: window side in cells.

    >>> from ifcn_lab import scenes
    >>> widget = Tolerances(scenes.two_touching(), stride=4, m=21)
    >>> widget.sliders["center"].value = 2
    >>> widget
    Tolerances(center=2, scale=30, far=14)
    """

    def __init__(self, scene: Scene | Sample, stride: int, m: int) -> None:
        h, w = scene.image.shape[:2]
        boxes, cells = tight_boxes(scene.masks), (-(-h // stride), -(-w // stride))

        def picture(center: int, scale: int, far: int) -> Picture:
            rule = rule_of(center, scale, far)
            labels = label_windows(boxes, cells, stride=stride, m=m, rule=rule)
            return window_labels(scene.image, labels, stride)

        super().__init__(
            picture,
            center=slider("centre, % of side", 7, 1, 30),
            scale=slider("size, octaves/100", 30, 1, 100),
            far=slider("negative from, %", 14, 1, 40),
        )


def rule_of(center: int, scale: int, far: int) -> WindowRule:
    """The rule of three sliders; negatives never begin before positives end.

    >>> rule_of(20, 30, 10).negative_center
    0.2
    """
    return WindowRule(
        center_tolerance=center / 100, scale_tolerance=scale / 100,
        negative_center=max(center, far) / 100, negative_scale=max(1.0, scale / 100),
    )
