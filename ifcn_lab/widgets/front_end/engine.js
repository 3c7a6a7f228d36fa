// A network thinks in a worker, so that the page goes on scrolling. Where a page may have
// no worker it thinks between two frames, a few milliseconds at a time.

import { assemble, channelOf, partOf, source } from "./assembling.js";
import { CONVOLUTION } from "./convolution.js";
import { cropped, kept, maskOf, mixed, neighbours } from "./mixing.js";
import {
  Network, Plane, enlarge, fromHalf, plainConvolve, roundUp,
} from "./network.js";
import {
  bestPlaces, cut, enlarged, line, mix, proposals, pyramidProposals, sureness,
} from "./pasting.js";
import { LEAST, lookAt, pixelsOf } from "./photograph.js";
import { boxArea, boxOverlap, hasInside, suppress } from "./proposing.js";
import {
  bestAnchors, decoded, fastNms, mixedMasks, softmaxOfTwo,
} from "./prototypes.js";
import { looks, mixing, reordered, resized } from "./pyramid.js";

const SLICE = 8; // milliseconds of thinking between two frames

/** What a network says of a picture that it has run, its score maps in the given order. */
export function answerOf(network, { h, w, order }, wishes) {
  const scores = network.answer();
  if (scores.prototypes) {
    return { scores, kind: network.kind, found: mixedMasks(scores, { ...wishes, h, w }) };
  }
  const shown = reordered(scores, order);
  return { scores: shown, kind: network.kind,
           found: proposals(shown, { ...wishes, h, w }) };
}

/** The worker: first it is given the network, then pictures and photographs. */
export function serve() {
  let [network, wishes] = [null, null];
  onmessage = ({ data }) => {
    if (data.told) {
      network = new Network(data.told, data.halves, data.wasm);
      wishes = data.wishes;
      return;
    }
    if (data.photograph) {
      lookAt(network, data, 50, (told) => postMessage(told));
      return;
    }
    const began = performance.now();
    network.run(data.pixels, data.h, data.w);
    const answer = answerOf(network, data, wishes);
    const given = Object.values(answer.scores).filter(ArrayBuffer.isView);
    postMessage({ key: data.key, answer, ms: performance.now() - began },
                given.map(({ buffer }) => buffer)); // handed over, not copied
  };
}

const PARTS = [partOf, channelOf, source, assemble, boxArea, boxOverlap, hasInside,
               suppress, fromHalf, roundUp, plainConvolve, enlarge, Plane, Network,
               sureness, bestPlaces, line, mix, enlarged, cut, proposals,
               pyramidProposals, mixing, resized, looks, reordered, pixelsOf, lookAt,
               cropped, kept, maskOf, mixed, neighbours, softmaxOfTwo, bestAnchors,
               decoded, fastNms, mixedMasks, answerOf];

/** The worker's whole text: a page opened from disk may load no other file. */
function workerText() {
  return `const LEAST = ${LEAST};\n${PARTS.map(String).join("\n")}\n(${serve})();`;
}

function moduleBytes() {
  return Uint8Array.from(atob(CONVOLUTION), (letter) => letter.charCodeAt(0));
}

export class Engine {
  /**
   * `then(key, answer, ms)` is called with each answer, `far(key, share)` while a
   * photograph is looked at. Of pictures that come while the network thinks only the
   * newest is looked at.
   */
  constructor(network, then, far = () => {}) {
    Object.assign(this, { then, far, busy: false, next: null, stopped: false });
    const start = { ...network, wasm: moduleBytes() };
    this.start = start;
    try {
      const text = new Blob([workerText()], { type: "text/javascript" });
      const place = URL.createObjectURL(text);
      this.worker = new Worker(place);
      URL.revokeObjectURL(place);
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = (event) => { event.preventDefault(); this.withoutWorker(this.start); };
      this.worker.postMessage(start);
    } catch {
      this.withoutWorker(start);
    }
  }

  /** Another network from here on. */
  become(network) {
    const start = { ...network, wasm: moduleBytes() };
    this.start = start;
    if (this.worker) this.worker.postMessage(start);
    else this.here = { network: new Network(start.told, start.halves, start.wasm),
                       wishes: start.wishes };
  }

  withoutWorker({ told, halves, wasm, wishes }) {
    this.worker?.terminate();
    this.worker = null;
    this.here = { network: new Network(told, halves, wasm), wishes };
    this.busy = false;
    if (this.asked) this.ask(this.asked);
  }

  ask(picture) {
    this.asked = picture;
    if (this.busy) { this.next = picture; return; }
    this.busy = true;
    if (this.worker) this.worker.postMessage(picture);
    else this.think(picture);
  }

  async think(picture) {
    const { network, wishes } = this.here;
    if (picture.photograph) {
      await lookAt(network, picture, SLICE, (told) => this.stopped || this.hear(told));
      return;
    }
    const began = performance.now();
    let until = began + SLICE;
    for (const step of network.steps(picture.pixels, picture.h, picture.w)) {
      void step;
      if (performance.now() < until) continue;
      await new Promise((done) => { setTimeout(done); });
      if (this.stopped) return;
      until = performance.now() + SLICE;
    }
    const answer = answerOf(network, picture, wishes);
    this.told(picture.key, answer, performance.now() - began);
  }

  hear({ key, share, answer, ms }) {
    if (answer) this.told(key, answer, ms);
    else this.far(key, share);
  }

  told(key, answer, ms) {
    this.busy = false;
    const { next } = this;
    this.next = null;
    if (next) this.ask(next);
    this.then(key, answer, ms);
  }

  stop() {
    this.stopped = true;
    this.worker?.terminate();
  }
}
