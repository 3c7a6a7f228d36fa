"""Ours: InstanceFCN, as `ifcn-lab train` has it by default."""

from ifcn_lab import InstanceFCN
from ifcn_lab.cli.train import object_sizes
from ifcn_lab.training import SMALL, train
from ifcn_lab.windows.labels import SNUG


def fit(samples, seconds):
    net = InstanceFCN(backbone="light", rule=SNUG, sizes=object_sizes(samples))
    recipe = SMALL.with_(seconds=seconds, clock="processor")
    train(net, samples, recipe)

    def predict(image):
        found = net.detect([image], top=100)[0]
        return found.masks, found.scores

    return predict
