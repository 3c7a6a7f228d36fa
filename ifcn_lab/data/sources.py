"""Where the public data sets are published, how large they are, under what terms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One file to download.

    ``size`` is about how many bytes it has, 0 where nobody says; ``checksum`` is
    written "md5:..." or "sha256:...", None where none is known.
    """

    name: str
    url: str
    checksum: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Source:
    """A data set as its publisher packs it; `open_dataset` knows it as ``opens``."""

    title: str
    licence: str
    archives: tuple[Archive, ...]
    opens: str
    note: str = ""

    @property
    def size(self) -> int:
        """How many bytes all its archives have, as far as known."""
        return sum(archive.size for archive in self.archives)


def announced(source: Source) -> str:
    """What is to be known before a data set is fetched: size, licence, where from.

    >>> print(announced(SOURCES["pennfudan"]))
    Penn-Fudan pedestrians, 170 images
      size: 53.7 MB to download
      licence: None is stated. Treat it as for research, and do not pass it on.
      note: No checksum is published.
      from: https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip
        (no checksum known)
    """
    size = f"{told(source.size)} to download" if source.size else "not known before"
    lines = [source.title, f"  size: {size}", f"  licence: {source.licence}",
             *([f"  note: {source.note}"] if source.note else [])]
    for archive in source.archives:
        known = archive.checksum or "no checksum known"
        lines.append(f"  from: {archive.url}\n    ({known})")
    return "\n".join(lines)


def told(size: float) -> str:
    """Say a number of bytes for a person to read.

    >>> told(999), told(53_723_336), told(1_999_639_040)
    ('999 bytes', '53.7 MB', '2.0 GB')
    """
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size:.0f} bytes"


def _coco(year: int, files: dict[str, tuple[str, int]]) -> Source:
    host = "http://images.cocodataset.org"
    archives = tuple(
        Archive(name, f"{host}/{'annotations' if 'ann' in name else 'zips'}/{name}",
                f"md5:{md5}", size) for name, (md5, size) in files.items())
    return Source(
        f"COCO {year}, training and validation images with their masks",
        "Annotations: CC BY 4.0. The images are not owned by COCO; each has the "
        "licence that its Flickr page names, see cocodataset.org under terms of use.",
        archives, "coco",
        "COCO publishes no checksums and its server speaks plain HTTP; these are the "
        "ones that many other projects compare with.")


SOURCES = {
    "voc2012": Source(
        "PASCAL VOC 2012, training and validation",
        "The images are from Flickr; using them must respect Flickr's terms. "
        "No open licence: do not pass the images on.",
        (Archive(
            "VOCtrainval_11-May-2012.tar",
            "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
            "md5:6cd6e144f989b92b3379bac3b3de84fd", 1_999_639_040),),
        "voc2012"),
    "sbd": Source(
        "SBD, the Semantic Boundaries Dataset",
        "No explicit licence was found. The images are those of VOC 2011, from "
        "Flickr, whose terms hold: do not pass them on.",
        (Archive(
            "benchmark.tgz",
            "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/"
            "semantic_contours/benchmark.tgz",
            "md5:82b4d87ceb2ed10f6038a1cba92111cb", 1_419_539_633),),
        "sbd",
        "The lists of the SDS protocol (5,623 and 5,732 images) are not in it."),
    "dsb2018": Source(
        "Data Science Bowl 2018, nuclei, training pictures of stage 1",
        "CC0, public domain.",
        (Archive("stage1_train.zip",
                 "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip"),),
        "dsb2018",
        "The publisher's place is Kaggle, which asks for an account: log in, open "
        "the competition data-science-bowl-2018, take stage1_train.zip and give it "
        "with --archive. Without an account the same pictures are BBBC038 of the "
        "Broad Bioimage Benchmark Collection; that address has not been confirmed."),
    "coco2014": _coco(2014, {
        "train2014.zip": ("0da8c0bd3d6becc4dcb32757491aca88", 13_500_000_000),
        "val2014.zip": ("a3d79f5ed8d289b7a7554ce06a5782b3", 6_600_000_000),
        "annotations_trainval2014.zip":
            ("0a379cfc70b0e71301e0f377548639bd", 253_000_000)}),
    "coco2017": _coco(2017, {
        "train2017.zip": ("cced6f7f71b7629ddf16f17bbcfab6b2", 19_300_000_000),
        "val2017.zip": ("442b8da7639aecaf257c1dceb8ba8c80", 800_000_000),
        "annotations_trainval2017.zip":
            ("f4bbac642086de4f52a3fdda2de5fa2c", 253_000_000)}),
    "pennfudan": Source(
        "Penn-Fudan pedestrians, 170 images",
        "None is stated. Treat it as for research, and do not pass it on.",
        (Archive("PennFudanPed.zip",
                 "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
                 size=53_723_336),),
        "pennfudan",
        "No checksum is published."),
}
