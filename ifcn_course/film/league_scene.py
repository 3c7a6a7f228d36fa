"""Record what the League shows first: `python -m` with this module, half a minute.

Every model that ships looks at one scene that no model was trained on.
"""

from __future__ import annotations

from ifcn_lab import scenes
from ifcn_lab.data import shipped
from ifcn_lab.models import model_class, shipped_models
from ifcn_lab.segmenter import Instances
from ifcn_lab.widgets.league_state import MOST, NAME, Compared, save


def scene() -> scenes.Scene:
    """Four large objects that touch; some models join two of them, or miss one."""
    return scenes.make(1_000_002, size=(96, 96), objects=(4, 5))


def answers(name: str) -> Instances:
    """What the model of that name finds, with the weights that ship."""
    return model_class(name).from_pretrained().detect([scene().image], top=MOST)[0]


def record() -> Compared:
    """The scene and what each model finds in it."""
    return Compared(*scene(), {name: answers(name) for name in shipped_models()})


if __name__ == "__main__":
    print(save(record(), shipped.folder() / NAME))
