"""Each relative's own rules, by figures worked out by hand or by the authors' code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.embedding import mean_shift
from ifcn_lab.layers.flow import moved
from ifcn_lab.layers.mask_voting import vote
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Taught, cut_masks, paste_part
from ifcn_lab.models import model_class
from ifcn_lab.models.deepmask import WindowHead
from ifcn_lab.models.discriminative import discriminative_loss
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.models.mask_scoring import MaskScoringRCNN, mask_iou_of_cut
from ifcn_lab.models.metric_learning import likeness, pair_loss
from ifcn_lab.models.sgn import cuts, group_runs, run_labels
from ifcn_lab.models.yolact import assembled, crop, masked_loss


def close(found: Tensor, wanted: list, atol: float = 1e-5) -> None:
    wanted = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(found.double(), wanted, atol=atol, rtol=0)


# YOLACT

@pytest.mark.parametrize("places, side, kept", [
    (4, (.25, .75), [0, 1, 2, 3]), (4, (.3, .6), [1, 2, 3]), (4, (0, .5), [0, 1, 2]),
    (4, (.5, 1), [1, 2, 3]), (8, (.3, .6), [2, 3, 4, 5])])
def test_the_crop_leaves_one_place_round_the_box(places: int, side: tuple, kept: list
                                                 ) -> None:
    low, high = (share * places for share in side)
    inside = crop(torch.tensor([[low, 0, high, 1]]), (1, places))[0, 0]
    assert inside.nonzero()[:, 0].tolist() == kept


LEFT, TOP = torch.zeros(4, 4), torch.zeros(4, 4)
LEFT[:, :2] = TOP[:2] = 1
MIX = torch.tensor([[2.0, -2.0]]).tanh()


def test_two_prototypes_and_a_minus_make_a_corner() -> None:
    mask = assembled(torch.stack([LEFT, TOP]), MIX).sigmoid()[0]
    close(mask, [[.5, .5, .276073, .276073]] * 2 + [[.723927, .723927, .5, .5]] * 2)
    assert (mask == 0.5).sum() == 8  # only a strict comparison leaves these out


def test_the_mask_loss_and_what_a_tight_crop_costs() -> None:
    logits = assembled(torch.stack([LEFT, TOP]), MIX)
    wanted = torch.zeros(1, 4, 4, dtype=torch.bool)
    wanted[0, 2:, :2] = True
    inside = crop(torch.tensor([[0.0, 2, 2, 4]]), (4, 4))
    close(masked_loss(logits, wanted, inside) / 4, [1.096977])
    everywhere = torch.ones(1, 4, 4, dtype=torch.bool)
    close(masked_loss(logits, wanted, everywhere), [8.129690])
    narrow = torch.zeros(1, 4, 4, dtype=torch.bool)
    narrow[0, 2:, :1] = True
    close(masked_loss(logits, wanted, narrow), [200.646128])


def test_a_key_frames_features_move_with_the_picture() -> None:
    frame = torch.rand(1, 3, 8, 9)
    next_frame = torch.roll(frame, (1, 2), (2, 3))
    flow = torch.tensor([-2.0, -1]).view(1, 2, 1, 1).expand(1, 2, 8, 9)
    torch.testing.assert_close(moved(frame, flow)[..., 1:, 2:], next_frame[..., 1:, 2:])


# FCIS: maps of one region, 2 x 2, every part with its own map, read by bins of a place

def fcis_maps() -> tuple[FCIS, Tensor]:
    net = FCIS("small", k=1, bins=2).eval()
    net.stride = 1
    inside = torch.tensor([[2.0, 0], [1, -1]])
    outside = torch.tensor([[0.0, 2], [-1, -2]])
    nothing = torch.stack([torch.full((2, 2), -1.0), torch.zeros(2, 2)])
    pair = torch.stack([inside, outside])
    return net, torch.cat([nothing, pair, torch.zeros(4, 2, 2)]).requires_grad_()


REGION = torch.tensor([[0.0, 0, 2, 2]])


def test_softmax_sees_the_difference_and_max_sees_the_level() -> None:
    net, maps = fcis_maps()
    close(net.masks(maps, REGION, torch.tensor([0]))[0].detach(),
          [[.880797, .119203], [.880797, .731059]])
    read = net.read(maps, REGION)
    close(read.category[0].detach(), [0, 1])
    close(read.category.softmax(1)[0].detach(), [.268941, .731059])
    slope = torch.autograd.grad(read.category[0, 1], maps)[0]
    assert slope[2].tolist() == [[.25, 0], [.25, .25]]
    assert slope[3].tolist() == [[0, .25], [0, 0]]


def test_the_mask_loss_asks_the_true_pair_only() -> None:
    net, maps = fcis_maps()
    mask = torch.tensor([[[1.0, 0], [1, 0]]])
    objects = Objects(REGION, mask, torch.tensor([1]), torch.zeros(2, 2),
                      torch.tensor([2, 2]), torch.tensor(0))
    taught = Taught(REGION, torch.tensor([1]), torch.tensor([0]))
    loss, count = net.mask_losses(maps, taught, objects)["mask"]
    close((loss / count).detach(), .423512)
    assert not torch.autograd.grad(loss, maps)[0][:2].any()


# Mask R-CNN and Mask Scoring

def test_the_regions_own_box_cuts_the_mask() -> None:
    mask = torch.zeros(1, 8, 8)
    mask[0, :, :4] = 1
    objects = Objects(torch.tensor([[0.0, 0, 4, 8]]), mask, torch.tensor([1]),
                      torch.zeros(8, 8), torch.tensor([8, 8]), torch.tensor(0))
    taught = Taught(torch.tensor([[2.0, 0, 6, 8]]), torch.tensor([1]),
                    torch.tensor([0]))
    assert cut_masks(objects, taught, 4)[0].int().tolist() == [[1, 1, 0, 0]] * 4


def test_where_a_mask_is_cut_and_how_much_of_the_object_is_seen() -> None:
    logits = torch.tensor([[[1, .3], [-.2, -2]]])
    wanted = torch.tensor([[[True, True], [False, False]]])
    box, area = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([2.0])
    at_zero, at_half = logits > 0, logits > 0.5  # probabilities at .5; logits at .5
    close(mask_iou_of_cut(at_zero, wanted, area, box), [1])
    close(mask_iou_of_cut(at_half, wanted, area, box), [.5])
    close(mask_iou_of_cut(at_zero, wanted, 2 * area, box), [.5])
    close(mask_iou_of_cut(at_half, wanted, 2 * area, box), [.25])


def test_scoring_changes_the_order_and_no_pixel() -> None:
    torch.manual_seed(0)
    scoring = MaskScoringRCNN("small").eval()
    scoring.iou_head[-1].weight.data *= 20           # so that it has opinions
    scoring.iou_head[-1].bias.data.fill_(0.5)
    plain = model_class("MaskRCNN")("small").eval()
    plain.load_state_dict({name: each for name, each in scoring.state_dict().items()
                           if not name.startswith("iou_head")})
    image = np.random.default_rng(0).random((96, 96, 3), np.float32)
    a, b = (net.detect([image], least=0.0, top=20)[0] for net in (scoring, plain))
    found = [sorted((tuple(box), crop.tobytes()) for box, crop in
                    zip(one.boxes.tolist(), one.crops, strict=True)) for one in (a, b)]
    assert found[0] == found[1] and len(a) > 1
    assert (a.scores <= b.scores.max()).all() and (np.diff(a.scores) <= 0).all()


def test_a_mask_is_read_at_the_middle_of_each_pixel() -> None:
    """By the definition; torchvision's border and rounding make .49 .7 .49 of it."""
    ones = paste_part(torch.ones(2, 2), torch.tensor([1.0, 1, 3, 3]), (1, 1, 3, 3))
    assert ones.tolist() == [[1, 1], [1, 1]]


