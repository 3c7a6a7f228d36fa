"""Training: recipes, batches, the loop, many processes, checkpoints."""

from ifcn_lab.lazy import loaded_when_used

_HOME = {
    "Example": "batches", "example_of": "batches", "load_checkpoint": "checkpoint",
    "save_checkpoint": "checkpoint", "train": "loop", "Group": "processes",
    "LostProcess": "processes", "joined": "processes", "LESSON": "recipe",
    "PAPER": "recipe", "RECIPES": "recipe", "SMALL": "recipe", "Recipe": "recipe",
    "Run": "run", "Step": "run",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "name")
