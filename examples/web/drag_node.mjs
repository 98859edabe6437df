// node drag_node.mjs BUNDLE [edit.json]: a drag on the command line, a JSON line for every step.
//
// edit.json: {"ws": [L][D] | null, "handles": [[x, y]], "targets": [[x, y]], "r1", "r2", "anchor",
// "rows", "wPlus", "whitened", "learningRate", "steps", "gradient": true to print it}. Without one: a
// demonstration, from a random picture, of a point in the middle dragged upwards.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { Drag, Model } from "./drag.mjs";

const [folder, file] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node drag_node.mjs BUNDLE [edit.json]");
  process.exit(2);
}
ort.env.logLevel = "error";
const model = await Model.open(ort, async (name) => new Uint8Array(await readFile(join(folder, name))));
const edit = { ...demonstration(model.info), ...(file && JSON.parse(await readFile(file, "utf8"))) };
const ws = edit.ws ? Float32Array.from(edit.ws.flat()) : model.repeat(await model.map(gaussian(model.info.z_dim)));
const templates = await model.features(ws, edit.handles);
const drag = new Drag(model, ws, { ...edit, templates });
for (let step = 0; step < edit.steps; step++) {
  const { loss, handles } = await drag.next(edit.learningRate);
  const line = { step, loss, handles };
  if (edit.gradient) line.gradient = Array.from(drag.gradient);
  console.log(JSON.stringify(line));
}

function demonstration({ size, recommended = {} }) {
  const middle = [size.width, size.height].map((side) => Math.round(side / 2));
  const shorter = Math.min(size.width, size.height);
  const radius = (share, least) => Math.max(Math.round(share * shorter), least);
  return {
    handles: [middle],
    targets: [[middle[0], middle[1] - Math.round(shorter / 10)]],
    r1: recommended.r1 ?? radius(3 / 512, 2),
    r2: recommended.r2 ?? radius(12 / 512, 2),
    anchor: recommended.anchor ?? 0,
    wPlus: recommended.space?.endsWith("w+") ?? true,
    whitened: recommended.space?.startsWith("whitened") ?? false,
    learningRate: recommended.learning_rate ?? 0.002,
    steps: 10,
  };
}

function gaussian(count) {
  const one = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Array.from({ length: count }, one);
}
