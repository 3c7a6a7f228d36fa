"""Facts about shapes, textures, placing and light, one at a time."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, distance_transform_edt, label

from ifcn_lab.scenes import FAMILIES, placement, shapes, textures
from ifcn_lab.scenes.lighting import background, photograph, surface
from ifcn_lab.scenes.looks import THEMES, draw_look

LENGTHS = (22.0, 40.0, 72.0)


@pytest.fixture(params=FAMILIES)
def outlines(request) -> list[shapes.Outline]:
    rng = np.random.default_rng(1)
    return [
        shapes.outline(rng, request.param, length, margin=5)
        for length in LENGTHS
        for _ in range(20)
    ]


def test_every_shape_is_one_piece_without_holes(outlines):
    for shape in outlines:
        corners = np.ones((3, 3))  # the tip of a small star hangs on by a corner
        assert label(shape.mask, corners)[1] == 1
        assert np.array_equal(binary_fill_holes(shape.mask, corners), shape.mask)


def test_every_shape_fits_its_circle_and_nearly_fills_its_length(outlines):
    for shape in outlines:
        reach = np.hypot(shape.u, shape.v)[shape.mask].max()
        assert 0.7 * shape.radius - 1 < reach <= shape.radius + 1


def test_no_shape_reaches_into_the_margin_of_its_box(outlines):
    for shape in outlines:
        assert not shape.mask[:4].any() and not shape.mask[-4:].any()
        assert not shape.mask[:, :4].any() and not shape.mask[:, -4:].any()


def test_distance_fields_agree_with_the_measured_distance_near_the_border(outlines):
    for shape in outlines:
        mask = shape.mask
        exact = distance_transform_edt(~mask) - distance_transform_edt(mask)
        near = np.abs(exact) <= 3
        assert np.median(np.abs(shape.distance - exact)[near]) < 1


def test_the_mask_is_where_coverage_is_at_least_a_half(outlines):
    for shape in outlines:
        assert np.array_equal(shape.mask, shape.coverage >= 0.5)
        assert shape.coverage.min() >= 0 and shape.coverage.max() == 1


def test_a_disc_covers_the_area_of_a_circle():
    shape = shapes.outline(np.random.default_rng(0), "disc", 60.0, margin=5)
    assert shape.coverage.sum() == pytest.approx(np.pi * 30**2, rel=0.005)


@pytest.mark.parametrize("name", textures.TEXTURES)
def test_every_texture_is_bounded_and_only_flat_is_flat(name):
    rng = np.random.default_rng(2)
    shape = shapes.outline(rng, "disc", 50.0, margin=5)
    cloth = textures.Cloth(name, 7.0, 1.0, 2.0)
    field = textures.weave(rng, cloth, shape.u, shape.v, shape.radius)
    assert field.shape == shape.u.shape and field.dtype == np.float32
    assert np.abs(field).max() <= 3
    assert (np.ptp(field) == 0) == (name == "flat")


def test_stripes_repeat_after_one_period():
    u = np.arange(32, dtype=np.float32)[None]
    cloth = textures.Cloth("stripes", 8.0, 1.0, 2.0)
    wave = textures.weave(np.random.default_rng(0), cloth, u, 0 * u, 16.0)
    assert np.allclose(wave[:, 8:], wave[:, :-8], atol=1e-4)


def test_clouds_are_smooth_and_differ_from_seed_to_seed():
    a, b = (textures.clouds(np.random.default_rng(s), (64, 64), 12.0) for s in (0, 1))
    assert not np.allclose(a, b)
    assert np.abs(np.diff(a, axis=0)).max() < 0.5 < np.ptp(a)


@pytest.mark.parametrize(("style", "least"), [("lesson", 0.75), ("wild", 0.4)])
def test_an_object_keeps_its_share_of_pixels_and_its_label(style, least):
    from ifcn_lab.scenes.settings import Settings

    for seed in range(20):
        rng = np.random.default_rng(seed)
        wishes = Settings(style=style)
        board = placement.arrange(rng, wishes, tuple(FAMILIES), lone=False)
        shown = board.masks().sum((1, 2))
        assert (shown >= least * np.array(board.full)).all()
        assert sorted(board.order) == list(range(len(board.bodies)))


def test_the_painters_order_shows_what_the_labels_say():
    """Laying the whole masks down from back to front gives the visible ones."""
    from ifcn_lab.scenes.settings import Settings

    for seed in range(20):
        rng = np.random.default_rng(seed)
        board = placement.arrange(rng, Settings(), tuple(FAMILIES), lone=False)
        slow = np.zeros_like(board.owner)
        for i in board.order:
            inside, box = placement.crop(board.bodies[i], slow.shape)
            slow[inside][board.bodies[i].outline.mask[box]] = i + 1
        assert np.array_equal(slow, board.owner)


def test_an_object_in_front_that_would_hide_another_is_refused():
    rng = np.random.default_rng(0)
    small, large = (
        shapes.outline(rng, "disc", n, placement.MARGIN) for n in (20.0, 60.0)
    )
    board = placement.Board((100, 100))
    assert board.try_add(placement.Body(small, 0, 35, 35), behind=False, lonely=True)
    cover = placement.Body(large, 0, 15, 15)
    assert not board.try_add(cover, behind=False, lonely=False)
    assert board.try_add(cover, behind=True, lonely=False)


def test_a_box_outside_the_image_is_cut_to_nothing():
    shape = shapes.outline(np.random.default_rng(0), "disc", 20.0, placement.MARGIN)
    far = placement.Body(shape, 0, -200, 300)
    board = placement.Board((64, 64))
    assert not board.try_add(far, behind=False, lonely=True)
    assert board.masks().shape == (0, 64, 64)


@pytest.mark.parametrize("theme", THEMES)
def test_a_look_has_a_colour_a_cloth_and_a_rim_for_each_group(theme):
    for seed in range(20):
        look = draw_look(np.random.default_rng(seed), theme, 3)
        assert len(look.colours) == len(look.cloths) == len(look.rims) == 3
        assert look.ground.shape == look.colours.shape[1:]


def test_the_odds_of_the_themes_add_up_to_one():
    assert sum(t.odds for t in THEMES.values()) == pytest.approx(1)
    assert sum(t.odds_lone for t in THEMES.values()) == pytest.approx(1)


def test_a_plain_look_leaves_a_photograph_as_it_is():
    rng = np.random.default_rng(0)
    look = draw_look(rng, "plain", 1)
    empty = background(rng, look, (16, 20))
    assert np.array_equal(photograph(rng, look, empty), empty)
    assert np.ptp(empty) == 0


def test_light_blur_and_noise_change_a_photograph_and_stay_below_glare():
    rng = np.random.default_rng(0)
    look = draw_look(rng, "plain", 1)._replace(light=0.5, blur=2)
    lit = photograph(rng, look, background(rng, look, (64, 64)))
    assert np.ptp(lit) > 20 and lit.max() <= 251


def test_a_dark_rim_darkens_the_border_of_a_surface():
    rng = np.random.default_rng(0)
    look = draw_look(rng, "plain", 1)
    shape = shapes.outline(rng, "disc", 40.0, placement.MARGIN)
    colour = surface(rng, look, 0, shape, np.s_[:, :])
    edge, middle = np.abs(shape.distance) < 0.7, shape.distance < -4
    assert colour[:, edge].max() < colour[:, middle].max()
    assert np.ptp(colour[0][middle]) < 1e-3
