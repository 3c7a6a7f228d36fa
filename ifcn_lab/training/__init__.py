"""Training: recipes, examples, the loss, the loop, checkpoints."""

from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.examples import Example, make_example
from ifcn_lab.training.loop import train
from ifcn_lab.training.losses import Losses, instance_loss
from ifcn_lab.training.processes import Group, LostProcess, joined
from ifcn_lab.training.recipe import LESSON, PAPER, RECIPES, SMALL, Recipe
from ifcn_lab.training.run import Run, Step

__all__ = [
    "LESSON", "PAPER", "RECIPES", "SMALL", "Example", "Group", "LostProcess", "Losses",
    "Recipe", "Run", "Step", "instance_loss", "joined",
    "load_checkpoint", "make_example", "save_checkpoint", "train",
]
