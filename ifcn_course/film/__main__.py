"""`python -m ifcn_course.film` trains twice and writes the film that ships."""

from __future__ import annotations

from ifcn_lab.data import shipped
from ifcn_lab.data.film import NAME


def main() -> None:
    """Record and write; about two minutes on one core."""
    from ifcn_course.film.recording import record, save

    path = save(record(), shipped.folder() / NAME)
    size = path.stat().st_size // 1000
    print(f"{NAME}: {size} kB; now python -m ifcn_lab.data.shipped")


if __name__ == "__main__":
    main()
