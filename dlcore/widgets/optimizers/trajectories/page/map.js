// The map: relief, contours, paths, and what each method remembers at its head.

const LONGEST = 56;  // pixels of the longest arrow
const FAR_OFF = 1e5;  // pixels beyond which nothing is drawn

function flatView(land, width, height) {
  const { left, right, low, high } = land.world;
  const view = {
    x: (wx) => clamp((wx - left) / (right - left) * width, -FAR_OFF, FAR_OFF),
    y: (wy) => clamp((high - wy) / (high - low) * height, -FAR_OFF, FAR_OFF),
    place: (wx, wy) => [view.x(wx), view.y(wy)],
    world: (px, py) => [left + px / width * (right - left), high - py / height * (high - low)],
  };
  return view;
}

const LEVELS = Array.from({ length: 14 }, (_, k) => (k + 1) / 14);

function drawRelief(canvas, land, theme, ratio) {
  const context = canvas.getContext("2d", { alpha: false }), { width, height } = canvas;
  context.imageSmoothingQuality = "high";
  const half = [width / land.columns / 2, height / land.rows / 2];  // the outer heights lie on the edge
  context.drawImage(relief(land, theme), -half[0], -half[1], width + 2 * half[0], height + 2 * half[1]);
  context.lineWidth = 0.9 * ratio;
  context.strokeStyle = theme.contour;
  const across = width / (land.columns - 1), down = height / (land.rows - 1);
  contours(context, land, LEVELS, (i, j) => [i * across, height - j * down]);
}

// Ticks with their numbers along the map's lower and left edges, and the names of the coordinates.
function drawScales(context, land, view, theme, box) {
  const { left, right, low, high } = land.world, edge = 6;
  Object.assign(context, { font: `11px ${theme.font}`, lineJoin: "round", lineCap: "butt" });
  const write = (words, x, y) => {
    Object.assign(context, { strokeStyle: theme.halo, lineWidth: 3 });
    context.strokeText(words, x, y);
    context.fillStyle = theme.ink;
    context.fillText(words, x, y);
  };
  const tick = (x, y, dx, dy) => {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + dx, y + dy);
    Object.assign(context, { strokeStyle: theme.ink, lineWidth: 1 });
    context.stroke();
  };
  const every = (high - low) > 5 ? 2 : 1, round = (value) => Math.ceil(value / every) * every;
  Object.assign(context, { textAlign: "center", textBaseline: "bottom" });
  for (let x = round(left); x <= right; x += every) {
    const px = view.x(x);
    if (px < 34 || px > box.width - 34) continue;  // there the names stand
    tick(px, box.height, 0, -edge);
    write(String(x).replace("-", "−"), px, box.height - edge - 1);
  }
  Object.assign(context, { textAlign: "left", textBaseline: "middle" });
  for (let y = round(low); y <= high; y += every) {
    const py = view.y(y);
    if (py < 34 || py > box.height - 34) continue;
    tick(0, py, edge, 0);
    write(String(y).replace("-", "−"), edge + 3, py);
  }
  write("θ₂", edge, 14);
  Object.assign(context, { textAlign: "right", textBaseline: "bottom" });
  write("θ₁", box.width - edge, box.height - edge);
}

// A path up to a step that may lie between two, as a line of pixels.
function trace(context, path, place, from, to) {
  const first = Math.max(Math.ceil(from), 0), last = Math.min(Math.floor(to), path.n - 1);
  let [lastX, lastY] = spot(path, from, place);
  context.beginPath();
  context.moveTo(lastX, lastY);
  for (let k = first; k <= last; k++) {
    const [x, y] = place(path.xy[2 * k], path.xy[2 * k + 1]);
    if (k < last && Math.abs(x - lastX) + Math.abs(y - lastY) < 0.7) continue;  // nothing that could be seen
    context.lineTo(x, y);
    [lastX, lastY] = [x, y];
  }
  if (to > last && last < path.n - 1) context.lineTo(...spot(path, to, place));
}

function spot(path, step, place) {
  const at = clamp(step, 0, path.n - 1), k = Math.min(Math.floor(at), Math.max(path.n - 2, 0)), part = at - k;
  const [x, y] = [path.xy[2 * k], path.xy[2 * k + 1]];
  if (part === 0 || path.n < 2) return place(x, y);
  return place(x + (path.xy[2 * k + 2] - x) * part, y + (path.xy[2 * k + 3] - y) * part);
}

function drawPaths(context, ways, step, theme, place, calm) {
  const drawn = Object.entries(ways).filter(([, way]) => !way.trouble);
  context.lineJoin = context.lineCap = "round";
  for (const [method, path] of drawn) {  // what is still to come, faintly
    trace(context, path, place, step, path.n - 1);
    Object.assign(context, { strokeStyle: theme.colour(method), lineWidth: 1.3, globalAlpha: 0.38 });
    context.stroke();
  }
  context.globalAlpha = 1;
  for (const [method, path] of drawn) {
    trace(context, path, place, 0, step);
    Object.assign(context, { strokeStyle: theme.halo, lineWidth: 4.6 });
    context.stroke();
    Object.assign(context, { strokeStyle: theme.colour(method), lineWidth: 2.1 });
    context.stroke();
    if (!calm) recent(context, path, step, place, theme.colour(method));
    dots(context, path, step, place, theme.colour(method));
  }
}

