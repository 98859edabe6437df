// One DragGAN iteration in JavaScript: drag/step.onnx gives loss, gradient and tracked handles in
// one call, and Adam is a dozen lines. The same file, the same numbers as in Python; a test holds
// the two together. Works in a page and in Node: `read(name)` gives a file of the bundle as bytes,
// `ort` is onnxruntime-web.
//
// Shapes: L rows of w+, R of them trained, D = w_dim, N points, C feature channels, w columns of the
// feature map, H and W sides of the picture. Positions are [x, y] in pixels, origin at the top left.

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export class Model {
  /** Opens a bundle. Throws where it has no drag/step.onnx. */
  static async open(ort, read) {
    const info = JSON.parse(new TextDecoder().decode(await read("bundle.json")));
    if (info.format_version !== 4) {
      throw new Error(`${info.name} has format ${info.format_version}, not 4; import it again`);
    }
    if (!("drag/step.onnx" in info.files)) {
      throw new Error(`${info.name} has no drag/step.onnx; import its checkpoint again`);
    }
    const weights = await read("drag/weights.bin");
    const session = async (name, path) =>
      ort.InferenceSession.create(await read(name), {
        externalData: path ? [{ path, data: weights }] : [],
      });
    const mapping = await session("mapping.onnx");
    const synthesis = await session("synthesis.onnx", "drag/weights.bin");
    const step = await session("drag/step.onnx", "weights.bin");
    const statistics = "statistics.safetensors" in info.files;
    const known = statistics ? tensors(await read("statistics.safetensors")) : null;
    return new Model(ort, info, mapping, synthesis, step, known && basis(known));
  }

  /** basis: B (k·D) of whitened coordinates; null for a bundle without statistics. */
  constructor(ort, info, mapping, synthesis, step, basis) {
    Object.assign(this, { ort, info, mapping, synthesis, step, basis });
  }

  floats(values, dims) {
    return new this.ort.Tensor("float32", Float32Array.from(values), dims);
  }

  /** z (z_dim) → w (D), drawn to the mean w by truncation ψ; label: number of a class. */
  async map(z, psi = this.info.recommended?.psi ?? 0.7, label = 0) {
    const feeds = { z: this.floats(z, [1, z.length]) };
    const classes = this.info.classes.length;
    if (classes) {
      const oneHot = Array.from({ length: classes }, (_, i) => Number(i === label));
      feeds.label = this.floats(oneHot, [1, classes]);
    }
    const { w, w_avg: mean } = await this.mapping.run(feeds);
    return Float32Array.from(w.data, (value, i) => mean.data[i] + psi * (value - mean.data[i]));
  }

  /** w (D) → w+ (L·D): the same w in every row. */
  repeat(w) {
    const ws = new Float32Array(this.info.num_ws * w.length);
    for (let row = 0; row < this.info.num_ws; row++) ws.set(w, row * w.length);
    return ws;
  }

  /** w+ (L·D) → the full picture (3·H·W, 4·H·W with alpha) in [-1, 1], channel after channel. */
  async render(ws) {
    const { image } = await this.synthesis.run({
      ws: this.floats(ws, [1, this.info.num_ws, this.info.w_dim]),
    });
    return image.data;
  }

  /** Without a mask and with nothing trained: what every call of step.onnx needs. */
  baseFeeds(ws) {
    const { num_ws: L, w_dim: D, drag } = this.info;
    const { trainable_rows: R, feature_channels: C, feature_map: map } = drag;
    const row = (value) => new this.ort.Tensor("int64", BigInt64Array.of(BigInt(value)), [1]);
    return {
      latent: this.floats(ws.subarray(0, R * D), [R, D]),
      frozen: this.floats(ws, [L, D]),
      mix: this.floats(new Float32Array(R * R), [R, R]),
      outside_first: row(0),
      outside_end: row(1),
      outside_weight: this.floats(new Float32Array(map.width), [1, map.width]),
      outside_reference: this.floats(new Float32Array(C * map.width), [C, 1, map.width]),
      disc: this.floats([0, 0], [1, 2]),
      window: this.floats([0], [1]),
      anchor: this.floats([0], [1]),
    };
  }

  /** Templates f0 (N·C): the features of w+ at the handles, where and when they were placed. */
  async features(ws, handles) {
    const places = this.floats(handles.flat(), [handles.length, 2]);
    const channels = this.info.drag.feature_channels;
    const { sampled } = await this.step.run({
      ...this.baseFeeds(ws),
      handles: places,
      targets: places,
      templates: this.floats(new Float32Array(handles.length * channels), [
        handles.length,
        channels,
      ]),
    });
    return sampled.data;
  }
}

