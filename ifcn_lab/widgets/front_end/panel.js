// What is seen: panels made of squares, which scale to the room there is, and their stage.

import { element, inscribe } from "./page.js";

/** Panels are as wide as there is room; what stands on them is drawn anew. */
const fitting = globalThis.ResizeObserver && new ResizeObserver((entries) => {
  const roots = new Set(entries.filter(({ target }) => target.panel.fit())
    .map(({ target }) => target.closest(".ifcn")));
  for (const root of roots) root?.dispatchEvent(new Event("fit"));
});

const HELD = 350; // milliseconds until a finger that rests drags
const REACH_OF_FINGER = 24; // screen pixels round a grip

/**
 * A picture made of squares, with a transparent sheet above it for outlines.
 *
 * `low` holds one dot per square and is enlarged without smoothing; `pen` draws on the
 * sheet in units of one square, lines in units of one screen pixel. `width` is the most
 * screen pixels it takes; where there is less room it is smaller.
 */
export class Panel {
  constructor({ title, columns, rows, width, label, focusable = false, pixels }) {
    Object.assign(this, { columns, rows, scale: width / columns });
    const [across, down] = pixels ?? [columns, rows]; // of the picture below the sheet
    this.low = element("canvas", { width: across, height: down });
    this.sheet = element("canvas", {
      class: "ifcn-sheet",
      role: focusable ? "application" : "img",
      "aria-label": label,
      tabindex: focusable ? 0 : null,
    });
    this.pen = this.sheet.getContext("2d");
    this.stack = element("div", {
      class: "ifcn-stack", style: `--most:${width}px;aspect-ratio:${columns}/${rows}`,
    }, this.low, this.sheet);
    this.root = element("figure", { class: "ifcn-panel" },
                        element("figcaption", {}, title), this.stack);
    this.size(width);
    this.stack.panel = this;
    fitting.observe(this.stack);
  }

  /** Take the width there is; whether that is another one than before. */
  fit() {
    const width = this.stack.clientWidth;
    if (!width || Math.abs(width - this.scale * this.columns) < 0.5) return false;
    this.size(width);
    return true;
  }

  size(width) {
    const dots = globalThis.devicePixelRatio || 1;
    this.scale = width / this.columns;
    this.widths = new Map(); // of texts: to measure one takes as long as to write it
    this.sheet.width = Math.round(width * dots);
    this.sheet.height = Math.round(this.rows * this.scale * dots);
    this.pen.setTransform(dots * this.scale, 0, 0, dots * this.scale, 0, 0);
  }

  /** Have other squares, and another title, in the same place. */
  become({ columns, rows, title, label }) {
    inscribe(this.root.firstChild, title);
    this.sheet.setAttribute("aria-label", label);
    if (this.columns === columns && this.rows === rows) return;
    const width = this.scale * this.columns;
    Object.assign(this, { columns, rows });
    Object.assign(this.low, { width: columns, height: rows });
    this.stack.style.aspectRatio = `${columns}/${rows}`;
    this.size(width);
  }

  /** Show ImageData, of one dot per square unless `pixels` says otherwise. */
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

  /** Outline a box; `lines` is the width in screen pixels. */
  frame(x, y, width, height, colour, lines = 1.5, dash = []) {
    this.take(colour, lines, dash);
    this.pen.strokeRect(x, y, width, height);
  }

  /** Draw a path; `lines` is its width in screen pixels. */
  stroke(path, colour, lines, dash = []) {
    this.take(colour, lines, dash);
    this.pen.stroke(path);
  }

  /** Take a pen of this colour, width and dash, in screen pixels. */
  take(colour, lines, dash) {
    this.pen.strokeStyle = colour;
    this.pen.lineWidth = lines / this.scale;
    this.pen.setLineDash(dash.map((d) => d / this.scale));
  }

