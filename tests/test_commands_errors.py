"""What a command cannot do it says in one sentence, and ends with exit code 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands_cases import write_folder
from PIL import Image
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.models.instancefcn import InstanceFCN

__all__ = ["one_thread"]  # a fixture


def prepare(folder: Path) -> dict[str, str]:
    """Broken and missing things, by name."""
    whole = folder / "whole.png"
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(image).save(whole)
    (folder / "cut.png").write_bytes(whole.read_bytes()[:2000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "broken.json").write_text('{"images": [')
    (folder / "cut.safetensors").write_bytes(b"\x80" * 40)
    (folder / "run").mkdir()
    stale = ["--annotations", str(write_folder(folder / "stale", count=1))]
    (folder / "run" / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut short")
    bare = write_folder(folder / "bare", count=1, objects=False)
    good = InstanceFCN(2, 7, "small", sizes=(16.0, 16.0))
    good.save(folder / "good.safetensors")
    names = {path.name: str(path) for path in folder.iterdir()}
    return names | {"bare.json": str(bare), "out": str(folder / "out"),
                    "here": str(folder), "stale.json": stale[1]}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return prepare(tmp_path_factory.mktemp("broken"))


GOOD = "--weights {good.safetensors}"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"segment nowhere.png {GOOD}", "nowhere.png: there is no such picture"),
        (f"segment {{cut.png}} {GOOD}", "cut.png: cannot be read as a picture"),
        (f"segment {{empty.png}} {GOOD}", "empty.png: cannot be read as a picture"),
        ("segment {whole.png} --weights nosuch", "weights/nosuch.safetensors"),
        ("segment {whole.png} --weights {here}/none.safetensors", "no weights at"),
        ("segment {whole.png} --weights {cut.safetensors}", "truncated"),
        ("segment {whole.png} --weights {here}", "model.safetensors"),
        (f"segment {{whole.png}} {GOOD} --device cuda:77", "no device 'cuda:77' here"),
        (f"segment {{whole.png}} {GOOD} --out {{whole.png}}/a.png", "is a file, so"),
        (f"segment {{whole.png}} {GOOD} --out {{whole.png}}", "this file is read here"),
        (f"segment {{whole.png}} {GOOD} --json {{whole.png}}", "this file is read"),
        (f"segment {{whole.png}} {GOOD} --out {{here}}/a.bmp", "give a folder for sev"),
        (f"segment {{whole.png}} {GOOD} --page 2", "no page 2, its pages are 1 to 1"),
        (f"segment {{here}}/whole.pgn {GOOD}", "picture file; whole.png is there"),
        ("segment {whole.png} --weights {here}/goood.safetensors", "; good.safeten"),
        ("evaluate --annotations {stale.json} --results {here}/brokn.json",
         "broken.json is there"),
        ("evaluate --annotations {stale.json} --results {broken.json} --json "
         "{stale.json}", "this file is read here"),
        (f"segment {{whole.png}} {GOOD} --sizes 9 3", "0 < smallest <= largest"),
        ("train --annotations nowhere.json --out {out}", "no such annotation file"),
        ("train --annotations {broken.json} --out {out}", "cannot be read as JSON"),
        ("train --annotations {bare.json} --out {out}", "holds an object"),
        ("train --annotations {stale.json} --images no --out {out}", "no: there is no"),
        ("train --annotations {stale.json} --out {out} --options k=9 m=4", "m >= k"),
        ("train --out {out}/new --resume", "no run to resume"),
        ("train --out {run} --resume", "checkpoint.pt is not a checkpoint"),
        (f"train --annotations {{stale.json}} --out {{out}} --options k=3 {GOOD}",
         "have k = 2, not 3"),
        (f"evaluate --annotations {{bare.json}} {GOOD}", "hold no object"),
        (f"evaluate --annotations {{broken.json}} {GOOD}", "cannot be read as JSON"),
        ("evaluate --annotations {stale.json} --weights {run}", "no weights at"),
    ],
)
def test_an_error_is_one_sentence_and_exit_code_2(
    line: str, says: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = line.split()
    for name, path in places.items():
        words = [word.replace(f"{{{name}}}", path) for word in words]
    assert main(words) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith(f"ifcn-lab {words[0]}: ") and says in told
    assert "\n" not in told and "Traceback" not in told
