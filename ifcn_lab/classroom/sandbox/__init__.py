"""Walls around the code of a submission: what it may read, write, start and reach.

Several layers, each of which would do much of the work alone. `walls.enter` puts them
up in a fresh process before any of the student's code is read; `probe` tries them.
"""
