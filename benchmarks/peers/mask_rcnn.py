"""Ours: Mask R-CNN on the same small backbone, by the same trainer."""

from ifcn_lab.cli.train import object_sizes
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.training import SMALL, train


def fit(samples, seconds):
    net = MaskRCNN()
    net.expect(*object_sizes(samples))
    recipe = SMALL.with_(seconds=seconds, clock="processor", **net.recipe_changes)
    train(net, samples, recipe)

    def predict(image):
        found = net.detect([image], top=100)[0]
        return found.masks, found.scores

    return predict
