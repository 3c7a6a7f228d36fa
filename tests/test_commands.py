"""The command line: what it explains, prints and writes; a run stopped and killed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands_cases import SMALL, write_folder
from PIL import Image
from pycocotools import mask as coco_mask
from training_cases import one_thread

from ifcn_lab.__main__ import main, parse
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import load_checkpoint

ROOT = Path(__file__).parent.parent
COMMANDS = "doctor demo segment train evaluate".split()
__all__ = ["one_thread"]  # a fixture


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def run(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps."""
    out = tmp_path_factory.mktemp("runs") / "run"
    known = ["--annotations", str(scenes), "--out", str(out), "--iterations", "2"]
    assert main(["train", *known, *SMALL]) == 0
    return out


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that looks at images at their own size only."""
    net = InstanceFCN(2, 7, "small", sizes=(16.0, 16.0))
    return net.save(tmp_path_factory.mktemp("weights") / "small.safetensors")


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: ifcn-lab {command}") and len(text) > 150


def test_help_comes_at_once_because_nothing_heavy_is_loaded() -> None:
    code = ("import sys\nfrom ifcn_lab.__main__ import main\n"
            "try:\n    main(['--help'])\nexcept SystemExit as end:\n"
            "    print(end.code, {'torch', 'matplotlib', 'numba'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True,
                          text=True)
    assert done.stdout.endswith("0 set()\n"), done.stderr
    assert all(f"  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "wrong",
    ["", "paint", "train", "segment", "segment a.png --score 2",
     "train --out run --options k", "train --out run --minutes -1",
     "evaluate --annotations a.json --nms x", "train --out run --lr nan"],
)
def test_a_wrong_option_ends_with_2_and_the_usage(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(wrong.split())
    assert done.value.code == 2
    assert "usage: ifcn-lab" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["README.md", "TEACHING.md", "guide/own_data.md"])
def test_the_options_a_page_shows_are_understood(page: str) -> None:
    lines = (ROOT / page).read_text("utf-8").splitlines()
    shown = [shlex.split(line)[1:] for line in lines if line.startswith("ifcn-lab ")]
    assert len(shown) >= 2
    assert all(parse(command).command == command[0] for command in shown)


def test_the_doctor_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) in (0, 1)
    title, *findings, verdict = capsys.readouterr().out.splitlines()
    assert title.startswith("ifcn_lab ") and len(findings) > 20 and verdict


# Train, evaluate, segment


def test_training_writes_network_checkpoint_and_log(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = InstanceFCN.load(run / "model.safetensors")
    assert (net.k, net.m, net.backbone_name) == (2, 7, "light")
    assert 14 <= net.sizes[0] < net.sizes[1] <= 40
    assert load_checkpoint(run / "checkpoint.pt")["iteration"] == 2
    header, *rows = (run / "log.csv").read_text().splitlines()
    assert header == "step,objectness,mask,lr,seconds"
    assert [row.split(",")[0] for row in rows[-2:]] == ["1", "2"]


def test_a_finished_run_resumes_to_itself(run: Path) -> None:
    before = InstanceFCN.load(run / "model.safetensors").state_dict()
    assert main(["train", "--out", str(run), "--resume"]) == 0
    after = InstanceFCN.load(run / "model.safetensors").state_dict()
    assert all((before[name] == after[name]).all() for name in before)


def test_training_starts_from_given_weights(
    scenes: Path, weights: Path, tmp_path: Path
) -> None:
    known = ["--annotations", str(scenes), "--out", str(tmp_path / "more")]
    few = ["--iterations", "1", "--batch", "1", "--crop", "48"]
    assert main(["train", *known, *few, "--weights", str(weights)]) == 0
    net = InstanceFCN.load(tmp_path / "more" / "model.safetensors")
    assert (net.k, net.m) == (2, 7)


def test_training_without_annotations_takes_synthetic_scenes(tmp_path: Path) -> None:
    known = ["--out", str(tmp_path / "run"), "--iterations", "1"]
    parsed = parse(["train", *known])
    from ifcn_lab.cli.train import load_samples

    samples = load_samples(parsed)
    assert isinstance(samples, SceneSet) and len(samples) == 2000


def test_evaluating_prints_and_writes_average_recall(
    scenes: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    known = ["--annotations", str(scenes), "--images", str(scenes.parent / "images")]
    assert main(["evaluate", *known, "--weights", str(run), "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert all(f"AR@{n} 0." in printed for n in (10, 100, 1000))
    figures = json.loads(out.read_text())
    assert figures["images"] == 3 and figures["objects"] > 3
    assert 0 <= figures["AR@10"] <= figures["AR@100"] <= figures["AR@1000"] <= 1


def test_evaluating_a_part_says_how_much(
    scenes: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ["--annotations", str(scenes), "--weights", str(weights)]
    assert main(["evaluate", *known, "--limit", "1", "--top", "10"]) == 0
    printed = capsys.readouterr().out
    assert "AR@10 " in printed and "AR@100" not in printed
    assert "(images 1, " in printed


def test_segmenting_writes_an_overlay_of_the_pictures_shape_and_coco_results(
    scenes: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, out = scenes.parent / "images" / "0.png", tmp_path / "overlay.png"
    results = tmp_path / "results.json"
    known = [str(picture), "--weights", str(weights), "--score", "0.01"]
    assert main(["segment", *known, "--out", str(out), "--json", str(results)]) == 0
    assert str(out) in capsys.readouterr().out
    with Image.open(out) as drawn:
        assert drawn.width / drawn.height == pytest.approx(80 / 64, rel=0.02)
    found = json.loads(results.read_text())
    assert 0 < len(found) <= 100
    for one in found:
        assert one["file_name"] == "0.png" and 0 < one["score"] < 1
        assert coco_mask.decode(one["segmentation"]).shape == (64, 80)


def test_several_pictures_go_to_a_folder_or_beside_themselves(
    scenes: Path, weights: Path, tmp_path: Path
) -> None:
    pictures = []
    for name in "ab":
        image = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / f"{name}.png")
        pictures.append(str(tmp_path / f"{name}.png"))
    known = [*pictures, "--weights", str(weights)]
    assert main(["segment", *known, "--out", str(tmp_path / "drawn")]) == 0
    assert main(["segment", *known]) == 0
    for folder in (tmp_path, tmp_path / "drawn"):
        assert all((folder / f"{name}_overlay.png").is_file() for name in "ab")


def test_the_demo_finds_the_coins_and_names_its_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "coins.png"
    assert main(["demo", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "24 coins, " in printed and str(out.resolve()) in printed
    assert int(printed.split("24 coins, ")[1].split()[0]) >= 22
    assert out.is_file()


# A real process, stopped and killed


def start(out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ifcn_lab", "train", "--out", str(out), *more]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True,
                            stdout=subprocess.DEVNULL,
                            env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for_steps(out: Path, count: int, process: subprocess.Popen[str]) -> int:
    """Wait until the log has so many lines; returns the step of the last."""
    for _ in range(12_000):
        log = out / "log.csv"
        rows = log.read_text().splitlines()[1:] if log.exists() else []
        if len(rows) >= count:
            return int(rows[count - 1].split(",")[0])
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError(f"no {count} steps in ten minutes")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has neither SIGINT nor SIGKILL")
def test_a_run_stopped_by_ctrl_c_and_then_killed_goes_on(
    scenes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = start(out, "--annotations", str(scenes), "--iterations", "100000", *SMALL)
    wait_for_steps(out, 2, process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=600)
    assert process.returncode == 130, told
    assert "stopped" in told and "Traceback" not in told
    done = load_checkpoint(out / "checkpoint.pt")["iteration"]
    lines = len((out / "log.csv").read_text().splitlines()) - 1  # a header
    assert lines == done >= 2                  # every step that was logged is kept

    process = start(out, "--resume")
    assert wait_for_steps(out, lines + 1, process) == done + 1
    process.kill()
    process.communicate(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert load_checkpoint(out / "checkpoint.pt")["iteration"] == done

    length = ["--iterations", str(done + 1)]
    assert main(["train", "--out", str(out), "--resume", *length]) == 0
    assert load_checkpoint(out / "checkpoint.pt")["iteration"] == done + 1
    assert InstanceFCN.load(out / "model.safetensors").k == 2
