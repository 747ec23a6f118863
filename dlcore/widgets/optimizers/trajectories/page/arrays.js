// Paths and heights from bytes, and numbers as words.

const LOOKS = {  // colours on light and on dark, dashes, marker
  sgd: ["#1a1a1a", "#f4f4f4", [], "circle"],
  momentum: ["#c94f00", "#ff9152", [9, 4], "up"],
  nesterov: ["#b04a87", "#f3a8d2", [9, 3, 2, 3], "down"],
  rmsprop: ["#00805c", "#3fe0b0", [2, 3], "square"],
  adam: ["#0067a8", "#62bcff", [], "diamond"],
  adamw: ["#a87400", "#ffd15c", [7, 2, 2, 2, 2, 2], "cross"],
  newton: ["#6a3fb5", "#c2a5ff", [12, 3], "star"],
  "l-bfgs": ["#7c4a2a", "#e0b894", [4, 2], "hexagon"],
};

const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const wholes = (view) => new Uint16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

// The paths of an answer: for each method points, costs, slopes and memory, or words on what is wrong with it.
function unpack(told, view) {
  const all = floats(view), ways = {};
  let at = 0;
  const take = (count) => all.subarray(at, (at += count));
  for (const [method, way] of Object.entries(told.ways)) {
    if (way.trouble) { ways[method] = { trouble: way.trouble }; continue; }
    const n = way.points;
    at = way.at;
    const path = { n, ending: way.ending, price: way.price, xy: take(2 * n), costs: take(n), slopes: take(2 * n) };
    for (const name of way.holds) path[name] = take(2 * n);
    ways[method] = path;
  }
  return { settings: told.settings, ways };
}

// The heights of one surface, by its place among all.
function landscape(scene, all, name) {
  const [columns, rows] = scene.grid, size = columns * rows;
  const surface = scene.surfaces[name], place = surface.place;
  const heights = Float32Array.from(all.subarray(place * size, (place + 1) * size), (value) => value / 65535);
  const [x, y] = surface.centre, high = surface.reach, wide = high * scene.aspect;
  const world = { left: x - wide, right: x + wide, low: y - high, high: y + high };
  const at = (wx, wy) => {  // the compressed height there, from 0 to 1
    const u = clamp((wx - world.left) / (2 * wide), 0, 1) * (columns - 1);
    const v = clamp((wy - world.low) / (2 * high), 0, 1) * (rows - 1);
    const i = Math.min(Math.floor(u), columns - 2), j = Math.min(Math.floor(v), rows - 2);
    const a = u - i, b = v - j, k = j * columns + i;
    return (heights[k] * (1 - a) + heights[k + 1] * a) * (1 - b)
      + (heights[k + columns] * (1 - a) + heights[k + columns + 1] * a) * b;
  };
  return { name, surface, heights, columns, rows, world, at };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (exponent) => "10" + (exponent < 0 ? "⁻" : "")
  + [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");

// A number with three digits, in words that a screen reader can say.
function number(value, digits = 3) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return "∞";
  if (size >= 1e4 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(digits - 2).split("e");
    return `${mantissa.replace("-", "−")}·${power(Number(exponent))}`;
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

const pair = (x, y, sign = false) => {
  const one = (value) => (sign && value > 0 ? "+" : "") + number(value);
  return `(${one(x)}, ${one(y)})`;
};
const listed = (words) => words.length < 2 ? words.join("")
  : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
