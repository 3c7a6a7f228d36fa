"""torchvision: Mask R-CNN with a feature pyramid on ResNet-18, small anchors.

Of its own settings fewer boxes an image are learnt from (64 of 512): the heads take
most of the time. Pictures keep their size, and training sees squares cut from them.
"""

import time

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import masks_to_boxes


def teach(sample, side, rng):
    h, w = sample.image.shape[:2]
    y, x = rng.integers(max(h - side, 0) + 1), rng.integers(max(w - side, 0) + 1)
    cut = np.s_[y:y + side, x:x + side]
    image, masks = sample.image[cut], sample.masks[:, *cut]
    if rng.random() < 0.5:
        image, masks = image[:, ::-1], masks[:, :, ::-1]
    masks = torch.from_numpy(masks[masks.any((1, 2))].astype(np.uint8))
    boxes = masks_to_boxes(masks) + torch.tensor([0, 0, 1, 1])
    image = torch.from_numpy(image.copy()).permute(2, 0, 1) / 255
    return image, {"boxes": boxes, "masks": masks,
                   "labels": torch.ones(len(masks), dtype=torch.int64)}


def built(side):
    backbone = resnet_fpn_backbone(backbone_name="resnet18", weights=None,
                                   norm_layer=nn.BatchNorm2d, trainable_layers=5)
    anchors = AnchorGenerator(((8,), (16,), (32,), (64,), (128,)),
                              ((0.5, 1.0, 2.0),) * 5)
    return MaskRCNN(backbone, 2, min_size=side, max_size=1333,
                    rpn_anchor_generator=anchors, box_batch_size_per_image=64)


def fit(samples, seconds):
    side = min(256, min(min(sample.image.shape[:2]) for sample in samples))
    net = built(side)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-4, weight_decay=1e-2)
    rng, start, done = np.random.default_rng(0), time.process_time(), 0.0
    while done < 1:
        batch = [teach(samples[rng.integers(len(samples))], side, rng)
                 for _ in range(4)]
        for group in optimizer.param_groups:
            group["lr"] = 5e-4 * min(10 * done + 0.01, 1.1 * (1 - done) + 0.01, 1)
        with torch.autocast("cpu", torch.bfloat16):
            loss = sum(net(*map(list, zip(*batch, strict=True))).values())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        done = (time.process_time() - start) / seconds
    net.eval()

    @torch.inference_mode()
    def predict(image):
        net.transform.min_size = (min(image.shape[:2]),)
        with torch.autocast("cpu", torch.bfloat16):
            found = net([torch.from_numpy(image).permute(2, 0, 1) / 255])[0]
        return (found["masks"][:, 0] > 0.5).numpy(), found["scores"].float().numpy()

    return predict
