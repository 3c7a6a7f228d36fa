// Stands in for the notebook in a file of its own: same model, no kernel.

class Model {
  constructor(values) {
    this.listeners = new Map();
    this.values = values;
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

  /** Have what was to come later: nobody has changed anything. */
  fill(name, value) {
    this.values[name] = value;
    for (const then of [...this.listeners.get(`change:${name}`) ?? []]) then();
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

/** The bytes behind base64 text that was deflated. */
async function inflated(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < bytes.length; n++) bytes[n] = letters.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new DataView(await new Response(stream).arrayBuffer());
}

const stored = JSON.parse(document.getElementById("state").textContent);
const values = { ...stored.state };
await Promise.all(Object.entries(stored.buffers).map(async ([name, text]) => {
  if (!stored.later.includes(name)) values[name] = await inflated(text);
}));
const model = new Model(values);
globalThis.ifcnModel = model;
tidy(render)({ model, el: document.getElementById("widget") });
if (stored.later.length) {
  requestAnimationFrame(() => setTimeout(async () => { // it is painted first
    for (const name of stored.later) {
      model.fill(name, await inflated(stored.buffers[name]));
    }
  }));
}

// A page that shows this one in a frame is told how high it is, and which keys are of
// no use here; it says whether it is light or dark.
if (globalThis.parent !== globalThis) {
  const { parent } = globalThis;
  new ResizeObserver(() => {
    const ifcnHeight = document.body.getBoundingClientRect().height + 32;
    parent.postMessage({ ifcnHeight }, "*");
  }).observe(document.body);
  addEventListener("keydown", (event) => {
    if (!event.defaultPrevented) parent.postMessage({ ifcnKey: event.key }, "*");
  });
  addEventListener("message", ({ source, data }) => {
    if (source === parent && ["light", "dark"].includes(data?.ifcnTheme)) {
      document.documentElement.style.colorScheme = data.ifcnTheme;
    }
  });
}
