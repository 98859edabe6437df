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
  const { width, height } = model.info.size;
  const scale = Math.max(1, Math.floor(1024 / Math.max(width, height)));
  canvas.width = scale * width;
  canvas.height = scale * height;
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
  if (held && far <= 1) held.target = held.handle; // a pin: it stays while others are dragged
  if (held) pairs.push({ ...held, pin: far <= 1 });
  if (far > 1) run();
  held = null;
  paint();
};

async function open() {
  round += 1;
  pairs = [];
  const z = Array.from({ length: model.info.z_dim }, gaussian);
  ws = model.repeat(await model.map(z));
  const { name, size } = model.info;
  pixels = fromPlanes(await model.render(ws), size);
  says.textContent = `${name}, ${size.width} × ${size.height} px`;
  paint();
}

async function run() {
  const mine = ++round;
  const { size, recommended } = model.info;
  const shorter = Math.min(size.width, size.height);
  const handles = pairs.map((pair) => pair.handle);
  const drag = new Drag(model, ws, {
    handles,
    targets: pairs.map((pair) => pair.target),
    templates: await model.features(ws, handles),
    r1: recommended.r1 ?? Math.max(Math.round((3 / 512) * shorter), 2),
    r2: recommended.r2 ?? Math.max(Math.round((12 / 512) * shorter), 2),
    anchor: recommended.anchor ?? 0,
    wPlus: recommended.space?.endsWith("w+") ?? true,
    whitened: recommended.space?.startsWith("whitened") ?? false,
  });
  for (let step = 0; step < LIMIT && mine === round; step++) {
    const { loss, image } = await drag.next(recommended.learning_rate ?? 0.002);
    if (mine !== round) return;
    ws = drag.ws;
    pixels = fromBytes(image, model.info.drag.preview);
    pairs.forEach((pair, i) => (pair.handle = drag.handles[i]));
    says.textContent = `step ${step}  loss ${loss.toFixed(4)}`;
    paint();
    const dragged = pairs.filter((pair) => !pair.pin);
    const left = dragged.map(({ handle, target }) => Math.hypot(target[0] - handle[0], target[1] - handle[1]));
    if (Math.max(...left) <= 1) return;
    await new Promise(requestAnimationFrame);
  }
}

function paint() {
  if (!pixels) return;
  const scale = canvas.width / model.info.size.width;
  context.clearRect(0, 0, canvas.width, canvas.height);
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
  const { width, height } = model.info.size;
  const along = (share, side) => Math.min(Math.max(Math.floor(share * side), 0), side - 1);
  return [
    along((event.clientX - box.left) / box.width, width),
    along((event.clientY - box.top) / box.height, height),
  ];
}

/** Bytes (height, width, 3), or 4 channels with alpha, as something a canvas can draw. */
function fromBytes(bytes, { width, height }) {
  const surface = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  const channels = bytes.length / (width * height);
  for (let i = 0; i < width * height; i++) {
    const pixel = bytes.subarray(channels * i, channels * (i + 1));
    image.data.set([...pixel.subarray(0, 3), pixel[3] ?? 255], 4 * i);
  }
  surface.getContext("2d").putImageData(image, 0, 0);
  return surface;
}

/** Planes (3 or 4, height, width) in [-1, 1] as the same. */
function fromPlanes(planes, size) {
  const area = size.width * size.height;
  const channels = planes.length / area;
  const level = (value) => Math.min(Math.max(Math.round(value * 127.5 + 127.5), 0), 255);
  const from = (i) => planes[(i % channels) * area + Math.floor(i / channels)];
  return fromBytes(Uint8Array.from({ length: planes.length }, (_, i) => level(from(i))), size);
}

async function read(name) {
  const answer = await fetch(`${BUNDLE}/${name}`);
  if (!answer.ok) throw new Error(`${BUNDLE}/${name}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
