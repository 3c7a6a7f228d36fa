// What a reader does to drawn shapes: by buttons, by keys, by dragging.

import { clamp, element, inscribe, put } from "./page.js";
import { distanceTo, pushedTogether } from "./painting.js";

const MOST = 20; // shapes
const SPREAD = [[32, 32], [32, 96], [96, 32], [96, 96], [64, 64]]; // where new ones go

/** What is done to shapes: each returns the traits that change. */
export function actionsOf(scene) {
  const index = () => scene.shapes.indexOf(scene.selected);
  const only = (shapes, selected = index()) => ({ shapes, selected, chosen: -1 });
  const changed = (values) => {
    const { h, w, shapes, selected } = scene;
    if (!selected) return {};
    const made = { ...selected, ...values };
    const held = { ...made, y: clamp(Math.round(made.y), 0, h - 1),
                   x: clamp(Math.round(made.x), 0, w - 1),
                   size: clamp(Math.round(made.size), 12, 126),
                   turn: (Math.round(made.turn) + 360) % 360 };
    return only(shapes.map((shape) => (shape === selected ? held : shape)));
  };
  const added = (shape) => (scene.shapes.length < MOST
    ? only([...scene.shapes, shape], scene.shapes.length) : {});
  return {
    changed,
    added(family) {
      const { shapes } = scene; // what is painted may be a frame older
      const [y, x] = SPREAD.find((place) => shapes.every((shape) =>
        distanceTo(shape, ...place) > 0)) ?? SPREAD[shapes.length % SPREAD.length];
      const size = family === "disc" ? 46 : 50;
      return added({ family, y, x, size, turn: 0, colour: scene.selected?.colour ?? 0,
                     texture: 0 });
    },
    doubled() {
      const one = scene.selected;
      return one ? added({ ...one, y: clamp(one.y + 14, 0, scene.h - 1),
                           x: clamp(one.x + 14, 0, scene.w - 1) }) : {};
    },
    removed: () => only(scene.shapes.filter((shape) => shape !== scene.selected), 0),
    next: () => ({ selected: (index() + 1) % Math.max(1, scene.shapes.length),
                   chosen: -1 }),
    rewoven: () => changed({ texture: ((scene.selected?.texture ?? 0) + 1) % 3 }),
    recoloured: () => changed({ colour: ((scene.selected?.colour ?? 0) + 1) % 3 }),
    alike: () => only(scene.shapes.map((shape) =>
      ({ ...shape, colour: scene.selected.colour }))),
    together() {
      const { shapes, selected: one, h, w } = scene;
      const away = (other) => Math.hypot(other.y - one.y, other.x - one.x);
      const [near] = shapes.filter((shape) => shape !== one)
        .sort((a, b) => away(a) - away(b));
      return near ? changed(pushedTogether(one, near, h, w)) : {};
    },
  };
}

/** The hand on the picture: a shape is dragged, or its corner, or a proposal chosen. */
export function listen(picture, scene, does, model) {
  let [mode, offset] = [null, { y: 0, x: 0 }];
  const { panel } = picture;
  const hit = ({ y, x }) => scene.shapes.findLastIndex((shape) =>
    distanceTo(shape, y - 0.5, x - 0.5) <= 2);
  const taken = (at) => {
    const { selected, isDrawing } = scene;
    const handle = isDrawing && selected && picture.handle();
    if (handle && Math.hypot(at.y - handle.y, at.x - handle.x) < 6) return "size";
    const n = isDrawing ? hit(at) : -1;
    if (n < 0) {
      const pixel = { y: Math.floor(at.y), x: Math.floor(at.x) };
      put(model, { chosen: scene.proposalAt(pixel) });
      return null;
    }
    offset = { y: scene.shapes[n].y - at.y, x: scene.shapes[n].x - at.x };
    put(model, { selected: n, chosen: -1 });
    return "move";
  };
  panel.onDrag((at, event) => {
    if (event.type === "pointerdown") { mode = taken(at); return; }
    const { selected } = scene;
    if (mode === "move") put(model, does.changed({ y: at.y + offset.y, x: at.x + offset.x }));
    if (mode === "size") {
      const away = Math.hypot(at.y - selected.y, at.x - selected.x);
      put(model, does.changed({ size: (away - 4) * 1.96 }));
    }
  });
  panel.onArrows((right, down) => put(model, scene.isDrawing
    ? does.changed({ y: scene.selected?.y + down, x: scene.selected?.x + right })
    : scene.neighbour(right + down)));
  const keys = {
    Enter: does.next, Delete: does.removed, Backspace: does.removed, d: does.doubled,
    "+": () => does.changed({ size: scene.selected?.size + 2 }),
    "-": () => does.changed({ size: scene.selected?.size - 2 }),
  };
  panel.sheet.addEventListener("keydown", (event) => {
    if (!keys[event.key] || !scene.isDrawing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    put(model, keys[event.key]());
  });
}

/** A slider of the chosen shape. */
export function shapeSlider(scene, model, does, name, { label, least, most, unit }) {
  const input = element("input", { type: "range", min: least, max: most,
                                   "aria-label": label });
  const value = element("output", {});
  input.addEventListener("input", () =>
    put(model, does.changed({ [name]: Number(input.value) })));
  const follow = () => {
    input.disabled = !scene.selected;
    input.value = scene.selected?.[name] ?? least;
    inscribe(value, `${scene.selected?.[name] ?? "–"}${unit}`);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  const root = element("label", { class: "ifcn-slider" }, element("span", {}, label),
                       input, value);
  return { root, follow };
}