# MNC

def test_masks_vote_with_their_scores() -> None:
    masks = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], bool)[:, None]
    boxes = np.tile([0, 0, 4, 1], (3, 1))
    won = vote(boxes, list(masks), np.array([.9, .6, .3]), cut=0.4)
    assert won.box == (0, 0, 3, 1) and won.crop.all()


def test_masks_teach_the_box_unless_they_are_told_not_to() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64)
    mask = torch.zeros(1, 64, 64)
    mask[:, 10:40, 12:44] = 1
    objects = Objects(torch.tensor([[12.0, 10, 44, 40]]), mask, torch.tensor([1]),
                      torch.zeros(64, 64), torch.tensor([64, 64]), torch.tensor(3))
    moved_by = {}
    for gradient in (True, False):
        torch.manual_seed(0)
        net = model_class("MNCJoint")("small", box_gradient=gradient, sides=[24, 40])
        terms = net.losses(net(image), [objects])
        net.zero_grad()
        terms["mask"][0].backward()
        slope = net.rpn.code.weight.grad
        moved_by[gradient] = 0.0 if slope is None else float(slope.abs().sum())
    assert moved_by[True] > 0 and moved_by[False] == 0


# Embeddings

POINTS = torch.tensor([[0., 0], [2, 0], [1, 2], [1, 2]])


