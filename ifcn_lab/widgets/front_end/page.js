// What all widgets share: elements, sliders, words read aloud.

/** An element with attributes, listeners ("onclick") and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  // JupyterLab has a shortcut on many keys; what is focused here keeps its own.
  if (tag === "input" || tag === "button" || attributes.tabindex != null) {
    made.setAttribute("data-lm-suppress-shortcuts", "true");
    made.addEventListener("keydown", (event) => {
      if (event.key.startsWith("Arrow")) event.stopPropagation();
    });
  }
  return made;
}

/** An element of a line drawing, "svg" itself or a part of it. */
export function svg(tag, attributes = {}, text = null) {
  const space = document.createElement("template");
  space.innerHTML = "<svg></svg>"; // knows the name of its own kind
  const { namespaceURI } = space.content.firstChild;
  const made = document.createElementNS(namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}

/** A number from 0 to 1 for a logit. */
export function probability(score) {
  return 1 / (1 + Math.exp(-score));
}

/** Grey, 0 to 255, of a score: of a logit its probability, else its place in a range. */
export function shade(score, range) {
  if (Number.isNaN(score)) return 128;
  if (!range) return Math.round(255 * probability(score));
  const [least, most] = range;
  return most > least ? Math.round((255 * (score - least)) / (most - least)) : 128;
}

/** Grey pixels for scores, row by row, as ImageData. */
export function greyImage(scores, columns, rows, range) {
  const image = new ImageData(columns, rows);
  const { data } = image;
  for (let at = 0, n = 0; n < columns * rows; n++) {
    const grey = shade(scores[n], range);
    data[at++] = grey; data[at++] = grey; data[at++] = grey;
    data[at++] = 255;
  }
  return image;
}

/** The numbers behind a binary trait, without a copy where memory allows it. */
export function numbers(model, name, Kind = Float32Array) {
  const bytes = model.get(name);
  if (!bytes || bytes.byteLength === 0) return new Kind(0);
  const { buffer, byteOffset, byteLength } = bytes;
  const size = Kind.BYTES_PER_ELEMENT;
  if (byteOffset % size === 0) return new Kind(buffer, byteOffset, byteLength / size);
  return new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Run a drawing function once a frame at most, however often it is asked for. */
export function onceAFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Whether the reader asked for no motion. */
export function motionIsReduced() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** A labelled slider tied to a trait; it moves the trait and follows it. */
export function slider(model, name, { label, least, most, step = 1, show = String }) {
  const input = element("input", { type: "range", min: least, max: most, step,
                                   "aria-label": label });
  const value = element("output", {});
  const follow = () => {
    input.value = model.get(name);
    value.textContent = show(model.get(name));
    input.setAttribute("aria-valuetext", show(model.get(name)));
  };
  input.addEventListener("input", () => put(model, { [name]: Number(input.value) }));
  model.on(`change:${name}`, follow);
  follow();
  return element("label", { class: "ifcn-slider" }, element("span", {}, label), input,
                 value);
}

/** One of several values, as a group of radio buttons tied to a trait. */
export function choice(model, name, label, values, show = String) {
  const group = `ifcn-${name}-${Math.random().toString(36).slice(2)}`;
  const inputs = values.map((value) => {
    const input = element("input", { type: "radio", name: group, value: String(value) });
    input.addEventListener("change", () => put(model, { [name]: value }));
    return [value, input];
  });
  const follow = () => {
    for (const [value, input] of inputs) input.checked = model.get(name) === value;
  };
  model.on(`change:${name}`, follow);
  follow();
  const labels = inputs.map(([value, input]) => element("label", {}, input, show(value)));
  return element("fieldset", { class: "ifcn-choice" }, element("legend", {}, label),
                 ...labels);
}

/** A switch tied to a trait. */
export function toggle(model, name, label) {
  const input = element("input", { type: "checkbox" });
  const follow = () => { input.checked = Boolean(model.get(name)); };
  input.addEventListener("change", () => put(model, { [name]: input.checked }));
  model.on(`change:${name}`, follow);
  follow();
  return element("label", { class: "ifcn-toggle" }, input, label);
}

/** Have an element say this; one that says it already needs no new layout. */
export function inscribe(made, text) {
  if (made.textContent !== text) made.textContent = text;
}

export function button(label, press) {
  return element("button", { type: "button", onclick: press }, label);
}

/** Set traits and tell Python, without waiting for it. */
export function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/**
 * The words a screen reader hears: at most twice a second, the newest ones. They are given
 * as a text, or as a function that makes it when it is time to say it.
 */
export function spoken() {
  const root = element("p", { class: "ifcn-words", role: "status", "aria-live": "polite" });
  let newest = "";
  let timer = null;
  const told = () => {
    const words = typeof newest === "function" ? newest() : newest;
    inscribe(root, words);
  };
  return {
    root,
    say(words) {
      newest = words;
      if (timer !== null) return;
      told();
      timer = setTimeout(() => {
        timer = null;
        told();
      }, 500);
    },
  };
}

/**
 * The model for one life of a widget: `dispose` takes back all that was listened to.
 *
 * `pretend` shows other values in this view alone, and the model keeps its own; with null
 * it shows those again. What the view sets in between is pretended too.
 */
export function tracked(model) {
  let [kept, pretended] = [[], null];
  const own = {
    get: (name) => (pretended && name in pretended ? pretended[name] : model.get(name)),
    set(name, value) {
      if (pretended) own.pretend({ ...pretended, [name]: value });
      else model.set(name, value);
    },
    save_changes: () => pretended || model.save_changes(),
    send: (...message) => model.send(...message),
    on(event, then) {
      model.on(event, then);
      kept.push([event, then]);
    },
    off(event, then) {
      model.off(event, then);
      kept = kept.filter(([name, one]) => name !== event || one !== then);
    },
    pretend(values) {
      const names = Object.keys({ ...pretended, ...values });
      const before = names.map(own.get);
      pretended = values;
      names.forEach((name, n) => {
        if (own.get(name) === before[n]) return;
        for (const [event, then] of [...kept]) if (event === `change:${name}`) then();
      });
    },
    dispose() {
      for (const [event, then] of kept.splice(0)) model.off(event, then);
    },
  };
  return own;
}

/** A render function that leaves no listener behind when its view goes. */
export function tidy(render) {
  return ({ model, el }) => {
    const own = tracked(model);
    const stop = render({ model: own, el });
    return () => {
      stop?.();
      own.dispose();
    };
  };
}

/** Call `then` when one of the traits changes; returns what stops it. */
export function watch(model, names, then) {
  for (const name of names) model.on(`change:${name}`, then);
  return () => {
    for (const name of names) model.off(`change:${name}`, then);
  };
}

/** A sentence where the widget would be, if Python found something wrong. */
export function sorry(model, el) {
  const words = model.get("problem");
  if (!words) return false;
  el.append(element("p", { class: "ifcn ifcn-problem", role: "alert" }, words));
  return true;
}
