// The page: press on the picture for a handle, release on its target, and it is dragged there.
import * as ort from "onnxruntime-web";
import { Drag, Model } from "./drag.mjs";

const BUNDLE = new URLSearchParams(location.search).get("model") ?? "../../artifacts/critters";
const LIMIT = 300;
const canvas = document.querySelector("#picture");
const says = document.querySelector("#says");
const context = canvas.getContext("2d");

let model, ws, pixels;
let pairs = [];
let held = null;
let round = 0; // a run continues only while its number is the newest

try {
  model = await Model.open(ort, read);
  canvas.width = canvas.height = 8 * model.info.resolution;
  await open();
} catch (error) {
  says.textContent = error.message;
}

document.querySelector("#next").onclick = open;
document.querySelector("#clear").onclick = () => {
  round += 1;
  pairs = [];
  paint();
};
canvas.onpointerdown = (event) => {
  canvas.setPointerCapture(event.pointerId);
  held = { handle: place(event), target: place(event) };
  paint();
};
canvas.onpointermove = (event) => {
  if (held) held.target = place(event);
  paint();
};
canvas.onpointerup = () => {
  const far = held && Math.hypot(held.target[0] - held.handle[0], held.target[1] - held.handle[1]);
  if (far > 1) {
    pairs.push(held);
    run();
  }
  held = null;
  paint();
};

async function open() {
  round += 1;
  pairs = [];
  const z = Array.from({ length: model.info.z_dim }, gaussian);
  ws = model.repeat(await model.map(z));
  pixels = fromPlanes(await model.render(ws), model.info.resolution);
  says.textContent = `${model.info.name}, ${model.info.resolution} px`;
  paint();
}

async function run() {
  const mine = ++round;
  const { resolution, recommended } = model.info;
  const handles = pairs.map((pair) => pair.handle);
  const drag = new Drag(model, ws, {
    handles,
    targets: pairs.map((pair) => pair.target),
    templates: await model.features(ws, handles),
    r1: recommended.r1 ?? Math.max(Math.round((3 / 512) * resolution), 2),
    r2: recommended.r2 ?? Math.max(Math.round((12 / 512) * resolution), 2),
    anchor: recommended.anchor ?? 0,
    wPlus: recommended.w_plus ?? true,
  });
  for (let step = 0; step < LIMIT && mine === round; step++) {
    const { loss, image } = await drag.next(recommended.learning_rate ?? 0.002);
    if (mine !== round) return;
    ws = drag.ws;
    pixels = fromBytes(image, model.info.drag.preview_size);
    pairs.forEach((pair, i) => (pair.handle = drag.handles[i]));
    says.textContent = `step ${step}  loss ${loss.toFixed(4)}`;
    paint();
    const left = pairs.map(({ handle, target }) => Math.hypot(target[0] - handle[0], target[1] - handle[1]));
    if (Math.max(...left) <= 1) return;
    await new Promise(requestAnimationFrame);
  }
}

function paint() {
  if (!pixels) return;
  const scale = canvas.width / model.info.resolution;
  context.drawImage(pixels, 0, 0, canvas.width, canvas.height);
  for (const { handle, target } of held ? [...pairs, held] : pairs) {
    const [from, to] = [handle, target].map((point) => point.map((value) => (value + 0.5) * scale));
    for (const [width, colour] of [[6, "#000a"], [2.5, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
      context.beginPath();
      context.arc(...to, 9, 0, 2 * Math.PI);
      context.stroke();
    }
    context.fillStyle = "#f2545b";
    context.beginPath();
    context.arc(...from, 7, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const along = (at, start, size) => {
    const pixel = Math.floor(((at - start) / size) * model.info.resolution);
    return Math.min(Math.max(pixel, 0), model.info.resolution - 1);
  };
  return [along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height)];
}

/** Bytes (side, side, 3) as something a canvas can draw. */
function fromBytes(bytes, side) {
  const surface = new OffscreenCanvas(side, side);
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set([bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2], 255], 4 * i);
  }
  surface.getContext("2d").putImageData(image, 0, 0);
  return surface;
}

/** Planes (3, side, side) in [-1, 1] as the same. */
function fromPlanes(planes, side) {
  const size = side * side;
  const level = (value) => Math.min(Math.max(Math.round(value * 127.5 + 127.5), 0), 255);
  const bytes = Uint8Array.from({ length: 3 * size }, (_, i) => level(planes[(i % 3) * size + Math.floor(i / 3)]));
  return fromBytes(bytes, side);
}

async function read(name) {
  const answer = await fetch(`${BUNDLE}/${name}`);
  if (!answer.ok) throw new Error(`${BUNDLE}/${name}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
