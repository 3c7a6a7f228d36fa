"""Variants of a lesson for a class: the notebook, and the key that stays behind."""
