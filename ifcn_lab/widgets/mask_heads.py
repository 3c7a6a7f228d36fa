"""One backbone, several k: the networks behind the Playground's buttons.

A mask head is two convolutions. Those of other k were trained on the backbone of
`scenes-instancefcn` as it is (`lessons.mask_heads`), so a page carries one backbone and
puts another head on it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from ifcn_lab.data import shipped
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.weights_file import read_weights
from ifcn_lab.widgets.layer_list import layer_list


class Pieces(NamedTuple):
    """What a page puts networks together from.

    `weights` are float16: the backbone up to `cut[0]`, a mask head, objectness from
    `cut[1]` to `cut[2]`, then further mask heads. `spans` has for each k where its mask
    head begins and ends, in numbers.
    """

    told: dict[str, Any]
    weights: bytes
    cut: list[int]
    spans: dict[int, list[int]]


@lru_cache(maxsize=1)
def default_network() -> InstanceFCN:
    """The smallest network that ships."""
    return InstanceFCN.from_pretrained("scenes-instancefcn")


@lru_cache(maxsize=1)
def default_networks() -> dict[int, InstanceFCN]:
    """The smallest network with each of its mask heads, by k.

    >>> [*default_networks()]
    [1, 3, 5, 7]
    """
    own = default_network()
    _, tensors = read_weights(shipped.path("weights/mask-heads.safetensors"))
    found = {own.k: own}
    for k in {int(name[1]) for name in tensors}:
        head = {name[3:]: value.float() for name, value in tensors.items()
                if name.startswith(f"k{k}.")}
        found[k] = with_head(own, k, head)
    return dict(sorted(found.items()))


def with_head(model: InstanceFCN, k: int, head: dict[str, Any]) -> InstanceFCN:
    """A network that shares backbone and objectness, and has another mask head."""
    made = InstanceFCN(**model.config | {"k": k})
    made.backbone, made.objectness = model.backbone, model.objectness
    made.masks.load_state_dict(head)
    return made.eval()


def pieces(networks: dict[int, InstanceFCN], k: int) -> Pieces:
    """The pieces of networks that share a backbone; that of `k` stands first.

    >>> pieces({5: default_network()}, 5).spans
    {5: [185280, 193561]}
    """
    own, numel = layer_list(networks[k]), len(layer_list(networks[k]).weights) // 2
    begin, end = span(networks[k], numel)
    weights, spans = own.weights, {k: [begin, end]}
    for other, network in networks.items():
        if other != k:
            listed = layer_list(network).weights
            first, past = span(network, len(listed) // 2)
            spans[other] = [len(weights) // 2, len(weights) // 2 + past - first]
            weights += listed[2 * first : 2 * past]
    return Pieces(own.told(), weights, [begin, end, numel], spans)


def span(network: InstanceFCN, numel: int) -> tuple[int, int]:
    """Where the mask head begins and ends among all weights of a page's network."""
    masks, objectness = (sum(each.numel() for each in part.parameters())
                         for part in (network.masks, network.objectness))
    return numel - objectness - masks, numel - objectness
