"""The paper's tables: what each row trains and measures, and what the paper printed."""

from __future__ import annotations

TABLES = ("table1", "table2", "table3", "table4", "table5")
DATASETS = ("voc2012", "sbd", "coco", "dsb2018", "scenes")
SCALES = ("paper", "small")
