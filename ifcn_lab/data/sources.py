"""Where the public data sets are published, how large they are, under what terms."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SOURCES", "Archive", "Source"]


@dataclass(frozen=True)
class Archive:
    """One file to download.

    ``size`` is the exact number of bytes where a source confirms it, ``about`` a
    round one for the disk-space check; ``checksum`` is written "md5:...". None of them
    need be known.
    """

    name: str
    url: str
    checksum: str | None = None
    size: int | None = None
    about: int = 0

    @property
    def expected(self) -> int:
        """How many bytes to expect, 0 if nobody knows.

        >>> Archive("a.zip", "http://host.example/a.zip", about=70).expected
        70
        """
        return self.size or self.about


@dataclass(frozen=True)
class Source:
    """A data set as its publisher packs it.

    ``growth`` is how many times larger the archives become when unpacked, for the
    disk-space check. ``opens`` is its name for `open_dataset`, if it has one.
    """

    title: str
    licence: str
    archives: tuple[Archive, ...]
    opens: str | None = None
    note: str = ""
    growth: float = 1.1

    @property
    def expected(self) -> int:
        """How many bytes all its archives have, as far as known."""
        return sum(archive.expected for archive in self.archives)


_COCO = "http://images.cocodataset.org"
_COCO_LICENCE = (
    "Annotations: CC BY 4.0. The images are not owned by COCO; each has the licence "
    "that its Flickr page names, see cocodataset.org under terms of use."
)
_NO_SUMS = "No checksums are published, and the server speaks plain HTTP."


def _coco(year: int, train: int = 0, val: int = 0, labelled: int = 0) -> Source:
    sizes = {"train": train, "val": val}
    pictures = tuple(
        Archive(f"{split}{year}.zip", f"{_COCO}/zips/{split}{year}.zip", about=about)
        for split, about in sizes.items()
    )
    labels = f"annotations_trainval{year}.zip"
    return Source(
        title=f"COCO {year}, training and validation images with their masks",
        licence=_COCO_LICENCE,
        archives=(*pictures, Archive(labels, f"{_COCO}/annotations/{labels}",
                                     about=labelled)),
        opens="coco",
        note=_NO_SUMS,
    )


SOURCES = {
    "voc2012": Source(
        title="PASCAL VOC 2012, training and validation",
        licence="The images are from Flickr; using them must respect Flickr's terms. "
        "No open licence: do not pass the images on.",
        archives=(Archive(
            "VOCtrainval_11-May-2012.tar",
            "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
            checksum="md5:6cd6e144f989b92b3379bac3b3de84fd", size=1_999_639_040,
        ),),
        opens="voc2012",
    ),
    "sbd": Source(
        title="SBD, the Semantic Boundaries Dataset",
        licence="No explicit licence was found. The images are those of VOC 2011, from "
        "Flickr, whose terms hold: do not pass them on.",
        archives=(Archive(
            "benchmark.tgz",
            "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/"
            "semantic_contours/benchmark.tgz",
            checksum="md5:82b4d87ceb2ed10f6038a1cba92111cb", size=1_419_539_633,
        ),),
        opens="sbd",
        note="The lists of the SDS protocol (5,623 and 5,732 images) are not in it.",
    ),
    "dsb2018": Source(
        title="Data Science Bowl 2018, nuclei, training pictures of stage 1",
        licence="CC0, public domain.",
        archives=(Archive(
            "stage1_train.zip",
            "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
        ),),
        opens="dsb2018",
        note="The publisher's place is Kaggle, which asks for an account: log in, open "
        "the competition data-science-bowl-2018, take stage1_train.zip and give it "
        "with --archive. Without an account the same pictures are BBBC038 of the "
        "Broad Bioimage Benchmark Collection; that address has not been confirmed and "
        "no checksum is known.",
    ),
    "coco2014": _coco(2014, 13_000_000_000, 6_000_000_000, 241_000_000),
    "coco2017": _coco(2017),
    "pennfudan": Source(
        title="Penn-Fudan pedestrians, 170 images",
        licence="None is stated. Treat it as for research, and do not pass it on.",
        archives=(Archive(
            "PennFudanPed.zip",
            "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
            size=53_723_336,
        ),),
        opens="pennfudan",
        note="No checksum is published.",
    ),
}
