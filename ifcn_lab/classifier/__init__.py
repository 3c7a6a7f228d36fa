"""What kind of object a proposal is: MNC's third stage, trained in a second step."""

from ifcn_lab.classifier.detect import Instances, class_scores, detect, instances
from ifcn_lab.classifier.loop import train_classifier
from ifcn_lab.classifier.recipe import MNC, QUICK, ClassifierRecipe
from ifcn_lab.classifier.run import ClassifierRun, ClassifierStep
from ifcn_lab.layers.mask_voting import kept_by_class, vote, voted
from ifcn_lab.layers.roi_warp import roi_warp, roi_warp_by_definition
from ifcn_lab.models.mnc import Classifier, ClassScores

__all__ = [
    "MNC", "QUICK", "ClassScores", "Classifier", "ClassifierRecipe", "ClassifierRun",
    "ClassifierStep", "Instances", "class_scores", "detect", "instances",
    "kept_by_class", "roi_warp", "roi_warp_by_definition", "train_classifier", "vote",
    "voted",
]
