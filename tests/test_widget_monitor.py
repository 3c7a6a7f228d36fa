"""The TrainingMonitor: a thread that trains, its words, the page that replays it."""

import re
import threading

import numpy as np
import pytest
import torch
from training_cases import QUICK, SCENES, network, one_thread, same_weights, samples

from ifcn_lab import scenes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.training import train
from ifcn_lab.widgets.frames import Frame, best_windows, points, thinned
from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.monitor import TrainingMonitor
from ifcn_lab.windows.oracle import coverage, object_centers

__all__ = ["one_thread", "samples"]  # fixtures
LONG = QUICK.with_(iterations=10_000)


def until(monitor, condition):
    """Wait for a change of the monitor's traits."""
    reached = threading.Event()
    monitor.observe(lambda _: reached.set() if condition() else None)
    assert condition() or reached.wait(600)


@pytest.fixture(scope="module")
def trained(samples):
    monitor = TrainingMonitor(network(), samples, QUICK, pace=0)
    monitor.wait()
    return monitor


# The thread


def test_the_network_is_the_one_that_train_gives(trained, samples):
    alone, losses = network(), []
    train(alone, samples, QUICK,
          on_step=lambda step: losses.append(tuple(step.losses.values())))
    assert same_weights(trained.wait(), alone)
    assert trained.history == losses


def test_other_code_runs_while_it_trains(samples):
    monitor = TrainingMonitor(network(), samples, LONG, pace=0)
    monitor.start()
    assert monitor.status == "training"
    until(monitor, lambda: monitor.taken >= 3)  # the traits follow by themselves
    monitor.stop()
    assert monitor.status == "stopped" and 3 <= monitor.taken < 10_000
    assert monitor.wait() is monitor.wait()


def test_a_pause_holds_the_network_still_until_it_is_resumed(samples):
    net = network()
    monitor = TrainingMonitor(net, samples, LONG, pace=0)
    monitor.start()
    until(monitor, lambda: monitor.taken >= 1)
    monitor.pause()
    before = [p.clone() for p in net.parameters()]
    taken = monitor.taken
    threading.Event().wait(0.3)
    assert monitor.status == "paused" and len(monitor.history) == taken
    assert all(map(torch.equal, before, net.parameters()))
    monitor.resume()
    until(monitor, lambda: monitor.taken > taken)
    monitor.stop()


def test_waiting_resumes_what_is_paused(samples):
    monitor = TrainingMonitor(network(), samples, QUICK)
    monitor.start()
    monitor.pause()
    monitor.wait()
    assert monitor.status == "done" and len(monitor.history) == QUICK.iterations


def test_what_the_buttons_send_is_done(samples):
    monitor = TrainingMonitor(network(), samples, LONG)
    states = {"start": "training", "pause": "paused", "no such thing": "paused",
              "resume": "training", "stop": "stopped"}
    for asked, status in states.items():
        monitor._handle_custom_msg({"do": asked}, [])
        assert monitor.status == status


def test_a_second_monitor_of_a_network_stops_the_first(samples):
    net = network()
    first = TrainingMonitor(net, samples, LONG)
    first.start()
    second = TrainingMonitor(net, samples, QUICK)
    second.wait()
    until(first, lambda: first.status == "stopped")
    assert second.status == "done"


def test_an_error_in_training_becomes_a_sentence(samples):
    class Broken(SceneSet):
        def __getitem__(self, index):
            if threading.current_thread().name == "training":
                raise ValueError("scene.png is not a picture\nat all.")
            return super().__getitem__(index)

    monitor = TrainingMonitor(network(), Broken(4, **SCENES), LONG)
    with pytest.raises(RuntimeError, match="is not a picture"):
        monitor.wait()
    said = ("Training ended with an error, ValueError: 2 of 4 images cannot be read, "
            "more than a tenth of the data set; the first: scene.png is not a picture.")
    assert monitor.status == "failed" and monitor.error == said
    assert monitor.words().endswith(said)
    assert said in monitor.html()


def test_a_loss_that_is_no_number_becomes_a_sentence(samples):
    monitor = TrainingMonitor(network(), samples, LONG.with_(lr=float("inf")))
    with pytest.raises(RuntimeError, match="lower the learning rate"):
        monitor.wait()
    assert "FloatingPointError" in monitor.error and monitor.taken >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": []}, "no images to train on"),
        ({"model": "small"}, "the first argument is a network"),
        ({"image": np.zeros((8, 8))}, "uint8"),
        ({"image": scenes.Scene(np.zeros((8, 8, 3), np.uint8), np.ones((1, 4, 4)))},
         "the masks are (1, 4, 4)"),
    ],
)
def test_what_cannot_be_trained_gives_a_sentence(samples, opened, changes, words):
    given = {"model": network(), "samples": samples, "recipe": QUICK} | changes
    monitor = TrainingMonitor(**given)
    assert words in monitor.describe() and words in repr(monitor)
    monitor.start()
    monitor.pause()
    with pytest.raises(RuntimeError, match="cannot be trained"):
        monitor.wait()
    page = opened(monitor)
    assert words in page.page.get_by_role("alert").inner_text()


