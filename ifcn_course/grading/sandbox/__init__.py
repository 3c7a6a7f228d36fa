"""What keeps the code of a submission from the lecturer's files and the network.

- Linux with bubblewrap: the notebook has a small disk of its own in memory, sees Python
  and this package read-only, and nothing else; no network, no other process; limits of
  memory, disk, processes and processor time.
- Everywhere else, and only with `--trust-submissions`: a clean environment, limits
  where the system has them, and Python's audit hook.

This is defence in depth, no more: see TEACHING.md for the work of strangers. Everywhere
the key stays in the grader's own process, which alone compares and counts.
"""