def test_the_discriminative_loss_of_unequal_objects_is_their_mean() -> None:
    points = torch.tensor([[-1., 0], [1, 0], [0, 0], [0, 2]])
    close(discriminative_loss(points, torch.tensor([1, 1, 1, 2])), [.083333, 1, 1])
    close(discriminative_loss(POINTS, torch.tensor([1, 1, 2, 2])), [.125, 1, 1.618034])


def discriminative_loss_by_sums(vectors: Tensor, own: list[int]) -> list[float]:
    """The paper's sums, one after the other."""
    means = {c: torch.stack([v for v, o in zip(vectors, own, strict=True) if o == c]
                            ).mean(0) for c in set(own) - {0}}
    pull = sum(
        sum(max(float((means[c] - v).norm()) - .5, 0) ** 2
            for v, o in zip(vectors, own, strict=True) if o == c) / own.count(c)
        for c in means) / len(means)
    push = sum(max(3 - float((means[a] - means[b]).norm()), 0) ** 2
               for a in means for b in means if a != b)
    return [pull, push / (len(means) * (len(means) - 1)),
            sum(float(mean.norm()) for mean in means.values()) / len(means)]


def test_the_discriminative_loss_equals_its_sums() -> None:
    rng = np.random.default_rng(0)
    vectors = torch.from_numpy(rng.normal(size=(40, 3)))
    own = rng.integers(0, 5, 40).tolist()
    close(discriminative_loss(vectors, torch.tensor(own)),
          discriminative_loss_by_sums(vectors, own), 1e-9)


def test_gradients_of_the_losses_of_vectors() -> None:
    vectors = torch.from_numpy(np.random.default_rng(1).normal(size=(9, 3)))
    vectors.requires_grad_()
    own = torch.tensor([1, 1, 1, 2, 2, 3, 3, 0, -1])
    assert torch.autograd.gradcheck(lambda v: discriminative_loss(v, own), vectors)
    alone = torch.tensor([1, 1, 1, 2, 2, 3, 3, 4, 0])  # 4 is where its mean is
    slope = torch.autograd.grad(discriminative_loss(vectors, alone).sum(), vectors)[0]
    assert slope.isfinite().all()
    some = torch.tensor([1, 1, 2, 2, 3, 3, 3, 0, 0])
    assert torch.autograd.gradcheck(lambda v: pair_loss(v, some), vectors)


def test_where_the_loss_is_zero_one_ball_is_one_object() -> None:
    rng = np.random.default_rng(2)
    means = torch.tensor([[0.0, 0], [3, 0], [0, 3], [3, 3]])
    away = torch.from_numpy(rng.normal(size=(4, 30, 2)))
    away = .499 * away / away.norm(dim=2, keepdim=True)
    vectors = (means[:, None] + away).flatten(0, 1)
    vectors -= away.mean(1).repeat_interleave(30, 0)  # the mean is where it was put
    own = torch.arange(4).repeat_interleave(30)
    for bandwidth in (1.2, 1.5, 1.9):
        groups = list(mean_shift(vectors, bandwidth))
        assert sorted(group.tolist() for group in groups) == [
            (own == c).nonzero()[:, 0].tolist() for c in range(4)]


def test_likeness_and_its_thresholds() -> None:
    close(likeness(torch.tensor([0.0, .5, 1, 2, 4, 5])),
          [1, .755081, .537883, .238406, .035972, .013386])
    taus = torch.tensor([.25, .5, .75, .9])
    square = torch.log(2 / taus - 1)
    close(square.sqrt(), [1.394959, 1.048147, .714721, .447963])
    close(likeness(square), taus.tolist())


