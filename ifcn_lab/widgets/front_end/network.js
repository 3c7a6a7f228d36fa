// A network's forward pass, as in ifcn_lab.models.instancefcn or yolact, from a list of plain
// layers (ifcn_lab/widgets/layer_list.py). No page is needed: it runs in a worker.
//
// A map lies in memory place by place, all channels of a place side by side, so that
// eight output channels of a convolution are summed up at once. Round each map lies a
// border of zeros, as wide as any kernel reaches: a convolution never asks where it is.

/** The number that sixteen bits stand for: a sign, five of exponent, ten of fraction. */
export function fromHalf(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24
    : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 32768 ? -size : size;
}

export function roundUp(count, step) {
  return Math.ceil(count / step) * step;
}

/** One row of a convolution in plain JavaScript: the twin of convolution.wat. */
export function plainConvolve(memory) {
  const all = new Float32Array(memory.buffer);
  return (...bytes) => {
    const [input, output, add, weights, bias] = bytes.slice(0, 5).map((b) => b >> 2);
    const [width, step, place] = [bytes[5], bytes[6] >> 2, bytes[7] >> 2];
    const [side, tap, taps] = [bytes[8], bytes[9] >> 2, bytes[10] >> 2];
    const [inputs, relu] = bytes.slice(11);
    const block = 8 * side * side * inputs;
    for (let c = 0; c < place; c += 8) {
      for (let x = 0; x < width; x++) {
        let w = weights + (c >> 3) * block;
        let [a, b, d, e] = [all[bias + c], all[bias + c + 1], all[bias + c + 2],
                            all[bias + c + 3]];
        let [f, g, h, i] = [all[bias + c + 4], all[bias + c + 5], all[bias + c + 6],
                            all[bias + c + 7]];
        for (let row = 0; row < side; row++) {
          for (let column = 0; column < side; column++) {
            const first = input + x * step + row * taps + column * tap;
            for (let at = first; at < first + inputs; at++) {
              const v = all[at];
              a += v * all[w];
              b += v * all[w + 1];
              d += v * all[w + 2];
              e += v * all[w + 3];
              f += v * all[w + 4];
              g += v * all[w + 5];
              h += v * all[w + 6];
              i += v * all[w + 7];
              w += 8;
            }
          }
        }
        const to = output + x * place + c;
        all[to] = a; all[to + 1] = b; all[to + 2] = d; all[to + 3] = e;
        all[to + 4] = f; all[to + 5] = g; all[to + 6] = h; all[to + 7] = i;
        if (add) for (let n = 0; n < 8; n++) all[to + n] += all[add + x * place + c + n];
        if (relu) for (let n = 0; n < 8; n++) all[to + n] = Math.max(all[to + n], 0);
      }
    }
  };
}

/** A map enlarged to the size of another, between its places on straight lines. */
export function enlarge(all, from, to, add, relu) {
  const between = (n, count, others) => {
    const at = Math.max(0, ((n + 0.5) * count) / others - 0.5);
    const first = Math.min(Math.floor(at), count - 1);
    return [first, Math.min(first + 1, count - 1), at - first];
  };
  for (let y = 0; y < to.H; y++) {
    const [y0, y1, down] = between(y, from.H, to.H);
    for (let x = 0; x < to.W; x++) {
      const [x0, x1, right] = between(x, from.W, to.W);
      const [a, b] = [from.at(y0, x0), from.at(y0, x1)];
      const [c, d] = [from.at(y1, x0), from.at(y1, x1)];
      const [out, more] = [to.at(y, x), add ? add.at(y, x) : 0];
      for (let n = 0; n < to.C; n++) {
        const upper = all[a + n] + right * (all[b + n] - all[a + n]);
        const lower = all[c + n] + right * (all[d + n] - all[c + n]);
        const value = upper + down * (lower - upper) + (add ? all[more + n] : 0);
        all[out + n] = relu ? Math.max(value, 0) : value;
      }
    }
  }
}

/** Where a map lies in memory, in numbers; `C` are its channels, padding included. */
export class Plane {
  constructor(start, H, W, C, border) {
    Object.assign(this, { start, H, W, C, border, row: (W + 2 * border) * C });
    this.size = (H + 2 * border) * this.row;
  }

  at(y, x) {
    return this.start + (y + this.border) * this.row + (x + this.border) * this.C;
  }
}

export class Network {
  /**
   * `told`: layers, the numbers of the answers' maps by name, mean, std, stride; `halves`:
   * their weights as Uint16Array; `wasm`: the bytes of convolution.wat, or null.
   */
  constructor(told, halves, wasm = null) {
    Object.assign(this, { told, halves, shape: [0, 0] });
    this.memory = { buffer: new ArrayBuffer(0) };
    this.compiled = null;
    if (!wasm) return;
    try {
      this.compiled = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
      this.memory = this.compiled.memory;
    } catch { // switched off, forbidden by the page, or without vectors
      this.compiled = null;
    }
  }

  get kind() {
    return this.compiled ? "WebAssembly" : "JavaScript";
  }

