"""All widgets as pages of their own, and an index that reads as a short tour.

The pages need no kernel and no network. `ifcn-lab export-widgets --out site/` writes
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.widgets.explorable import Explorable


class Stop(NamedTuple):
    """One stop of the tour: the page's name, a title, its idea, the widget."""

    name: str
    title: str
    text: str
    make: Callable[[], Explorable]


def export(folder: str | Path) -> Iterator[Path]:
    """Write the page of every stop, then the index; give each path when it is there.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    sections = []
    for stop in stops():
        widget = stop.make()
        sections.append(section(stop, widget))
        yield widget.save_html(folder / f"{stop.name}.html")
    index = folder / "index.html"
    write_whole(index, _INDEX.format(sections="\n".join(sections)))
    yield index


def section(stop: Stop, widget: Explorable) -> str:
    """What the index says of a stop: title, text, the page itself, and its words."""
    name, title = escape(stop.name), escape(stop.title)
    return _SECTION.format(name=name, title=title, text=escape(stop.text),
                           words=escape(widget.describe()))


def stops() -> tuple[Stop, ...]:
    """The tour, in the order of the lessons."""
    return tuple(Stop(name, *parts) for name, parts in _STOPS.items())


def _playground() -> Explorable:
    from ifcn_lab.widgets.playground import Playground

    return Playground()


def _shift() -> Explorable:
    from ifcn_lab.widgets.shift import ShiftExplorer

    return (ShiftExplorer().offer("Move the disc over the edge", dy=0, dx=28)
            .offer("Let the other side come in there", dx=28, padding="wrap")
            .offer("Stride 4, and half a place", stride=4, dy=0, dx=2))


def _receptive_field() -> Explorable:
    from ifcn_lab.widgets.receptive_field import ReceptiveField

    return ReceptiveField()


def _mapgrid() -> Explorable:
    from ifcn_lab.data import film
    from ifcn_lab.widgets.mapgrid import MapGrid

    return (MapGrid.film(film.load()).offer("Back to the start of training", frame=0)
            .offer("Point at where the discs touch", y=16, x=16))


def _assembler() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.widgets.assembler import Assembler

    names = ("scenes-k1", "scenes-k3", "scenes-k5", "scenes-k7")
    nets = [InstanceFCN.from_pretrained(name) for name in names]
    assembler = Assembler(nets, scenes.two_touching().image)
    assembler.k = 5
    return (assembler.offer("Put the window between the two discs", y=15, x=15)
            .offer("Read one map only: k = 1", k=1, y=15, x=21))


def _coherence() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.widgets.coherence_explorer import CoherenceExplorer

    nets = [InstanceFCN.from_pretrained(f"scenes-k{k}") for k in (1, 3, 5)]
    shown = CoherenceExplorer(nets, scenes.two_touching().image, center=(16, 10))
    return (shown.offer("Move it by a quarter of its side", right=5)
            .offer("Read one map only: k = 1", k=1))


def _sampler() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.widgets.sampler import WindowSampler

    shown = WindowSampler(scenes.make(1_000_004), stride=4, m=21)
    return shown.offer("Call more windows positive", center_tolerance=0.2,
                       negative_center=0.2)


def _monitor() -> Explorable:
    from ifcn_lab.widgets.monitor import TrainingMonitor

    return TrainingMonitor.recorded().offer("Back to the untrained network", step=0)


def _explorer() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.widgets.proposal_explorer import ProposalExplorer

    scene = scenes.make(1_000_002, objects=(4, 5))
    net = InstanceFCN.from_pretrained()
    return (ProposalExplorer(net, scene.image, scene.masks)
            .offer("Take no copy away", iou=100)
            .offer("Show only the surest windows", objectness=100))


def _roi() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.widgets.roi_explorer import RoiExplorer

    scene = scenes.make(10, size=(96, 96), objects=(1, 1), sizes=(50, 58))
    shown = RoiExplorer(scene.image, scene.masks[0])
    x0, _, x1, _ = shown.box
    return (shown.offer("A third of a place to the right", stride=4, x0=x0 + 4 / 3,
                        x1=x1 + 4 / 3)
            .offer("Round the box: RoIPool", operator="RoIPool"))


def _anchors() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.data.masks import tight_boxes
    from ifcn_lab.widgets.anchor_board import AnchorBoard

    scene = scenes.make(1_000_003, objects=(2, 3), sizes=(18, 84), alike=0)
    board = AnchorBoard(scene.image, tight_boxes(scene.masks))
    return (board.offer("Without the best-anchor rule", best=False)
            .offer("Half as many places a side", stride=32, best=True)
            .offer("Ten steps of NMS", step=10, stride=16))


def _mixer() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.models.yolact import YOLACT
    from ifcn_lab.widgets.prototype_mixer import PrototypeMixer

    scene = scenes.make(1_000_011)
    mixer = PrototypeMixer(YOLACT.from_pretrained(), scene.image, scene.masks)
    return (mixer.offer("Pull its box to the right", right=40)
            .offer("Cut nothing off", cropped=False))


def _embedding() -> Explorable:
    from ifcn_lab.widgets.embedding_explorer import EmbeddingExplorer

    return (EmbeddingExplorer.recorded().offer("Without push", push=False)
            .offer("Without pull", pull=False, push=True)
            .offer("All three terms", pull=True, push=True, norm=True))


def _inside_outside() -> Explorable:
    from ifcn_lab import scenes
    from ifcn_lab.models.fcis import FCIS
    from ifcn_lab.widgets.inside_outside import InsideOutside

    net = FCIS.from_pretrained("scenes-fcis-kinds")
    scene = scenes.make(1_000_002, families=("disc", "rectangle", "star"), one_kind=0,
                        objects=(3, 5))
    return (InsideOutside(net, scene.image).offer("Read it as a disc", kind=1)
            .offer("Read it as a star", kind=3))


def _league() -> Explorable:
    from ifcn_lab.widgets.league import League

    return (League().offer("Ask for IoU 0.85", iou=85)
            .offer("Count every answer, however unsure", iou=50, least=0))


_STOPS: dict[str, tuple[str, str, Callable[[], Explorable]]] = {
    "playground": (
        "The network itself", "Nothing here is recorded but the first answer: the "
        "network runs in this page. Push one disc into the other, and its score maps, "
        "its objectness and its masks follow the hand.",
        _playground),
    "shift": (
        "Shift", "Does it matter whether a picture is moved before a convolution or "
        "after it? Inside the picture it does not. At the border, and with a stride, "
        "it does.",
        _shift),
    "receptive-field": (
        "Receptive field", "Which pixels can change a place of the feature map? The "
        "layers say so. With pool4 at stride 1 the map is twice as dense and a place "
        "no longer sees its window; with holes in the kernels it does.\n"
        "Move the place, then choose another network.",
        _receptive_field),
    "mapgrid": (
        "Score maps", "Nine plain channels learn nine meanings. No one tells a channel "
        "that it is to find top left parts: the place where it is read makes it so.",
        _mapgrid),
    "assembler": (
        "Assembling", "A window of 21 x 21 places is put together from 25 score maps: "
        "each part of the window is copied from its own map. With one map, k = 1, "
        "the two discs cannot be told apart.",
        _assembler),
    "coherence": (
        "Local coherence", "Move the window by one place. Most of its places then copy "
        "the very same scores, one place further: nothing has to be learned for that.",
        _coherence),
    "sampler": (
        "Windows to learn from", "Training shows the network 256 windows of a picture: "
        "half of them fit an object, half do not, and those in between are left out.",
        _sampler),
    "monitor": (
        "Training", "A recorded run: the losses, and what some windows show while the "
        "maps are being learned. Two discs of one colour come apart.",
        _monitor),
    "explorer": (
        "Proposals", "Every place of the maps has a window, and most of them show no "
        "object. Objectness sorts them, and of two that show the same object only the "
        "better one stays.",
        _explorer),
    "roi": (
        "Boxes first", "The relatives of InstanceFCN find a box, and read the map in "
        "it. A rounded box reads somewhere else than it stands, and no gradient comes "
        "back through the rounding.",
        _roi),
    "anchors": (
        "Anchors", "At every place stand the same few boxes, and most of them fit no "
        "object. Those that fit well learn it, those in between learn nothing, and an "
        "object that none fits is given its best one all the same. Of the boxes that "
        "are left NMS takes away the copies.",
        _anchors),
    "inside-outside": (
        "Inside and outside", "FCIS keeps two maps for each part of each category. "
        "Where the larger of the two is high, the region shows that category; which of "
        "the two is larger draws its mask.",
        _inside_outside),
    "mixer": (
        "Prototypes", "In YOLACT nobody draws an object's mask. The network draws "
        "sixteen prototypes for the whole picture, an object names sixteen numbers, "
        "and its mask is the sum. Its box cuts the sum, and hides what else is in it.",
        _mixer),
    "embedding": (
        "Pixels that find each other", "Every place has a vector. One term of the loss "
        "pulls the vectors of an object together, one pushes objects apart; switch "
        "each off, and go through the training.",
        _embedding),
    "league": (
        "The league", "Thirteen networks look at one scene. Who finds an object, and "
        "who joins it with its neighbour? Which of them looks best depends on the IoU "
        "that is asked for, and on which answers count.",
        _league),
}


_SECTION = """<section id="{name}">
<h2>{title}</h2>
<p>{text}</p>
<iframe src="{name}.html" title="{title}: the widget"></iframe>
<p class="links"><a href="{name}.html">{title}, on a page of its own</a></p>
<details><summary>The same in words</summary><pre>{words}</pre></details>
</section>"""

_INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ifcn_lab: score maps under your hand</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0 auto; padding: 24px; max-width: 1040px; background: Canvas;
        color: CanvasText; font: 17px/1.5 system-ui, sans-serif; }}
p {{ max-width: 42em; }}
iframe {{ width: 100%; height: 620px; border: 1px solid GrayText; border-radius: 6px; }}
pre {{ overflow-x: auto; font-size: 13px; line-height: 1.2; }}
a, summary {{ color: LinkText; }}
summary {{ cursor: pointer; width: fit-content; }}
section {{ margin-top: 48px; }}
</style>
</head>
<body>
<header>
<h1>Score maps under your hand</h1>
<p>Two objects of one colour touch. Which pixel belongs to which? These pages follow the
answer of InstanceFCN (Dai et al., ECCV 2016), one step at a time. Everything here
moves, with a mouse, a finger or the keyboard, and nothing needs a network.</p>
</header>
<main>
{sections}
</main>
<script>
// A page tells how high it is; frames of files may not look into each other.
addEventListener("message", (event) => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    if (frame.contentWindow === event.source && event.data?.ifcnHeight > 0) {{
      frame.style.height = `${{Math.ceil(event.data.ifcnHeight) + 4}}px`;
    }}
  }}
}});
</script>
</body>
</html>
"""
