"""The page's network run outside a page: in Node, or in a browser's blank page."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.layer_list import LayerList

WORK = """
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const text = (numbers) => {
  const all = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let letters = "";
  for (const byte of all) letters += String.fromCharCode(byte);
  return btoa(letters);
};
const work = (given) => {
  const halves = new Uint16Array(bytes(given.weights).buffer);
  const wasm = given.wasm ? bytes(CONVOLUTION) : null;
  const network = new Network(given.told, halves, wasm);
  const layersOf = () => given.told.layers.map((_, n) => text(network.map(n + 1)));
  const answers = given.images.map(({ pixels, h, w }) => {
    const { H, W, ...found } = network.run(bytes(pixels), h, w);
    const said = Object.entries(found).map(([name, map]) => [name, text(map)]);
    const layers = given.layers ? layersOf() : [];
    return { H, W, ...Object.fromEntries(said), layers };
  });
  return { kind: network.kind, answers };
};
"""


def source() -> str:
    """The network's code and `work`, which runs it on what JSON can carry."""
    return (front_end.joined("convolution.js") + front_end.joined("network.js")
            + WORK)


def asked(listed: LayerList, images: list[np.ndarray], **wishes: Any) -> dict[str, Any]:
    """What `work` is given."""
    pictures = [{"pixels": b64encode(image.tobytes()).decode(), "h": image.shape[0],
                 "w": image.shape[1]} for image in images]
    return {"told": listed.told(), "images": pictures, "wasm": True,
            "weights": b64encode(listed.weights).decode(), **wishes}


def in_node(code: str, expression: str, given: object, folder: Path) -> Any:
    """The value of an expression of `given` after this code, as Node has it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node: install Debian's package nodejs")
    (folder / "given.json").write_text(json.dumps(given))
    end = ('const given = JSON.parse(require("fs").readFileSync(process.argv[2]));'
           f"\nprocess.stdout.write(JSON.stringify({expression}));")
    (folder / "code.cjs").write_text(f"{code}\n{end}")
    command = [node, str(folder / "code.cjs"), str(folder / "given.json")]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def in_browser(browser: Any, code: str, expression: str, given: object) -> Any:
    """The same in a blank page."""
    page = browser.new_page()
    try:
        return page.evaluate(f"(given) => {{ {code}\n return {expression}; }}", given)
    finally:
        page.close()


def numbers(text: str) -> np.ndarray:
    """The float32 numbers that `work` gave."""
    return np.frombuffer(b64decode(text), "<f4")


@torch.no_grad()
def every_map(listed: LayerList, image: np.ndarray) -> list[torch.Tensor]:
    """The layer list as torch runs it: the map of each layer, (1, C, H, W)."""
    left = torch.from_numpy(np.frombuffer(listed.weights, "<f2").astype(np.float32))
    size = [-(-side // listed.stride) * listed.stride for side in image.shape[:2]]
    x = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    x = (x - torch.tensor(listed.mean).view(3, 1, 1)) / torch.tensor(
        listed.std).view(3, 1, 1)
    h, w = image.shape[:2]
    maps = [F.pad(x, (0, size[1] - w, 0, size[0] - h))[None]]
    for layer in listed.layers:
        came = maps[layer["source"]]
        if layer["kind"] == "enlarging":
            out = F.interpolate(came, maps[layer["like"]].shape[-2:], mode="bilinear",
                                align_corners=False)
        else:
            kernel = layer["outputs"], layer["inputs"], layer["side"], layer["side"]
            weight, bias, left = left.split(
                [int(np.prod(kernel)), kernel[0], len(left) - int(np.prod(kernel))
                 - kernel[0]])
            out = F.conv2d(came, weight.view(kernel), bias, layer["stride"],
                           layer["dilation"] * (layer["side"] // 2), layer["dilation"])
        out = out if layer["add"] is None else out + maps[layer["add"]]
        maps.append(out.relu() if layer["relu"] else out)
    return maps[1:]
