"""Training: recipes, batches, the loop, many processes, checkpoints."""

from ifcn_lab.training.batches import Example, example_of
from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.loop import train
from ifcn_lab.training.processes import Group, LostProcess, joined
from ifcn_lab.training.recipe import LESSON, PAPER, RECIPES, SMALL, Recipe
from ifcn_lab.training.run import Run, Step

__all__ = [
    "LESSON", "PAPER", "RECIPES", "SMALL", "Example", "Group", "LostProcess", "Recipe",
    "Run", "Step", "example_of", "joined", "load_checkpoint", "save_checkpoint",
    "train",
]
