"""Sliding windows: what they cut out of an object, and what is asked of them."""
