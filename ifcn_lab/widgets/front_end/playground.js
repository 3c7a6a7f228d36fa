// The Playground: shapes under the hand, or a photograph, and what the network says of
// them at once.

import { actionsOf, listen, shapeSlider } from "./editing.js";
import { Engine } from "./engine.js";
import {
  button, element, inscribe, numbers, onceAFrame, put, slider, sorry, spoken, watch,
} from "./page.js";
import { Stage } from "./panel.js";
import { photographs } from "./photograph.js";
import { Rival } from "./rival.js";
import { Scene } from "./scene.js";
import { MapsAndWindow, Objectness, Picture } from "./scene_panels.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" "a b d" / 10fr 10fr 5fr',
                 narrow: '"a a a" "b c d" / 5fr 4fr 4fr' };
const TRAITS = ["shapes", "selected", "chosen", "shuffled", "k", "light", "noise", "seen",
                "beside", "rival_weights"];

/** The network with the mask head of k, put together from the page's pieces. */
function networkOf(model, k) {
  const [told, all] = [model.get("told"), numbers(model, "weights", Uint16Array)];
  const [begin, end, past] = model.get("cut");
  const { span } = model.get("heads").find((head) => head.k === k);
  const parts = [all.subarray(0, begin), all.subarray(...span), all.subarray(end, past)];
  const halves = new Uint16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    halves.set(part, at);
    at += part.length;
  }
  const layers = told.layers.map((layer, n) =>
    (n === told.answers.maps - 1 ? { ...layer, outputs: k * k } : layer));
  return { told: { ...told, layers }, halves, wishes: { ...model.get("wishes"), k } };
}

/** A button for each k that there is a mask head for. */
function headsOf(model) {
  const heads = model.get("heads").map(({ k }) => {
    const press = button(String(k), () => put(model, { k }));
    press.setAttribute("aria-label", `k = ${k}`);
    return { k, press };
  });
  const root = element("span", { class: "ifcn-ks", hidden: heads.length < 2 }, "k =",
                       ...heads.map(({ press }) => press));
  const follow = () => {
    for (const { k, press } of heads) {
      press.setAttribute("aria-pressed", String(model.get("k") === k));
    }
  };
  return { root, follow };
}

/** What is done to shapes and to the network; `more` are further buttons. */
function buttonsOf(scene, model, does, more) {
  const press = (label, act) => button(label, () => put(model, act()));
  const mix = button("shuffle the channels", () =>
    put(model, { shuffled: !model.get("shuffled") }));
  const heads = headsOf(model);
  const any = ["disc", "ellipse", "rectangle"].map((family) =>
    press(`+ ${family}`, () => does.added(family)));
  const one = [press("another colour", does.recoloured),
               press("another texture", does.rewoven), press("double", does.doubled),
               press("delete", does.removed)];
  const two = [press("make them touch", does.together), press("same colour", does.alike)];
  const follow = () => {
    mix.setAttribute("aria-pressed", String(model.get("shuffled")));
    heads.follow();
    for (const each of [...any, ...one, ...two]) each.hidden = !scene.isDrawing;
    for (const each of two) each.disabled = scene.shapes.length < 2;
    for (const each of one) each.disabled = !scene.selected;
  };
  const root = element("div", { class: "ifcn-buttons ifcn-playing" }, ...any, ...one,
                       ...two, mix, heads.root, ...more);
  return { root, follow };
}

/** Sliders of the chosen shape, and of the light on all of them. */
function slidersOf(scene, model, does) {
  const own = [
    shapeSlider(scene, model, does, "size",
                { label: "size", least: 12, most: 126, unit: " px" }),
    shapeSlider(scene, model, does, "turn",
                { label: "turn", least: 0, most: 359, unit: "°" })];
  const lit = [
    slider(model, "light", { label: "light", least: 20, most: 180, step: 5,
                             show: (light) => `${light} %` }),
    slider(model, "noise", { label: "noise", least: 0, most: 60 })];
  const root = element("div", { class: "ifcn-controls ifcn-four" },
                       ...own.map((each) => each.root), ...lit);
  return { root, follow() {
    for (const each of own) each.follow();
    root.hidden = !scene.isDrawing;
  } };
}

/** Asks the network in the page what the scene wants to know. */
class Asking {
  constructor(scene, model, then, far) {
    Object.assign(this, { scene, model, k: model.get("k") });
    this.engine = new Engine(networkOf(model, this.k), (key, answer, ms) =>
      then(key, { ...answer, k: JSON.parse(key)[0] }, ms), far);
  }

