"""What data sets have in common that are a list of names with files for each."""

from __future__ import annotations

import copy
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ifcn_lab.data import Sample
from ifcn_lab.data.faults import absent


class NamedSamples(Sequence[Sample]):
    """A sequence of samples, each read from the files of its name when it is taken.

    ``root`` is the folder, ``names`` the list, ``categories`` the names of the
    categories. A slice is again such a data set, and keeps the image ids.
    """

    categories: dict[int, str] = {}

    def __init__(
        self, root: Path, names: Sequence[str], numbers: Sequence[int]
    ) -> None:
        self.root, self.names, self._numbers = root, tuple(names), tuple(numbers)

    def __len__(self) -> int:
        """Count the images, with and without objects."""
        return len(self.names)

    def __getitem__(self, index: int | slice) -> Sample | NamedSamples:
        """Read one image with its masks, or cut out a shorter data set."""
        if isinstance(index, slice):
            part = copy.copy(self)
            part.names, part._numbers = self.names[index], self._numbers[index]
            return part
        return self._read(self.names[index], self._numbers[index])

    @property
    def names_by_id(self) -> dict[int, str]:
        """The images' names by their ids."""
        return dict(zip(self._numbers, self.names, strict=True))

    def __repr__(self) -> str:
        """Say what this is and how much of it there is."""
        return f"<{type(self).__name__} {self.root}: {len(self)} images>"

    @abstractmethod
    def _read(self, name: str, number: int) -> Sample:
        """Read the sample of one name; its image id is ``number``."""


class ListedSamples(NamedSamples):
    """Named samples that a file lists, as VOC's and SBD's.

    ``files`` says how names end in each folder, first the two that the data set is told
    by; ``inner`` where it may lie in the given folder, ``lists`` where its lists do.
    """

    files: Mapping[str, str] = {}
    inner: Sequence[str] = ()
    lists = "{}.txt"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        *,
        names: Sequence[str] | str | Path | None = None,
    ) -> None:
        found = find_root(root, self.inner, list(self.files)[:2])
        listed = listed_in(found / self.lists.format(split) if names is None else names)
        for folder, end in self.files.items():
            check_files(found / folder, (f"{name}.{end}" for name in listed), split)
        super().__init__(found, listed, image_ids(listed))


def find_root(given: str | Path, inner: Sequence[str], needs: Sequence[str]) -> Path:
    """Find the folder that holds ``needs``: the given one, or one of ``inner`` in it.

    Raises ValueError if none does, and says what was looked for and where.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> (Path(folder.name) / "dataset" / "inst").mkdir(parents=True)
    >>> find_root(folder.name, ["dataset"], ["inst"]).name
    'dataset'
    >>> folder.cleanup()
    """
    tried = [Path(given), *(Path(given) / name for name in inner)]
    if not tried[0].is_dir():
        raise absent(Path(given), "folder")
    for folder in tried:
        if all((folder / need).exists() for need in needs):
            return folder
    raise ValueError(
        f"{given}: holds no {' and '.join(needs)}; looked there"
        + (f" and in {', '.join(inner)}" if inner else "")
    )


def listed_in(names: Sequence[str] | str | Path) -> list[str]:
    """Return a list of image names; a file's are the first words of its lines.

    Raises ValueError for a file that is missing, is no text, or lists none or one
    twice.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> listed = Path(folder.name, "train.txt")
    >>> _ = listed.write_text("2008_000002\\n2008_000003 1\\n\\n")
    >>> listed_in(listed)
    ['2008_000002', '2008_000003']
    >>> folder.cleanup()
    """
    if not isinstance(names, str | Path):
        return list(names)
    path = Path(names)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise absent(path, "list of names") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: is no readable list of names ({error})") from error
    found = [line.split()[0] for line in lines if line.strip()]
    if not found:
        raise ValueError(f"{path}: lists no names; expected one a line")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise ValueError(f"{path}: lists {twice} twice; names must differ")
    return found


def check_files(folder: Path, wanted: Iterable[str], listed_in: str) -> None:
    """Raise ValueError unless the folder holds every wanted file; one is named."""
    wanted = list(wanted)
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ValueError(
            f"{folder}: {len(missing)} of the {len(wanted)} files of {listed_in} are "
            f"not there, {missing[0]} for one"
        )


def image_ids(names: Sequence[str]) -> list[int]:
    """Number the images: 2008_000002 is 2008000002; other names count from 1.

    >>> image_ids(["2007_000032", "2008_000002"]), image_ids(["a", "b"])
    ([2007000032, 2008000002], [1, 2])
    """
    if all(re.fullmatch("[0-9]{4}_[0-9]{6}", name) for name in names):
        return [int(name.replace("_", "")) for name in names]
    return list(range(1, len(names) + 1))


def every_fifth(names: Sequence[str], split: str) -> tuple[list[str], list[int]]:
    """Split names where the publisher does not; returns names, and numbers from 1.

    Every fifth name, from the fifth on, is "val", the others "train"; "all" is both.
    Raises ValueError for another split.

    >>> every_fifth("a b c d e f".split(), "val")
    (['e'], [5])
    """
    parts = {"all": range(5), "train": range(4), "val": range(4, 5)}
    if split not in parts:
        raise ValueError(f"split {split!r}; expected 'train', 'val' or 'all'")
    numbers = [i for i in range(1, len(names) + 1) if (i - 1) % 5 in parts[split]]
    return [names[i - 1] for i in numbers], numbers
