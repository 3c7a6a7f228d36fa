// Stands in for the notebook in a file of its own: same model, no kernel.

class Model {
  constructor(state, buffers) {
    this.listeners = new Map();
    this.values = { ...state };
    for (const [name, text] of Object.entries(buffers)) {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      this.values[name] = new DataView(bytes.buffer);
    }
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    if (Object.is(this.values[name], value)) return;
    this.values[name] = value;
    for (const then of this.listeners.get(`change:${name}`) ?? []) then();
    for (const then of this.listeners.get("change") ?? []) then();
  }

  on(event, then) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(then);
  }

  off(event, then) {
    this.listeners.get(event)?.delete(then);
  }

  save_changes() {}

  send() {}
}

const stored = JSON.parse(document.getElementById("state").textContent);
const model = new Model(stored.state, stored.buffers);
globalThis.ifcnModel = model;
render({ model, el: document.getElementById("widget") });

// A page that shows this one in a frame is told how high it is.
if (globalThis.parent !== globalThis) {
  new ResizeObserver(() => {
    const ifcnHeight = document.body.getBoundingClientRect().height + 32;
    globalThis.parent.postMessage({ ifcnHeight }, "*");
  }).observe(document.body);
}
