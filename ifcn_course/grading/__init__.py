"""Grading by function name: each notebook in a process of its own, behind walls.

The process gets the notebook's cells, then one call after the other, and sends back
what the functions return. It never sees the key: the parent compares and keeps count.
"""
