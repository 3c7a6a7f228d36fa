"""The front end: the golden vectors in a JavaScript engine, and the joined modules."""

import json
import shutil
import subprocess
from pathlib import Path

import golden_vectors
import numpy as np
import pytest

from ifcn_course import inventory
from ifcn_lab.data import shipped
from ifcn_lab.draw.palette import part_colours
from ifcn_lab.widgets import front_end

COURSE = Path(inventory.__file__).parent
JOINED = front_end.joined("assembling.js")
RUN = """
function windowsOf(vector) {
  const { k, m, height: H, width: W, fill, images } = vector;
  const batch = images ? vector.maps : [vector.maps];
  const flat = batch.map((maps) => Float64Array.from(maps.flat(2)));
  const every = () => flat.flatMap((_, b) => Array.from({ length: H * W },
    (_, n) => [b, Math.floor(n / W), n % W]));
  const centers = vector.centers?.map((c) => (images ? c : [0, ...c])) ?? every();
  return centers.flatMap(([b, y, x]) =>
    Array.from(assemble(flat[b], { k, m, H, W, y, x }, fill)));
}
const results = vectors.map(windowsOf);
"""


def assert_all_equal(results):
    vectors = golden_vectors.read()
    assert len(results) == len(vectors)
    for found, vector in zip(results, vectors, strict=True):
        assert found == vector.windows.ravel().tolist(), vector.case.name


def vectors_text():
    return shipped.path("golden/assembling.json").read_text("utf-8")


def test_the_front_end_reproduces_the_golden_vectors_in_a_browser(browser):
    page = browser.new_page()
    script = f"(vectors) => {{ {JOINED}\n{RUN}\n return results; }}"
    assert_all_equal(page.evaluate(script, json.loads(vectors_text())))
    page.close()


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine")
def test_the_front_end_reproduces_the_golden_vectors_in_node(tmp_path):
    program = tmp_path / "golden.mjs"
    source = f"{JOINED}\nconst vectors = {vectors_text()};\n{RUN}\n"
    program.write_text(source + "console.log(JSON.stringify(results));")
    run = subprocess.run(["node", program], capture_output=True, text=True, check=True)
    assert_all_equal(json.loads(run.stdout))


MODULES = sorted(
    str(path) for folder in (front_end.FOLDER, COURSE)
    for path in folder.glob("*.js")
    if "export function render" in path.read_text("utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_a_joined_module_needs_nothing_from_elsewhere(browser, module):
    source = front_end.for_notebook(module)
    assert "import " not in source.replace("important", "")
    assert "http:" not in source and "https:" not in source
    page = browser.new_page()
    kind = page.evaluate(
        "async (source) => { const url = URL.createObjectURL(new Blob([source], "
        "{ type: 'text/javascript' })); "
        "return typeof (await import(url)).default.render; }",
        source)
    page.close()
    assert kind == "function"


# Colours

SEEN_BY = {  # matrices for linear light, of Machado, Oliveira and Fernandes (2009)
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
    "normal sight": np.eye(3).tolist(),
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]])


def lab(code, matrix):
    """CIE L*a*b* of a colour as someone sees it, under D65."""
    rgb = np.frombuffer(bytes.fromhex(code[1:]), np.uint8) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(matrix) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SEEN_BY)
@pytest.mark.parametrize("k", range(2, 8))
def test_neighbouring_cells_are_told_apart_by_everyone(k, sight):
    seen = np.array([lab(code, SEEN_BY[sight]) for code in part_colours(k)])
    seen = seen.reshape(k, k, 3)
    down = np.linalg.norm(seen[1:] - seen[:-1], axis=-1)
    across = np.linalg.norm(seen[:, 1:] - seen[:, :-1], axis=-1)
    assert min(down.min(), across.min()) >= 5  # 2.3 is just noticeable
