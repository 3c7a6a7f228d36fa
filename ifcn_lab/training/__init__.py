"""Training: recipes, examples, the loss, the loop, checkpoints."""

from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.loop import train
from ifcn_lab.training.processes import Group, LostProcess, joined
from ifcn_lab.training.recipe import LESSON, PAPER, RECIPES, SMALL, Recipe
from ifcn_lab.training.run import Run, Step
from ifcn_lab.views import Example, make_example
from ifcn_lab.windows.losses import Losses, instance_loss

__all__ = [
    "LESSON", "PAPER", "RECIPES", "SMALL", "Example", "Group", "LostProcess", "Losses",
    "Recipe", "Run", "Step", "instance_loss", "joined",
    "load_checkpoint", "make_example", "save_checkpoint", "train",
]
