"""Instant feedback on the exercises: one check for each, named as in the lesson.

A check runs the learner's function on the smallest case first. An exercise that is
not begun is no error: its check says "not done yet" and the notebook runs on.

Each lesson has a module here; `_HOME` says where a check lives.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_CHECKS = {
    "translation_invariance": "spoiled commutes commuting_shifts best_answer halve",
    "score_maps": "part oracle restore fool",
    "assembling": (
        "part_of assemble_loop assemble_blocks view_strides copy_one copy_all "
        "assemble_whole"),
    "local_coherence": "kept_share diagonal_share step_share head_weights slim_head",
    "training": "label pixel_loss count_copies octaves_off augment",
    "proposals": "box_overlap suppress recall exact_zoom rescore",
    "real_images": (
        "decode_runs polygon_area best_zoom split answer_score area_of_runs "
        "take_apart"),
    "embeddings": "too_near variance move choose ends group",
    "league": (
        "verdict_of better_at ceiling frontier bar_ratio luckiest spend"),
    "parts_with_classes": (
        "average_vote map_of pair_mask class_scores vote_slope pair_loss "
        "perfect_pairs"),
    "sum_of_prototypes": (
        "mix_prototypes kept_places cropped_loss fast_suppress told_iou crisp_scores"),
    "whole_functions": "assemble mask_loss draw_windows suppress_masks",
    "bug_museum": "diagnosis kills",
    "boxes_first": (
        "away_from_zero pool_places align_points gradient_of_ends label_anchors decode "
        "refine"),
    "windows_that_draw": (
        "widest_waist one_layer window_loss place_of refine_once sharpen"),
}
_HOME = {name: module for module, names in _CHECKS.items() for name in names.split()}
__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "check")
