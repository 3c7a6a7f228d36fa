"""The figures that the paper printed, each with where it was seen.

They were not read off the paper itself. `source` names the public text that they were
taken from, `status` how sure they are:

- KR-INST: a Korean digest of the whole paper. Wherever it could be compared with a
  text of the authors themselves, the figures agreed.
- KR-MNC: a digest of the MNC paper by the same hand.
- KR-DM, KR-SM: digests of DeepMask and SharpMask.
- YOLACT, FPN: these papers' own tables, which repeat a figure.

The tables are numbered in the order in which they are treated here. All figures are
percentages.
"""

from __future__ import annotations

from typing import NamedTuple

AR = ("AR@10", "AR@100", "AR@1000")
MAP = ("mAP^r@0.5", "mAP^r@0.7")


class PaperRow(NamedTuple):
    """One line of a table: the method, its figures, and how sure they are.

    `figures` stand in the order of the table's columns; None where the paper has no
    figure. `key` names the row that is run here in its place, "" where none is.
    """

    method: str
    figures: tuple[float | None, ...]
    source: str
    status: str
    key: str = ""


class PaperTable(NamedTuple):
    """One table of the paper: what it compares, its columns, its data, its rows."""

    name: str
    title: str
    columns: tuple[str, ...]
    data: str
    rows: tuple[PaperRow, ...]


def _rows(source: str, status: str, *rows: tuple) -> tuple[PaperRow, ...]:
    """Rows (method, figures, key) that share a source."""
    return tuple(PaperRow(method, figures, source, status, *key)
                 for method, figures, *key in rows)


_VOC = "trained on VOC 2012 train, tested on VOC 2012 val (SBD's masks, 5,623 and " \
       "5,732 images: from memory, unconfirmed)"

POSITIONS = PaperTable(
    "table1", "number of relative positions", AR, _VOC,
    (PaperRow("k = 1", (None, None, None), "", "not in the paper", "maps-k1"),
     *_rows("KR-INST", "confirmed",
            ("k = 3", (38.3, 49.2, 52.1), "maps-k3"),
            ("k = 5", (38.9, 49.7, 52.6), "maps-k5"),
            ("k = 7", (38.8, 49.7, 52.7), "maps-k7"))),
)
"""The k = 1 row is ours: the paper stops at 3."""

TRAINING = PaperTable(
    "table2", "~DeepMask and ours, crops and whole images", AR, _VOC,
    _rows("KR-INST", "confirmed",
          ("~DeepMask, crop 224", (31.2, 42.9, 47.0), "window-crop"),
          ("ours, crop 224", (37.4, 48.4, 51.4), "maps-k5-crop"),
          ("ours, whole image", (38.9, 49.7, 52.6), "maps-k5-whole")),
)

PROPOSALS = PaperTable(
    "table3", "segment proposals on VOC 2012 val", AR, _VOC,
    _rows("KR-INST", "confirmed",
          ("Selective Search", (7.0, 23.5, 43.3)),
          ("MCG", (18.9, 36.8, 49.5)),
          ("~DeepMask", (31.2, 42.9, 47.0), "window-crop"),
          ("MNC, its proposals", (33.4, 48.5, 53.8)),
          ("InstanceFCN", (38.9, 49.7, 52.6), "maps-k5")),
)

RECOGNITION = PaperTable(
    "table4", "instance semantic segmentation, N = 300, MNC's stage 3 in a second step",
    MAP, "VOC 2012 val",
    (*_rows("KR-INST, KR-MNC", "confirmed twice",
            ("SDS (AlexNet), MCG", (49.7, 25.3)),
            ("Hypercolumn, MCG", (60.0, 40.4)),
            ("CFM, MCG", (60.7, 39.6))),
     *_rows("KR-INST, KR-MNC, YOLACT", "confirmed", ("MNC, MNC", (63.5, 41.5))),
     *_rows("KR-INST, KR-MNC", "confirmed twice",
            ("MNC, InstanceFCN", (61.5, 43.0), "recognise"))),
)

COCO = PaperTable(
    "table5", "segment proposals on COCO", AR,
    "trained on train2014, tested on the first 5,000 images of val2014",
    (*_rows("KR-INST", "confirmed",
            ("GOP", (2.3, 12.3, 25.3)),
            ("Rigor", (None, 9.4, 25.3)),
            ("Selective Search", (2.5, 9.5, 23.0))),
     *_rows("KR-INST, KR-DM", "confirmed twice", ("MCG", (7.7, 18.6, 29.9))),
     *_rows("KR-INST, KR-DM, KR-SM", "confirmed twice",
            ("DeepMask", (12.6, 24.5, 33.1))),
     *_rows("KR-INST", "confirmed", ("DeepMaskZoom", (12.7, 26.1, 36.6))),
     *_rows("KR-INST; AR@1000 also FPN", "confirmed",
            ("InstanceFCN", (16.6, 31.7, 39.2), "maps-k5"))),
)

PAPER_TABLES = {table.name: table
                for table in (POSITIONS, TRAINING, PROPOSALS, RECOGNITION, COCO)}

KEYS = tuple(dict.fromkeys(row.key for table in PAPER_TABLES.values()
                           for row in table.rows if row.key))
"""Of all rows that are run here."""
