"""The film of lesson 2: score maps from the first training step to the last."""

from __future__ import annotations

import numpy as np

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.film import film_frame
from ifcn_lab.draw.picture import Picture
from ifcn_lab.film import Film
from ifcn_lab.parts import coverage, object_centers, window_ious
from ifcn_lab.widgets.redrawn import Redrawn, slider


class MapFilm(Redrawn):
    """One frame of the film, with a slider for the frame and one for the scene.

    Args:
        film: as `ifcn_lab.film.load` reads it.
        run: "plain" or "shuffled".

    >>> from ifcn_lab.film import load
    >>> widget = MapFilm(load())
    >>> widget.sliders["frame"].value = 10
    >>> widget
    MapFilm(frame=10, scene=0)
    """

    def __init__(self, film: Film, run: str = "plain") -> None:
        super().__init__(
            lambda frame, scene: film_picture(film, run, int(film.steps[frame]), scene),
            frame=slider("frame", 0, 0, len(film.steps) - 1),
            scene=slider("scene", 0, 0, len(film.images) - 1),
        )


def film_picture(film: Film, run: str, step: int, scene: int) -> Picture:
    """The maps at one step and the masks assembled from them."""
    masks = film.masks(scene)
    centers = object_centers(masks, film.stride, film.m)               # (N, 2)
    read = film.maps(run, step, scene)[film.reads(run)]                # (k*k, H, W)
    found = assemble(read, film.m, centers=centers) > 0                # (N, m, m)
    ious = window_ious(found, coverage(masks, film.stride) > 0.5, centers)
    return film_frame(film, run, step, scene, found, np.asarray(ious))
