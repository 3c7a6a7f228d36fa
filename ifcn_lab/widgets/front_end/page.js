// What all widgets share: elements, panels of cells, sliders, words read aloud.

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
  for (let n = 0; n < columns * rows; n++) {
    image.data.fill(shade(scores[n], range), 4 * n, 4 * n + 3);
    image.data[4 * n + 3] = 255;
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

/**
 * A picture made of cells, with a transparent sheet above it for outlines.
 *
 * `low` holds one pixel per cell and is enlarged without smoothing; `pen` draws on the
 * sheet in units of one cell, lines in units of one screen pixel.
 */
export class Panel {
  constructor({ title, columns, rows, width, label, focusable = false, pixels }) {
    Object.assign(this, { columns, rows, scale: width / columns });
    const size = `width:${width}px;aspect-ratio:${columns}/${rows}`; // less on a phone
    const [across, down] = pixels ?? [columns, rows]; // of the picture below the sheet
    this.low = element("canvas", { width: across, height: down });
    const dots = globalThis.devicePixelRatio || 1;
    this.sheet = element("canvas", {
      width: Math.round(width * dots),
      height: Math.round(rows * this.scale * dots),
      class: "ifcn-sheet",
      role: focusable ? "application" : "img",
      "aria-label": label,
      tabindex: focusable ? 0 : null,
    });
    this.pen = this.sheet.getContext("2d");
    this.pen.setTransform(dots * this.scale, 0, 0, dots * this.scale, 0, 0);
    this.root = element(
      "figure",
      { class: "ifcn-panel" },
      element("figcaption", {}, title),
      element("div", { class: "ifcn-stack", style: size }, this.low, this.sheet),
    );
  }

  /** Show ImageData, of one pixel per cell unless `pixels` says otherwise. */
  paint(image, x = 0, y = 0) {
    this.low.getContext("2d").putImageData(image, x, y);
  }

  /** Show a picture file, given as bytes. */
  async paintFile(bytes) {
    const bitmap = await createImageBitmap(new Blob([bytes]));
    this.low.getContext("2d").drawImage(bitmap, 0, 0, this.low.width, this.low.height);
  }

  clear() {
    this.pen.clearRect(0, 0, this.columns, this.rows);
  }

  /** Outline a box of cells; `lines` is the width in screen pixels. */
  frame(x, y, width, height, colour, lines = 1.5, dash = []) {
    this.pen.strokeStyle = colour;
    this.pen.lineWidth = lines / this.scale;
    this.pen.setLineDash(dash.map((d) => d / this.scale));
    this.pen.strokeRect(x, y, width, height);
  }

  /** Fill a box of cells. */
  fill(x, y, width, height, colour, opacity = 1) {
    this.pen.globalAlpha = opacity;
    this.pen.fillStyle = colour;
    this.pen.fillRect(x, y, width, height);
    this.pen.globalAlpha = 1;
  }

  /** Write in a box of its own; `size` in screen pixels. */
  write(text, x, y, { size = 10, ink = "#1a1a1a", paper = null } = {}) {
    const { pen, scale } = this;
    pen.font = `${size / scale}px system-ui, sans-serif`;
    pen.textBaseline = "top";
    if (paper) {
      const pad = 1.5 / scale;
      this.fill(x, y, pen.measureText(text).width + 2 * pad, (size + 2) / scale, paper);
      x += pad;
      y += pad;
    }
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }

  /** The place under the pointer, in cells, with a fraction. */
  at(event) {
    const box = this.sheet.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.columns,
      y: ((event.clientY - box.top) / box.height) * this.rows,
    };
  }

  /** Call with the place in cells while the pointer is down. */
  onDrag(move) {
    const follow = (event) => {
      if (event.buttons & 1) move(this.at(event), event);
    };
    this.sheet.addEventListener("pointerdown", (event) => {
      this.sheet.setPointerCapture(event.pointerId);
      move(this.at(event), event);
    });
    this.sheet.addEventListener("pointermove", follow);
  }

  /** Call with the place in cells when the pointer is over; with null when it leaves. */
  onHover(move) {
    this.sheet.addEventListener("pointermove", (event) => move(this.at(event), event));
    this.sheet.addEventListener("pointerleave", (event) => move(null, event));
  }

  /** Call with a step (dx, dy) for each arrow key; Shift makes it `fast` cells. */
  onArrows(move, fast = 5) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                    ArrowDown: [0, 1] };
    this.sheet.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation(); // a notebook would move to the next cell
      const by = event.shiftKey ? fast : 1;
      move(step[0] * by, step[1] * by);
    });
  }

  /** Place of a cell in its widget, in screen pixels from the widget's corner. */
  onStage(x, y, stage) {
    const box = this.sheet.getBoundingClientRect();
    const origin = stage.getBoundingClientRect();
    return [
      box.left - origin.left + (x / this.columns) * box.width,
      box.top - origin.top + (y / this.rows) * box.height,
    ];
  }
}

/** A sheet over all panels, for lines from one to another. */
export class Stage {
  constructor(...panels) {
    this.sheet = element("canvas", { class: "ifcn-lines", "aria-hidden": "true" });
    this.root = element("div", { class: "ifcn-stage" }, ...panels.map((p) => p.root),
                        this.sheet);
  }

  clear() {
    const { width, height } = this.root.getBoundingClientRect();
    const dots = globalThis.devicePixelRatio || 1;
    const [columns, rows] = [Math.round(width * dots), Math.round(height * dots)];
    if (this.sheet.width !== columns || this.sheet.height !== rows) {
      Object.assign(this.sheet, { width: columns, height: rows });
    }
    this.pen = this.sheet.getContext("2d");
    this.pen.setTransform(dots, 0, 0, dots, 0, 0);
    this.pen.clearRect(0, 0, width, height);
  }

  /** A line between two places (x, y) in cells of two panels. */
  line(from, to, colour) {
    const [start, end] = [from, to].map(({ panel, x, y }) =>
      panel.onStage(x, y, this.root));
    for (const [style, lines] of [["#ffffff", 4], [colour, 2]]) {
      this.pen.strokeStyle = style;
      this.pen.lineWidth = lines;
      this.pen.beginPath();
      this.pen.moveTo(...start);
      this.pen.lineTo(...end);
      this.pen.stroke();
    }
  }
}

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

export function button(label, press) {
  return element("button", { type: "button", onclick: press }, label);
}

/** Set traits and tell Python, without waiting for it. */
export function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/** The words a screen reader hears: at most twice a second, the newest ones. */
export function spoken() {
  const root = element("p", { class: "ifcn-words", role: "status", "aria-live": "polite" });
  let newest = "";
  let timer = null;
  return {
    root,
    say(words) {
      newest = words;
      if (timer !== null) return;
      root.textContent = words;
      timer = setTimeout(() => {
        timer = null;
        if (root.textContent !== newest) root.textContent = newest;
      }, 500);
    },
  };
}

/** The model for one life of a widget: `dispose` takes back all that was listened to. */
export function tracked(model) {
  const kept = [];
  return {
    get: (name) => model.get(name),
    set: (name, value) => model.set(name, value),
    save_changes: () => model.save_changes(),
    send: (...message) => model.send(...message),
    on(event, then) {
      model.on(event, then);
      kept.push([event, then]);
    },
    off: (event, then) => model.off(event, then),
    dispose() {
      for (const [event, then] of kept.splice(0)) model.off(event, then);
    },
  };
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
