// How a widget stands before a reader: what to try, and its idea played when first seen.

import { button, element, motionIsReduced, put, watch } from "./page.js";

const LEG = 1400; // milliseconds from one state to the next
const GLIDING = new Set(["y", "x", "dy", "dx", "down", "right", "frame", "step", "objectness",
  "iou", "top", "x0", "y0", "x1", "y1", "center_tolerance", "scale_tolerance",
  "negative_center", "left", "bottom", "bandwidth", "tau", "negative_scale", "positive"]); // the others jump
const TOUCHES = ["pointerdown", "pointermove", "touchstart", "keydown", "focusin"];

/**
 * The widget's root. `plays()` are the states that it goes through when it is first seen,
 * and from the last one back; `paint` draws anew when there is more or less room.
 */
export function staged(model, name, { parts, paint, plays = () => [] }) {
  const root = element("div", { class: "ifcn", role: "group", "aria-label": name });
  root.append(invitation(model, root), ...parts);
  root.addEventListener("fit", paint);
  playWhenSeen(model, root, plays);
  return root;
}

/** The line that says what to try, with a button for each of the widget's actions. */
function invitation(model, root) {
  const line = element("p", { class: "ifcn-try" });
  const take = (state) => {
    if (motionIsReduced()) put(model, state);
    else perform(model, root, [state], () => put(model, state));
  };
  const follow = () => line.replaceChildren(model.get("hint") ?? "",
    ...(model.get("actions") ?? []).map(([label, state]) => button(label, () => take(state))));
  watch(model, ["hint", "actions"], follow);
  follow();
  return line;
}

function playWhenSeen(model, root, plays) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.at(-1).isIntersecting) return;
    seen.disconnect();
    const states = plays();
    if (motionIsReduced() || states.length === 0) return;
    const first = Object.assign({}, ...states);
    for (const key of Object.keys(first)) first[key] = model.get(key);
    perform(model, root, [...states, first]);
  }, { threshold: 0.6 });
  seen.observe(root.querySelector(".ifcn-stage"));
}

/** Go through states in this view alone; whoever touches the widget ends it at once. */
function perform(model, root, states, then = () => {}) {
  const ends = new AbortController();
  const stop = () => {
    if (ends.signal.aborted) return;
    ends.abort();
    model.off("change", stop);
    model.pretend(null);
    hush(root, "polite");
    root.dataset.played = "once";
    then();
  };
  for (const type of TOUCHES) {
    root.addEventListener(type, (event) => {
      // A page that scrolls under a pointer at rest moves no pointer.
      if (type !== "pointermove" || event.movementX || event.movementY) stop();
    }, { capture: true, signal: ends.signal });
  }
  model.on("change", stop); // of the model itself: by Python, or in another view
  root.dataset.played = "now";
  hush(root, "off");
  run(model, states, () => ends.signal.aborted || !root.isConnected, stop);
}

function run(model, states, ended, stop) {
  let [leg, began, reached] = [0, null, {}];
  const tick = (now) => {
    if (ended()) { stop(); return; }
    began ??= now;
    const names = Object.keys(states[leg]);
    if (now === began) for (const name of names) reached[name] ??= model.get(name);
    const from = Object.fromEntries(names.map((name) => [name, reached[name]]));
    const there = names.every((name) => from[name] === states[leg][name]);
    const share = there ? 1 : Math.min(1, (now - began) / LEG);
    model.pretend({ ...reached, ...between(from, states[leg], share) });
    if (share === 1) {
      reached = { ...reached, ...states[leg] };
      [leg, began] = [leg + 1, null];
      if (leg === states.length) { stop(); return; }
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

function between(from, to, share) {
  const eased = share * share * (3 - 2 * share);
  return Object.fromEntries(Object.entries(to).map(([name, end]) => {
    if (name === "shapes") return [name, shapesBetween(from[name], end, eased)];
    const now = name === "step" && Math.min(from[name], end) < 0; // -1: the newest one
    if (now || !GLIDING.has(name)) return [name, end];
    const value = from[name] + (end - from[name]) * eased;
    return [name, Number.isInteger(end) ? Math.round(value) : value];
  }));
}

/** Drawn shapes on their way to other places; of other ones they become those at once. */
function shapesBetween(from, to, share) {
  if (from.length !== to.length || share === 1) return to;
  const way = (a, b) => Math.round(a + (b - a) * share);
  return to.map((shape, n) => ({ ...shape, y: way(from[n].y, shape.y),
                                 x: way(from[n].x, shape.x) }));
}

/** No screen reader tells what moves by itself. */
function hush(root, live) {
  for (const said of root.querySelectorAll("[role=status]")) {
    said.setAttribute("aria-live", live);
  }
}

/** What black and white are: a strip of grey between two words. */
export function greyScale(what, black, white) {
  return element("span", { class: "ifcn-grey" }, what,
                 element("b", {}, `${black}`, element("i"), `${white}`));
}

/** The grey scale of score maps: of logits the probability, else their range. */
export function scoreScale(range) {
  return range ? greyScale("grey: score", ...range) : greyScale("grey: probability", 0, 1);
}