  ask() {
    const { scene, model, engine } = this;
    const [k, { order }] = [model.get("k"), scene.head];
    if (k !== this.k) engine.become(networkOf(model, k));
    this.k = k;
    const question = { key: scene.key, order: model.get("shuffled") ? order
      : order.map((_, n) => n) };
    if (scene.isDrawing) {
      engine.ask({ ...question, pixels: scene.pixels, h: scene.h, w: scene.w });
    } else if (scene.photograph) {
      engine.ask({ ...question, photograph: scene.photograph, widest: model.get("widest"),
                   zooms: model.get("zooms"),
                   wishes: { ...model.get("of_photograph"), k } });
    }
  }
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const scene = new Scene(model);
  const does = actionsOf(scene);
  const [picture, sureness] = [new Picture(scene), new Objectness(scene, model)];
  const scores = new MapsAndWindow(scene);
  const stage = new Stage(PLACES, picture.panel, scores.maps.panel, sureness.panel,
                          scores.window);
  const heard = spoken();
  const by = element("span", {});
  const sliders = slidersOf(scene, model, does);
  let [asking, share] = [null, null];

  const drawAnswer = () => {
    const { kind, levels } = scene.answer;
    if (levels) picture.paint(scene.answer);
    else for (const each of [scores, sureness]) each.paint();
    inscribe(by, kind === "JavaScript"
      ? "the network runs in this page, slowly, as WebAssembly is switched off here"
      : "the network runs in this page");
    root.dataset.by = kind;
  };
  const drawOutlines = onceAFrame(() => picture.draw());
  const drawChoice = () => {
    if (scene.answer.levels) { // another proposal may be of another zoom
      for (const each of [scores, sureness]) each.paint();
      drawOutlines(); // of many masks: a task of its own
    } else picture.draw();
    for (const each of [sureness, scores]) each.draw();
    for (const each of [sliders, buttons, rival]) each.follow();
    photo.follow(model.get("seen"), share);
    heard.say(() => scene.words() + rival.words());
    root.dataset.asked = scene.key;
    root.dataset.answered = scene.isAnswered && rival.isAnswered ? scene.key : "";
  };
  const paint = () => {
    if (scene.follow()) {
      if (scene.isDrawing) picture.paint(scene);
      share = null;
      asking?.ask();
      if (scene.isAnswered) drawAnswer();
    }
    drawChoice();
  };
  const soon = onceAFrame(paint); // once for a move and for an answer of one frame
  const photo = photographs({
    take(photograph) {
      scene.keep(photograph);
      put(model, { seen: "own", chosen: -1 });
      paint();
    },
    show: () => put(model, { seen: "coins", chosen: -1 }),
    back: () => put(model, { seen: "drawing", chosen: -1 }),
  });
  const rival = new Rival(scene, model, { stage, picture: picture.panel,
                                          maps: scores.maps.panel,
                                          then: () => soon() });
  const buttons = buttonsOf(scene, model, does, [rival.button, ...photo.buttons]);
  const root = staged(model, "Playground", {
    parts: [stage.root, sliders.root, buttons.root,
            element("p", { class: "ifcn-keys" }, greyScale("grey: probability", 0, 1), by),
            heard.root],
    paint, plays: () => [{ shapes: model.get("touching") }, { shuffled: true }],
  });
  photo.takeDrops(root);
  el.append(root);
  picture.paint(scene);
  drawAnswer();
  paint();
  listen(picture, scene, does, model);
  const hear = (key, answer, ms) => {
    scene.take(key, answer);
    share = null;
    root.dataset.ms = ms.toFixed(1);
    if (!answer.problem) drawAnswer();
    soon();
  };
  const hearShare = (key, far) => {
    share = far;
    photo.follow(model.get("seen"), share);
  };
  let gone = false;
  const start = () => {
    if (gone || asking || !model.get("weights")?.byteLength) return;
    asking = new Asking(scene, model, hear, hearShare);
    asking.ask();
  };
  model.on("change:weights", start); // a page of its own has them later
  onceAFrame(() => setTimeout(start))(); // the recorded answer is painted first
  const stop = watch(model, TRAITS, soon);
  return () => {
    gone = true;
    stop();
    asking?.engine.stop();
    rival.stop();
  };
}
