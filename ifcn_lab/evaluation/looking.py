"""What is to be found in an image and what was found: by a network, or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.data import Sample
from ifcn_lab.evaluation.annotations import AnnotationFile
from ifcn_lab.evaluation.entries import Objects, found, objects
from ifcn_lab.evaluation.given_results import ResultFile
from ifcn_lab.evaluation.running import Looked, Unreadable

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN

__all__ = ["LookAtResults", "LookWithNetwork", "Source", "source_of"]


class Source:
    """The images of a data set and their objects.

    Objects come from ``annotations`` where there are any, with their own areas and
    crowd regions, so that figures are pycocotools'; else from the samples. Without
    samples there are no pictures.

    >>> from ifcn_lab.data.scenes import SceneSet
    >>> source = Source(SceneSet(3), None)
    >>> source.count, source.category
    (3, 1)
    """

    # Not Sequence[Sample]: to check that, an item would be read.
    def __init__(
        self, samples: Sequence | None, annotations: AnnotationFile | None
    ) -> None:
        if samples is None and annotations is None:
            raise ValueError("there are neither samples nor annotations")
        self.samples, self.annotations = samples, annotations
        self.ids = None if annotations is None else list(annotations.sizes)
        self.count = len(samples if annotations is None else self.ids)
        known = samples if annotations is None else annotations
        names = sorted(getattr(known, "categories", {}) or [1])
        self.category = 1 if 1 in names else names[0]

    def sample(self, index: int) -> Sample:
        """Read one image; raises Unreadable if it cannot be read."""
        try:
            return self.samples[index]
        except (OSError, ValueError) as error:
            raise Unreadable(str(error)) from error

    def truth(self, index: int) -> tuple[int, tuple[int, int], Objects]:
        """Give an image's id, its size (h, w) and its objects, reading no picture."""
        if self.annotations is None:
            return self.truth_of(self.sample(index))
        image_id = self.ids[index]
        size = self.annotations.sizes[image_id]
        return image_id, size, self.annotations.objects(image_id)

    def truth_of(self, sample: Sample) -> tuple[int, tuple[int, int], Objects]:
        """Do what ``truth`` does for an image that was read."""
        if self.annotations is None:
            return sample.image_id, sample.crowd.shape, objects(sample)
        truth = self.annotations.objects(sample.image_id)
        return sample.image_id, sample.crowd.shape, truth


def source_of(samples: Sequence) -> Source:
    """Take the objects from the annotation file that samples come from, if one.

    >>> from ifcn_lab.data.scenes import SceneSet
    >>> source_of(SceneSet(3)).annotations is None
    True
    """
    path = getattr(samples, "annotations", None)
    return Source(samples, AnnotationFile(path) if isinstance(path, Path) else None)


class LookAtResults:
    """Looks up what a result file holds of the image at an index.

    Raises ValueError if the file has results for an image that is not listed.
    """

    def __init__(self, source: Source, results: ResultFile) -> None:
        self.source, self.results = source, results
        if source.annotations is not None:
            results.check_images(source.annotations.sizes)

    def __call__(self, index: int) -> Looked:
        """Read the results of one image."""
        image_id, size, truth = self.source.truth(index)
        return Looked(image_id, size, truth, self.results.found(image_id, size))


class LookWithNetwork:
    """Lets a network propose on the image at an index; ``options`` are `propose`'s."""

    def __init__(self, source: Source, model: InstanceFCN, **options: Any) -> None:
        self.source, self.model, self.options = source, model, options

    def __call__(self, index: int) -> Looked:
        """Read one image and propose."""
        sample = self.source.sample(index)
        proposals = self.model.detect([sample.image], **self.options)[0]
        image_id, size, truth = self.source.truth_of(sample)
        best = found(proposals, size)
        # The proposals' boxes are the masks' tight ones. Left out, they are made from
        # the masks, as pycocotools does with the results that are saved.
        return Looked(image_id, size, truth, replace(best, boxes=None))