def test_pairs_weigh_by_the_size_of_their_objects() -> None:
    close(pair_loss(POINTS, torch.tensor([1, 1, 2, 2])), .563151)
    points = torch.tensor([[-1., 0], [1, 0], [0, 0], [0, 2]])
    close(pair_loss(points, torch.tensor([1, 1, 1, 2])), .396333)
    assert pair_loss(torch.zeros(4, 2), torch.tensor([1, 1, 2, 2])).isfinite()


@pytest.mark.parametrize("name", ["Discriminative", "MetricLearning"])
def test_far_copies_get_one_vector_unless_the_network_sees_where(name: str) -> None:
    """The theorem: a network without coordinates is equivariant."""
    torch.manual_seed(0)
    patch = torch.rand(3, 16, 16)
    scene = torch.full((1, 3, 256, 768), 0.5)
    for left in (240, 512):  # farther from each other and from the border than it sees
        scene[0, :, 120:136, left:left + 16] = patch
    for coordinates in (False, True):
        net = model_class(name)("small", coordinates=coordinates).eval()
        with torch.inference_mode():
            vectors = net(scene).vectors[0]                        # (D, 64, 192)
        copies = [vectors[:, 30:34, left // 4:left // 4 + 4] for left in (240, 512)]
        assert torch.allclose(*copies, atol=1e-5) != coordinates


# After SGN

def test_runs_are_read_the_same_from_both_ends() -> None:
    own = torch.tensor([[0, 1, 1, 2, 2, 2, 0, 3, 0]])
    there, back = run_labels(own), run_labels(own.flip(1)).flip(1)
    swapped = torch.tensor([0, 1, 3, 2])[back]
    longer = own != 3  # a run of one is a start both ways
    assert (there == swapped)[longer].all()


def test_runs_make_up_touching_objects_again() -> None:
    own = torch.zeros(12, 14, dtype=torch.long)
    own[2:9, 1:7], own[2:9, 7:13], own[9:11, 3:9] = 1, 2, 3
    right = cuts(F.one_hot(run_labels(own), 4).permute(2, 0, 1).double().numpy())
    below = cuts(F.one_hot(run_labels(own.T), 4).permute(2, 0, 1).double().numpy()).T
    found = group_runs((own > 0).numpy(), right, below)
    pairs = set(zip(found.ravel().tolist(), own.flatten().tolist(), strict=True))
    assert len(pairs) == 4 and len({one for one, _ in pairs}) == 4


# Heads

def test_two_layers_with_nothing_between_are_one_of_low_rank() -> None:
    paper = WindowHead(512, 28, 512, bins=14, side=56)
    weights = paper.squeeze.weight.numel() + paper.spread.weight.numel()
    assert weights == 52_985_856 and 512 * 14 * 14 * 56 * 56 == 314_703_872
    head = WindowHead(48, 4, 5, bins=4, side=6)
    spread, squeeze = (layer.weight.flatten(1).double()
                       for layer in (head.spread, head.squeeze))
    assert torch.linalg.matrix_rank(spread @ squeeze) == 5


def test_soft_margins_of_signs_are_cross_entropy() -> None:
    f, m = torch.tensor([2, -1, .5, -3]), torch.tensor([1.0, -1, -1, 1])
    each = torch.log(1 + torch.exp(-m * f))
    close(each, [.126928, .313262, .974077, 3.048587])
    close(F.binary_cross_entropy_with_logits(f, (m + 1) / 2), 1.115714)


def test_a_convolution_of_both_is_the_sum_of_two() -> None:
    both = nn.Conv2d(6, 4, 3, padding=1)
    a, b = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    apart = F.conv2d(a, both.weight[:, :3], both.bias, padding=1) \
        + F.conv2d(b, both.weight[:, 3:], padding=1)
    torch.testing.assert_close(both(torch.cat([a, b], 1)), apart)


def test_bilinear_enlarging_is_a_deconvolution() -> None:
    row = torch.arange(6.0).view(1, 1, 1, 6)
    large = F.interpolate(row, scale_factor=(1, 2), mode="bilinear",
                          align_corners=False)[0, 0, 0]
    kernel = torch.tensor([.25, .75, .75, .25]).view(1, 1, 1, 4)
    taught = F.conv_transpose2d(row, kernel, stride=(1, 2), padding=(0, 1))[0, 0, 0]
    assert large[1:-1].tolist() == taught[1:-1].tolist()
    assert (large[-1], taught[-1]) == (5, 3.75)
    assert math.isclose(kernel.sum(), 2)