  /** Lay out weights and maps for a picture of this size. */
  prepare(h, w) {
    if (this.shape[0] === h && this.shape[1] === w) return;
    const { layers, stride } = this.told;
    const convolutions = layers.filter(({ kind }) => kind === "convolution");
    let end = 4; // 0 stands for nothing
    const take = (count) => { const start = end; end += roundUp(count, 4); return start; };
    this.kernels = convolutions.map(({ inputs, outputs, side }) => ({
      weights: take(roundUp(outputs, 8) * roundUp(inputs, 4) * side * side),
      bias: take(roundUp(outputs, 8)) }));
    const border = Math.max(...convolutions.map(({ side, dilation }) =>
      (side === 1 ? 0 : dilation)));
    this.planes = [];
    const plane = (H, W, C) => {
      const made = new Plane(0, H, W, C, border);
      made.start = take(made.size);
      this.planes.push(made);
    };
    plane(roundUp(h, stride), roundUp(w, stride), 4);
    for (const layer of layers) {
      const { H, W, C } = this.planes[layer.like ?? layer.source];
      if (layer.kind === "enlarging") plane(H, W, this.planes[layer.source].C);
      else plane(Math.ceil(H / layer.stride), Math.ceil(W / layer.stride),
                 roundUp(layer.outputs, 8), C);
    }
    this.claim(4 * end);
    this.all = new Float32Array(this.memory.buffer);
    this.all.fill(0);
    this.convolve = this.compiled?.convolve ?? plainConvolve(this.memory);
    this.fillKernels(convolutions);
    this.shape = [h, w];
  }

  claim(bytes) {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    if (this.compiled) this.memory.grow(Math.ceil(missing / 65536));
    else this.memory = { buffer: new ArrayBuffer(bytes) };
  }

  /** Kernels in the order in which they are read: tap by tap, eight outputs together. */
  fillKernels(convolutions) {
    let from = 0;
    convolutions.forEach(({ inputs, outputs, side }, n) => {
      const { weights, bias } = this.kernels[n];
      const [deep, taps] = [roundUp(inputs, 4), side * side];
      for (let out = 0; out < outputs; out++) {
        const block = weights + (out >> 3) * taps * deep * 8 + (out & 7);
        for (let channel = 0; channel < inputs; channel++) {
          for (let tap = 0; tap < taps; tap++) {
            this.all[block + (tap * deep + channel) * 8] = fromHalf(this.halves[from++]);
          }
        }
      }
      for (let out = 0; out < outputs; out++) {
        this.all[bias + out] = fromHalf(this.halves[from++]);
      }
    });
  }

  /** The picture less its mean, over its spread; beyond it lies nothing. */
  show(pixels, h, w) {
    const { mean, std } = this.told;
    const [plane] = this.planes;
    this.all.fill(0, plane.start, plane.start + plane.size);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        for (let c = 0; c < 3; c++) {
          this.all[plane.at(y, x) + c]
            = (pixels[3 * (y * w + x) + c] / 255 - mean[c]) / std[c];
        }
      }
    }
  }

  /**
   * The forward pass, in steps of one row each: whoever shares its thread with others
   * stops between two. `pixels`: red, green, blue of each, row by row.
   */
  *steps(pixels, h, w) {
    this.prepare(h, w);
    this.show(pixels, h, w);
    let kernel = 0;
    for (const [n, layer] of this.told.layers.entries()) {
      const [from, to] = [this.planes[layer.source], this.planes[n + 1]];
      const add = layer.add == null ? null : this.planes[layer.add];
      if (layer.kind === "enlarging") {
        enlarge(this.all, from, to, add, layer.relu);
        yield;
      } else {
        const numbers = this.kernels[kernel++];
        for (let y = 0; y < to.H; y++) {
          this.row(layer, numbers, { from, to, add }, y);
          yield;
        }
      }
    }
  }

  row({ inputs, side, stride, dilation, relu }, { weights, bias }, { from, to, add }, y) {
    const reach = side === 1 ? 0 : dilation;
    const first = from.at(y * stride - reach, -reach);
    this.convolve(4 * first, 4 * to.at(y, 0), add ? 4 * add.at(y, 0) : 0, 4 * weights,
                  4 * bias, to.W, 4 * stride * from.C, 4 * to.C, side,
                  4 * dilation * from.C, 4 * dilation * from.row, roundUp(inputs, 4),
                  relu ? 1 : 0);
  }

  /** The forward pass at one go. */
  run(pixels, h, w) {
    for (const step of this.steps(pixels, h, w)) void step;
    return this.answer();
  }

  /** The answers to the picture that was run; H and W are the first one's. */
  answer() {
    const [first] = Object.values(this.told.answers);
    const { H, W } = this.planes[first];
    const answers = Object.entries(this.told.answers).map(([name, number]) =>
      [name, this.map(number)]);
    return { H, W, ...Object.fromEntries(answers) };
  }

  /** The map of a layer, channel by channel, without border and padding. */
  map(number) {
    const plane = this.planes[number];
    const { outputs } = this.told.layers[number - 1];
    const channels = outputs ?? plane.C;
    const found = new Float32Array(channels * plane.H * plane.W);
    let to = 0;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < plane.H; y++) {
        for (let x = 0; x < plane.W; x++) found[to++] = this.all[plane.at(y, x) + c];
      }
    }
    return found;
  }
}
