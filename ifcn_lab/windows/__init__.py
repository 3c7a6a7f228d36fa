"""Sliding windows: which of them teach, what they lose, how they become proposals."""

from ifcn_lab.lazy import loaded_when_used

_HOME = {
    "CLOSE": "labels", "SNUG": "labels", "ScoreMaps": "losses", "WindowModel": "model",
    "WindowRule": "labels", "WindowTargets": "losses", "label_windows": "labels",
    "propose": "proposals", "propose_many": "proposals", "sample_windows": "labels",
    "score_level": "proposals", "zooms_for_fractions": "pyramid",
    "zooms_for_sizes": "pyramid",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "name")