function recent(context, path, step, place, colour) {
  const to = Math.min(step, path.n - 1);
  for (const [length, width] of [[9, 3], [4, 4]]) {
    trace(context, path, place, Math.max(to - length, 0), to);
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
}

// A dot for each step, where there are few or they lie far apart.
function dots(context, path, step, place, colour) {
  context.fillStyle = colour;
  let [lastX, lastY] = place(path.xy[0], path.xy[1]);
  context.beginPath();
  for (let k = 1; k <= Math.min(step, path.n - 1); k++) {
    const [x, y] = place(path.xy[2 * k], path.xy[2 * k + 1]);
    if (Math.hypot(x - lastX, y - lastY) < 7) continue;
    context.moveTo(x + 2.6, y);
    context.arc(x, y, 2.6, 0, 2 * Math.PI);
    [lastX, lastY] = [x, y];
  }
  context.fill();
}

function drawHeads(context, ways, step, theme, place, box) {
  for (const [method, path] of Object.entries(ways)) {
    if (path.trouble) continue;
    const [x, y] = spot(path, step, place), inside = x >= 0 && y >= 0 && x <= box.width && y <= box.height;
    const colour = theme.colour(method), size = 6;
    const seen = [clamp(x, size + 3, box.width - size - 3), clamp(y, size + 3, box.height - size - 3)];
    marker(context, method, ...seen, size, inside ? colour : theme.paper, inside ? theme.halo : colour);
  }
}

// Arrows −g and −v, and areas with the half-axes √s, in pixels; sizes are compressed by a square root.
function drawMemory(context, ways, step, theme, view, box) {
  for (const [method, path] of Object.entries(ways)) {
    if (path.trouble) continue;
    const k = Math.min(Math.floor(step), path.n - 1), [x, y] = spot(path, step, view.place);
    if (x < 0 || y < 0 || x > box.width || y > box.height) continue;
    const longest = path.longest ??= longestOf(path, view, box), colour = theme.colour(method);
    if (path.s) {
      const half = [0, 1].map((c) => LONGEST * Math.min(Math.sqrt(Math.sqrt(Math.abs(path.s[2 * k + c])) / longest), 1));
      context.beginPath();
      context.ellipse(x, y, half[0], half[1], 0, 0, 2 * Math.PI);
      Object.assign(context, { globalAlpha: 0.16, fillStyle: colour });
      context.fill();
      Object.assign(context, { globalAlpha: 0.8, strokeStyle: colour, lineWidth: 1 });
      context.stroke();
      context.globalAlpha = 1;
    }
    arrow(context, x, y, -path.slopes[2 * k], -path.slopes[2 * k + 1], longest, theme.soft, theme.halo);
    if (path.v) arrow(context, x, y, -path.v[2 * k], -path.v[2 * k + 1], longest, colour, theme.halo);
  }
}

function longestOf(path, view, box) {
  let longest = 1e-300;
  for (let k = 0; k < path.n; k++) {
    const x = view.x(path.xy[2 * k]), y = view.y(path.xy[2 * k + 1]);
    if (x < 0 || y < 0 || x > box.width || y > box.height) continue;
    longest = Math.max(longest, Math.hypot(path.slopes[2 * k], path.slopes[2 * k + 1]) || 0);
    if (path.v) longest = Math.max(longest, Math.hypot(path.v[2 * k], path.v[2 * k + 1]));
    if (path.s) longest = Math.max(longest, Math.sqrt(Math.max(Math.abs(path.s[2 * k]), Math.abs(path.s[2 * k + 1]))));
  }
  return longest;
}

function arrow(context, x, y, dx, dy, longest, colour, halo) {
  const size = Math.hypot(dx, dy);
  if (!(size > 0)) return;
  const length = LONGEST * Math.min(Math.sqrt(size / longest), 1), a = dx / size, b = -dy / size;
  const tip = Math.min(8, length), [ex, ey] = [x + a * length, y + b * length];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(ex, ey);
  context.moveTo(ex - tip * (a - 0.5 * b), ey - tip * (b + 0.5 * a));
  context.lineTo(ex, ey);
  context.lineTo(ex - tip * (a + 0.5 * b), ey - tip * (b - 0.5 * a));
  for (const [style, width] of [[halo, 4.5], [colour, 2.2]]) {
    Object.assign(context, { strokeStyle: style, lineWidth: width });
    context.stroke();
  }
}

// The start as a ring to take hold of, and the lowest points as stars.
function drawPlaces(context, land, start, theme, place, held) {
  for (const [wx, wy] of land.surface.minima) {
    const [x, y] = place(wx, wy);
    context.beginPath();
    corners(10, UP, 0.42).forEach(([a, b], k) => context[k ? "lineTo" : "moveTo"](x + 9 * a, y + 9 * b));
    context.closePath();
    Object.assign(context, { lineWidth: 2.5, strokeStyle: theme.dark ? "#101820" : "#fff", fillStyle: theme.dark ? "#ffe066" : "#c79a00" });
    context.stroke();
    context.fill();
  }
  const [x, y] = place(...start);
  context.beginPath();
  context.arc(x, y, held ? 13 : 9, 0, 2 * Math.PI);
  for (const [style, width] of [[theme.halo, 5], [theme.ink, 2]]) {
    Object.assign(context, { strokeStyle: style, lineWidth: width });
    context.stroke();
  }
}
