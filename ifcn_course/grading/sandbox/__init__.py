"""Walls around the code of a submission: what it may read, write, start and reach.

Several layers, each of which would do much of the work alone. `walls.enter` puts them
up in a fresh process before any of the student's code is read; `grade.probing` tries
them, and grading is refused where one is missing and no other stands in for it.

- Linux 6.2 or newer with Landlock: everything holds. Landlock and seccomp suffice, so
  also in a container that forbids namespaces.
- Linux 5.13 to 6.1 with Landlock: everything if namespaces are allowed, which close
  what the first two versions of Landlock leave open.
- Linux without Landlock: other files of the lecturer's can be read.
- macOS: limits of time, a clean environment, Python's audit hook.
- Windows: the same, and no limit of memory.

On the last three `ifcn-lab grade` asks for `--trust-submissions`. Everywhere the key
stays in the grader's own process, which alone compares and counts.
"""
