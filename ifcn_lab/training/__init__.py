"""Training: recipes, examples, the loss, the loop, checkpoints."""

from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.examples import Example, make_example
from ifcn_lab.training.loop import Run, Step, train
from ifcn_lab.training.losses import Losses, instance_loss
from ifcn_lab.training.recipe import LESSON, PAPER, RECIPES, SMALL, Recipe

__all__ = [
    "LESSON", "PAPER", "RECIPES", "SMALL", "Example", "Losses", "Recipe", "Run", "Step",
    "instance_loss", "load_checkpoint", "make_example", "save_checkpoint", "train",
]