export class Drag {
  /** One run of `model` from w+ (L·D); `rows` of it are trained (K), as one w unless `wPlus`; in
   * whitened coordinates: each is its start + u·B, and u is optimised. */
  constructor(
    model,
    ws,
    { handles, targets, templates, r1, r2, anchor = 0, rows = 6, wPlus = true, whitened = false },
  ) {
    const { w_dim: D, drag } = model.info;
    const R = drag.trainable_rows;
    const trained = Math.min(rows, R);
    const frozen = Float32Array.from(ws).fill(0, 0, trained * D);
    const mix = new Float32Array(R * R);
    for (let row = 0; row < trained; row++) mix[row * R + (wPlus ? row : 0)] = 1;
    this.model = model;
    this.ws = Float32Array.from(ws);
    Object.assign(this, { rows, trained, wPlus, handles, targets });
    this.latent = ws.slice(0, R * D);
    this.fixed = {
      ...model.baseFeeds(ws),
      mix: model.floats(mix, [R, R]),
      disc: disc(model, r1),
      window: window_(model, r2),
      anchor: model.floats([anchor], [1]),
      templates: model.floats(templates, [handles.length, drag.feature_channels]),
    };
    this.frozen = frozen;
    if (whitened && !model.basis) throw new Error(`${model.info.name} has no statistics of w`);
    this.basis = whitened ? model.basis : null;
    const size = this.basis ? R * (this.basis.length / D) : R * D;
    this.start = this.latent.slice();
    this.u = new Float32Array(size);
    this.first = new Float32Array(size);
    this.second = this.basis ? 0 : new Float32Array(size);
    this.updates = 0;
    this.gradient = null;
  }

  /** One iteration: Adam with the last gradient (none at first), then loss, handles, gradient. */
  async next(learningRate) {
    if (this.gradient) this.update(learningRate);
    const { model } = this;
    const { num_ws: L, w_dim: D, drag } = model.info;
    const points = [this.handles.length, 2];
    this.follow(D);
    const outputs = await model.step.run({
      ...this.fixed,
      latent: model.floats(this.latent, [drag.trainable_rows, D]),
      frozen: model.floats(this.frozen, [L, D]),
      handles: model.floats(this.handles.flat(), points),
      targets: model.floats(this.targets.flat(), points),
    });
    const tracked = outputs.new_handles.data;
    this.handles = this.handles.map((_, i) => [tracked[2 * i], tracked[2 * i + 1]]);
    this.gradient = outputs.gradient.data;
    return {
      loss: outputs.loss.data[0],
      handles: this.handles,
      image: outputs.image.data,
      mismatch: outputs.mismatch?.data, // how far each handle's features are from its template
    };
  }

  /** w+ of the latent; rows above the trainable ones follow where they share its one w. */
  follow(D) {
    for (let row = 0; row < this.rows; row++) {
      if (row < this.trained) {
        const from = this.wPlus ? row : 0;
        this.ws.set(this.latent.subarray(from * D, (from + 1) * D), row * D);
      } else if (!this.wPlus) {
        this.ws.set(this.latent.subarray(0, D), row * D);
        this.frozen.set(this.latent.subarray(0, D), row * D);
      }
    }
  }

  /** One step of w itself, or of u. */
  update(learningRate) {
    this.updates += 1;
    if (this.basis) this.whitened(learningRate);
    else this.adam(learningRate);
  }

  /** Adam (Kingma and Ba 2015, algorithm 1). */
  adam(learningRate) {
    const correction1 = 1 - BETA1 ** this.updates;
    const correction2 = 1 - BETA2 ** this.updates;
    this.gradient.forEach((g, i) => {
      this.first[i] += (1 - BETA1) * (g - this.first[i]);
      this.second[i] += (1 - BETA2) * (g * g - this.second[i]);
      const size = Math.sqrt(this.second[i] / correction2) + EPSILON;
      this.latent[i] -= (learningRate * this.first[i]) / correction1 / size;
    });
  }

  /** The same of u, with one second moment for all of it: the gradient's mean square. */
  whitened(learningRate) {
    const { basis, gradient, start, latent, u, first } = this;
    const D = this.model.info.w_dim;
    const k = basis.length / D;
    let square = 0;
    for (let i = 0; i < u.length; i++) {
      const [row, direction] = [Math.floor(i / k), i % k];
      let g = 0;
      for (let j = 0; j < D; j++) g += gradient[row * D + j] * basis[direction * D + j];
      first[i] += (1 - BETA1) * (g - first[i]);
      square += (g * g) / k;
    }
    this.second += (1 - BETA2) * (square - this.second);
    const size = Math.sqrt(this.second / (1 - BETA2 ** this.updates)) + EPSILON;
    latent.set(start);
    for (let i = 0; i < u.length; i++) {
      const [row, direction] = [Math.floor(i / k), i % k];
      u[i] -= (learningRate * first[i]) / (1 - BETA1 ** this.updates) / size;
      for (let j = 0; j < D; j++) latent[row * D + j] += u[i] * basis[direction * D + j];
    }
  }
}

/** The tensors of a file of safetensors, all float32, by name. */
function tensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end)));
  const read = ({ data_offsets: [first, last] }) =>
    new Float32Array(bytes.slice(end + first, end + last).buffer);
  return Object.fromEntries(Object.entries(header).map(([name, entry]) => [name, read(entry)]));
}

/** B (k·D): principal directions of w, each as long as w's standard deviation along it. */
function basis({ directions, deviations }) {
  const D = directions.length / deviations.length;
  return directions.map((value, i) => value * deviations[Math.floor(i / D)]);
}

/** Offsets of the pixels with dx² + dy² < radius² (DragGAN, section 3.2: Ω1). */
function disc(model, radius) {
  const offsets = [];
  for (let dy = 1 - radius; dy < radius; dy++) {
    for (let dx = 1 - radius; dx < radius; dx++) {
      if (dx * dx + dy * dy < radius * radius) offsets.push(dx, dy);
    }
  }
  return model.floats(offsets, [offsets.length / 2, 2]);
}

/** Offsets along one axis of the tracking square (section 3.2: Ω2). */
function window_(model, radius) {
  const offsets = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  return model.floats(offsets, [offsets.length]);
}
