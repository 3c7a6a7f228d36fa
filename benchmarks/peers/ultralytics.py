"""Ultralytics: YOLO11n-seg built from its YAML, so with random weights.

It reads folders, so the pictures are written as PNG and the masks as outlines first.
It stops between rounds only, so it gets MOST pictures, for short rounds.
"""

import math
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from ultralytics import YOLO

MOST = 500
DATA = "path: {}\ntrain: images\nval: images\nnames: [object]\n"


def outline(mask):
    every, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL,
                                cv2.CHAIN_APPROX_SIMPLE)
    longest = max(every, key=len).reshape(-1, 2)
    return longest / mask.shape[::-1] if len(longest) > 2 else []


def write(samples, folder):
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for n, sample in enumerate(samples):
        cv2.imwrite(str(folder / f"images/{n}.png"), sample.image[:, :, ::-1])
        lines = (np.ravel(outline(mask)).tolist() for mask in sample.masks)
        (folder / f"labels/{n}.txt").write_text(
            "".join(f"0 {' '.join(map(str, line))}\n" for line in lines if line))
    (folder / "data.yaml").write_text(DATA.format(folder))


def fit(samples, seconds):
    start, folder = time.process_time(), Path(tempfile.mkdtemp())
    write(samples[:MOST], folder)
    begun = time.process_time()

    def plan(trainer):
        now = time.process_time()
        epoch = (now - begun) / (trainer.epoch + 1)
        left = max(0, (seconds - (now - start)) / epoch)
        trainer.epochs = trainer.args.epochs = trainer.epoch + 1 + math.floor(left)
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch
        trainer.stop |= left < 1

    net = YOLO("yolo11n-seg.yaml")
    net.add_callback("on_train_epoch_end", plan)
    side = max(max(sample.image.shape[:2]) for sample in samples[:100])
    net.train(data=str(folder / "data.yaml"), imgsz=min(side, 320), epochs=100,
              batch=16, pretrained=False, device="cpu", workers=0, val=False,
              plots=False, amp=False, project=str(folder), verbose=False)

    def predict(image):
        found = net.predict(image[:, :, ::-1], imgsz=max(image.shape[:2]), conf=0.001,
                            retina_masks=True, max_det=300, device="cpu",
                            verbose=False)[0]
        if found.masks is None:
            return np.zeros((0, *image.shape[:2]), bool), np.zeros(0)
        return found.masks.data.numpy() > 0.5, found.boxes.conf.numpy()

    return predict