  /** Fill a box. */
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
      this.fill(x, y, this.wide(text, size) + 2 * pad, (size + 2) / scale, paper);
      x += pad;
      y += pad;
    }
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }

  /** How wide a text is in the pen's font of this size, in squares. */
  wide(text, size) {
    const name = `${size} ${text}`;
    if (!this.widths.has(name)) this.widths.set(name, this.pen.measureText(text).width);
    return this.widths.get(name);
  }

  /** The place under the pointer, in squares, with a fraction. */
  at(event) {
    const box = this.sheet.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.columns,
      y: ((event.clientY - box.top) / box.height) * this.rows,
    };
  }

  /** Mark where a finger takes hold at once. */
  grip(x, y) {
    const { pen, scale } = this;
    this.held = { x, y };
    for (const [radius, colour] of [[7, "#1a1a1a"], [5.5, "#ffffff"], [2.5, "#d55e00"]]) {
      pen.beginPath();
      pen.arc(x, y, radius / scale, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    }
  }

  /** Call with the place in squares while the pointer is down. */
  onDrag(move) {
    this.sheet.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return;
      this.sheet.setPointerCapture(event.pointerId);
      move(this.at(event), event);
    });
    this.sheet.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch" && event.buttons & 1) move(this.at(event), event);
    });
    this.onFinger(move);
  }

  /** Call with the place in squares when the pointer is over; with null when it leaves. */
  onHover(move) {
    for (const type of ["pointerdown", "pointermove", "pointerleave"]) {
      this.sheet.addEventListener(type, (event) => {
        const gone = type === "pointerleave";
        if (event.pointerType !== "touch") move(gone ? null : this.at(event), event);
      });
    }
    this.onFinger(move);
  }

  /** A finger that swipes scrolls; one that rests, or takes the grip, drags; a tap moves. */
  onFinger(move) {
    let [held, timer] = [false, null];
    const end = () => { held = false; clearTimeout(timer); };
    const like = (type, touch) => ({ type, clientX: touch.clientX, clientY: touch.clientY });
    const hold = (touch) => { held = true; move(this.at(touch), like("pointerdown", touch)); };
    const listen = (type, then) => this.sheet.addEventListener(type, then, { passive: false });
    listen("touchstart", (event) => {
      end();
      const [touch] = event.touches;
      if (event.touches.length > 1) return;
      const { x, y } = this.at(touch);
      const away = this.held
        ? this.scale * Math.hypot(x - this.held.x, y - this.held.y) : Infinity;
      if (away <= REACH_OF_FINGER) hold(touch);
      else timer = setTimeout(() => hold(touch), HELD);
    });
    listen("touchmove", (event) => {
      if (!held) { end(); return; } // the page scrolls
      event.preventDefault();
      move(this.at(event.touches[0]), like("pointermove", event.touches[0]));
    });
    listen("touchend", end);
    listen("touchcancel", end);
    listen("contextmenu", (event) => { if (held) event.preventDefault(); });
    this.sheet.addEventListener("click", (event) => { // a tap
      if (event.pointerType === "touch") move(this.at(event), like("pointerdown", event));
    });
  }

  /** Call with a step (dx, dy) for each arrow key; Shift makes it `fast` squares. */
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

  /** Place of a square in its widget, in screen pixels from the widget's corner. */
  onStage(x, y, stage) {
    const box = this.sheet.getBoundingClientRect();
    const origin = stage.getBoundingClientRect();
    return [
      box.left - origin.left + (x / this.columns) * box.width,
      box.top - origin.top + (y / this.rows) * box.height,
    ];
  }
}

/**
 * The panels in their places, and a sheet over them for lines from one to another.
 *
 * `places` are grid templates in which the panels are a, b, c ...: `wide`, where there is
 * less room `middle`, on a phone `narrow`.
 */
export class Stage {
  constructor(places, ...panels) {
    const style = Object.entries(places).map(([name, grid]) => `--${name}:${grid}`);
    this.sheet = element("canvas", { class: "ifcn-lines", "aria-hidden": "true" });
    this.root = element("div", { class: "ifcn-stage", style: style.join(";") });
    panels.forEach((panel, n) => {
      if (panel) panel.root.style.gridArea = String.fromCharCode(97 + n);
    });
    this.root.append(...panels.filter(Boolean).map((panel) => panel.root), this.sheet);
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

  /** A line between two places (x, y) in squares of two panels. */
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
