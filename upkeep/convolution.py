"""The bytes of the page's WebAssembly, made from its text.

    python -m upkeep.convolution

It needs `wat2wasm` (Debian's package `wabt`) and writes
`ifcn_lab/widgets/front_end/convolution.js`, so that nothing else ever needs it.
"""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64encode

from ifcn_lab.widgets.front_end import FOLDER

TEXT, MODULE = FOLDER / "convolution.wat", FOLDER / "convolution.js"
HEAD = """\
// The bytes of convolution.wat, as wat2wasm makes them: `python -m upkeep.convolution`.

/** Base64 of a WebAssembly module that exports `convolve` and its memory. */
export const CONVOLUTION = [
"""


def compiler() -> str | None:
    """Where `wat2wasm` is, or None."""
    return shutil.which("wat2wasm")


def compiled() -> bytes:
    """The module that the text becomes.

    Raises:
        FileNotFoundError: there is no `wat2wasm`.
        subprocess.CalledProcessError: it finds a fault in the text.
    """
    tool = compiler()
    if tool is None:
        raise FileNotFoundError("there is no wat2wasm; install Debian's package wabt")
    command = [tool, str(TEXT), "--output=-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def written(module: bytes) -> str:
    """The JavaScript that carries these bytes."""
    letters = b64encode(module).decode()
    lines = [f'  "{letters[at : at + 80]}",\n' for at in range(0, len(letters), 80)]
    return HEAD + "".join(lines) + '].join("");\n'


if __name__ == "__main__":
    MODULE.write_text(written(compiled()), encoding="utf-8")