# What it shows


def test_the_windows_are_what_the_network_says_at_the_objects(trained, samples):
    net, shown = trained.wait(), samples[0]
    image = torch.tensor(shown.image).permute(2, 0, 1)[None] / 255
    centers = object_centers(shown.masks, net.stride, net.m)
    with torch.no_grad():
        logits = net(image).maps[0]
        logits = net.windows(logits, torch.tensor(centers)).numpy()
    assert np.array_equal(trained.windows_at(-1), shade(logits))
    truth = np.frombuffer(trained.truth, np.uint8).reshape(logits.shape)
    for (y, x), cells, wanted in zip(
        centers, coverage(shown.masks, net.stride) > 0.5, truth, strict=True
    ):
        for i, j in np.ndindex(wanted.shape):
            row, column = y - net.m // 2 + i, x - net.m // 2 + j
            on = 0 <= row < cells.shape[0] and 0 <= column < cells.shape[1]
            assert wanted[i, j] == (cells[row, column] if on else 255)


def test_every_step_was_looked_at_and_the_digits_are_the_windows(trained):
    assert trained.at == list(range(QUICK.iterations + 1))
    digits = [[int(d) for d in one] for one in trained.grid().splitlines()[0].split()]
    assert np.array_equal(trained.windows_at(-1)[:, 0].astype(int) * 10 // 256, digits)


def test_a_picture_without_masks_shows_the_windows_the_network_likes(samples):
    monitor = TrainingMonitor(network(), samples, QUICK, image=samples[1].image)
    assert monitor.windows_at(0).shape == (4, 7, 7) and not monitor.truth
    assert "places are white" in monitor.words()


def test_best_windows_stand_apart():
    objectness = np.random.default_rng(0).normal(size=(9, 11))
    found = best_windows(objectness, m=8)
    assert objectness[tuple(found[0])] == objectness.max()
    apart = np.abs(found[:, None] - found[None]).max(-1) + 9 * np.eye(4)
    assert apart.min() > 2


def test_long_runs_stay_small():
    losses = np.random.default_rng(0).random((1501, 2))
    found, per = points(list(map(tuple, losses)))
    assert per == 3 and len(found) == 501
    assert np.allclose(found[1], losses[3:6].mean(0))
    assert np.allclose(found[-1], losses[1500])
    frames = [Frame(n, np.zeros((1, 2), int), np.zeros((1, 2, 2), np.uint8))
              for n in range(8)]
    assert [f.step for f in thinned(frames)] == [0, 2, 4, 6, 7]
    assert [f.step for f in thinned(frames[:7])] == [0, 2, 4, 6]


def test_the_words_name_the_moment_shown(trained):
    trained.step = 0
    assert "Shown is the network untrained." in trained.words()
    trained.step = 3
    mask = np.mean([mask for _, mask in trained.history[:3]])
    assert f"Shown is step 3: mask loss {mask:.2f}" in trained.words()
    trained.step = -1
    assert trained.words().startswith("Done: 6 of 6 steps taken. Shown is step 6:")
    assert repr(trained) == "TrainingMonitor(steps=6)"


def test_a_record_is_replayed_without_a_network(trained, tmp_path):
    again = TrainingMonitor.recorded(trained.save_record(tmp_path / "run.json"))
    assert again.describe() == trained.describe()
    again.start()
    with pytest.raises(RuntimeError, match="recorded run"):
        again.wait()


def test_the_run_that_ships_ends_with_good_masks(opened):
    recorded = TrainingMonitor.recorded()
    page = opened(recorded)
    assert page.words() == recorded.words()
    share = int(re.search(r"(\d+)% of the places", recorded.words())[1])
    assert share > 95 and recorded.at[-1] == recorded.steps
    assert page.errors == []


# In a browser


def canvas_of(page, monitor):
    """The greys of the windows as the page shows them, (N, m, m)."""
    count, m = len(monitor.windows_at(0)), monitor.m
    selector = ".ifcn-panel:nth-of-type(2) canvas"
    width = page.page.evaluate(f"document.querySelector('{selector}').width")
    sheet = np.array(page.pixels(selector)).reshape(-1, width, 4)[..., 0]
    across = (width + 2) // (m + 2)
    corners = [divmod(n, across) for n in range(count)]
    return np.array([sheet[r * (m + 2) :, c * (m + 2) :][:m, :m] for r, c in corners])


def test_the_page_shows_and_says_each_moment_as_python_does(trained, opened):
    page = opened(trained)
    for step in (0, 1, 3, 6, -1):
        trained.step = step
        page.set(step=step)
        assert page.words() == trained.words()
        assert np.array_equal(canvas_of(page, trained),
                              trained.windows_at(trained.frame()))
    assert page.page.get_by_role("button").all_inner_texts() == ["replay"]
    assert page.errors == []


def test_one_great_loss_leaves_few_labels(trained, opened):
    losses = [0.7] * 12
    page = opened(trained)
    give = "(losses) => ifcnModel.set('losses', Float32Array.from(losses))"
    for great, highest in ((5000, "5000"), (0.1, "0.8"), (2.4e6, "2e6")):
        losses[3] = great
        page.page.evaluate(give, losses)
        page.settle()
        labels = page.page.locator(".ifcn-chart text[x='30']").all_text_contents()
        assert 4 <= len(labels) <= 6 and labels[-1] == highest


def test_no_step_is_written_twice_below_the_losses(samples, opened):
    page = opened(TrainingMonitor(network(), samples, QUICK, pace=0))
    page.set(status="stopped")
    below = page.page.locator(".ifcn-chart text[y='{}']".format(
        page.page.locator(".ifcn-chart text", has_text=re.compile("^0$"))
        .get_attribute("y")))
    assert below.all_text_contents() == ["0", "1", "2"]


def test_the_slider_goes_from_the_first_moment_to_the_newest(trained, opened):
    page = opened(trained)
    for key, step in (("Home", 0), ("ArrowRight", 1)):
        page.page.locator("input[type=range]").press(key)
        assert page.get("step") == step
    assert page.sliders_to_both_ends() == 1
    assert page.get("step") == -1
    assert page.errors == []


def test_replay_ends_at_the_newest_moment(trained, opened):
    page = opened(trained, reduced_motion="no-preference")
    page.page.evaluate("() => { globalThis.seen = []; ifcnModel.on("
                       "'change:step', () => seen.push(ifcnModel.get('step'))); }")
    page.page.get_by_role("button", name="replay").press("Enter")
    page.page.wait_for_function("ifcnModel.get('step') === -1")
    assert page.page.evaluate("seen") == [*range(QUICK.iterations), -1]
    assert page.errors == []


def test_with_less_motion_each_press_shows_one_more_moment(trained, opened):
    page = opened(trained, reduced_motion="reduce")
    for step in (0, 1, 2):
        page.page.get_by_role("button", name="replay").press("Enter")
        page.settle()
        assert page.get("step") == step


def test_the_buttons_are_those_that_make_sense_and_ask_python(trained, opened):
    page = opened(trained)
    page.page.evaluate("() => { globalThis.sent = []; "
                       "ifcnModel.send = (message) => sent.push(message.do); }")
    wanted = {"ready": ["train"], "training": ["pause", "stop"],
              "paused": ["resume", "stop"], "done": []}
    for status, names in wanted.items():
        page.set(live=True, status=status)
        found = page.page.locator(".ifcn-buttons button:visible")
        assert found.all_inner_texts() == names
        for name in names:
            page.page.get_by_role("button", name=name).press("Enter")
    asked = ["start", "pause", "stop", "resume", "stop"]
    assert page.page.evaluate("sent") == asked
    page.set(status="failed", error="Training ended with an error, no disk: full.")
    assert "no disk" in page.page.get_by_role("alert").inner_text()
    assert "Failed: " in page.words() and page.errors == []


def test_focus_goes_from_pause_to_resume(trained, opened):
    page = opened(trained)
    page.set(live=True, status="training")
    page.page.get_by_role("button", name="pause").focus()
    page.set(status="paused")
    assert page.page.evaluate("document.activeElement.innerText") == "resume"


def test_two_hundred_rapid_moves_leave_no_error(trained, opened):
    page = opened(trained)
    page.page.evaluate("() => { for (let n = 0; n < 200; n++) "
                       "ifcnModel.set('step', n % 7); }")
    page.settle()
    trained.step = 199 % 7
    assert np.array_equal(canvas_of(page, trained), trained.windows_at(trained.frame()))
    assert page.words() == trained.words()
    trained.step = -1
    assert page.errors == []


def test_a_file_saved_in_the_middle_says_how_far_training_was(samples, opened):
    monitor = TrainingMonitor(network(), samples, LONG)
    monitor.start()
    monitor.pause()
    page = opened(monitor)
    monitor.stop()
    assert page.words() == monitor.words()
    assert page.words().startswith(f"Stopped: {len(monitor.history)} of 10000 steps")
