// The cost above the lowest one against the step, on a logarithmic axis that reaches as far as the costs do.

const ROUNDING = -16;  // below this power of ten, differences of costs are rounding errors
const EDGES = { left: 46, right: 12, top: 10, bottom: 30 };

// The powers of ten at the ends of the axis, and what is cut off there, in words.
function costAxis(ways, wider) {
  let low = Infinity, high = -Infinity, start = 0, below = false, most = 0;
  for (const path of Object.values(ways)) {
    if (path.trouble) continue;
    start = Math.max(start, path.costs[0]);
    for (const cost of path.costs) {
      if (cost < 10 ** ROUNDING) below = true;
      else low = Math.min(low, cost);
      most = Math.max(most, cost);
    }
  }
  high = Math.min(most, Math.max(start, 1e-12) * 1e3);
  if (!(low < Infinity)) low = 10 ** ROUNDING;
  let ends = [Math.max(Math.floor(Math.log10(low)), ROUNDING), Math.ceil(Math.log10(Math.max(high, 1e-12)))];
  if (below) ends[0] = ROUNDING;
  if (ends[1] - ends[0] < 2) ends[0] = ends[1] - 2;
  if (wider) ends = [Math.min(ends[0], wider.ends[0]), Math.max(ends[1], wider.ends[1])];
  const words = [];
  if (below) words.push(`cut at ${power(ROUNDING)}: what is smaller is rounding error`);
  if (most > 10 ** ends[1]) words.push(`cut at ${power(ends[1])}: higher costs run along the edge`);
  return { ends, words: words.length ? `The axis is ${words.join(", and ")}.` : "The axis reaches as far as the costs." };
}

function chartView(axis, steps, width, height) {
  const [low, high] = axis.ends, inner = { width: width - EDGES.left - EDGES.right, height: height - EDGES.top - EDGES.bottom };
  return {
    x: (step) => EDGES.left + step / steps * inner.width,
    y: (cost) => EDGES.top + (high - clamp(Math.log10(Math.max(cost, 1e-300)), low, high)) / (high - low) * inner.height,
    step: (px) => clamp((px - EDGES.left) / inner.width, 0, 1) * steps,
    bottom: EDGES.top + inner.height, right: EDGES.left + inner.width,
  };
}

function drawAxes(context, axis, view, steps, theme) {
  const [low, high] = axis.ends, every = Math.ceil((high - low) / Math.max(2, Math.floor((view.bottom - EDGES.top) / 26)));
  Object.assign(context, { font: `11px ${theme.font}`, textBaseline: "middle", textAlign: "right", lineWidth: 1 });
  for (let exponent = low; exponent <= high; exponent += every) {
    const y = Math.round(view.y(10 ** exponent)) + 0.5;
    context.strokeStyle = theme.line;
    context.beginPath();
    context.moveTo(EDGES.left, y);
    context.lineTo(view.right, y);
    context.stroke();
    context.fillStyle = theme.soft;
    context.fillText(power(exponent), EDGES.left - 7, y);
  }
  Object.assign(context, { textAlign: "center", textBaseline: "top", fillStyle: theme.soft });
  const parts = view.right - EDGES.left > 230 ? 5 : 2;
  for (let k = 0; k <= parts; k++) {
    const step = Math.round(steps * k / parts);
    context.textAlign = k === parts ? "right" : "center";
    context.fillText(k === parts ? `step ${step}` : String(step), view.x(step) + (k === parts ? EDGES.right : 0), view.bottom + 7);
  }
}

function drawCurves(context, ways, step, theme, view) {
  const drawn = Object.entries(ways).filter(([, way]) => !way.trouble);
  context.lineJoin = "round";
  for (const [method, path] of drawn) {
    const now = Math.min(step, path.n - 1);
    context.setLineDash(LOOKS[method][2]);
    for (const [from, to, alpha, width] of [[now, path.n - 1, 0.4, 1.3], [0, now, 1, 2.1]]) {
      curve(context, path, view, from, to);
      Object.assign(context, { strokeStyle: theme.colour(method), globalAlpha: alpha, lineWidth: width });
      context.stroke();
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  const x = view.x(step);
  context.beginPath();
  context.moveTo(x, EDGES.top);
  context.lineTo(x, view.bottom);
  Object.assign(context, { strokeStyle: theme.soft, lineWidth: 1 });
  context.stroke();
  for (const [method, path] of drawn) {
    marker(context, method, view.x(Math.min(step, path.n - 1)), view.y(costAt(path, step)), 4.6, theme.colour(method), theme.paper);
  }
}

function costAt(path, step) {
  const at = clamp(step, 0, path.n - 1), k = Math.floor(at), part = at - k, here = path.costs[k];
  if (part === 0) return here;
  const next = path.costs[Math.min(k + 1, path.n - 1)];  // between two steps along the line of the logarithms
  return here > 0 && next > 0 ? here ** (1 - part) * next ** part : next;
}

function curve(context, path, view, from, to) {
  let [lastX, lastY] = [view.x(from), view.y(costAt(path, from))];
  context.beginPath();
  context.moveTo(lastX, lastY);
  for (let k = Math.ceil(from); k <= Math.floor(to); k++) {
    const [x, y] = [view.x(k), view.y(path.costs[k])];
    if (k < Math.floor(to) && x - lastX < 1 && Math.abs(y - lastY) < 1.5) continue;
    context.lineTo(x, y);
    [lastX, lastY] = [x, y];
  }
  if (to > Math.floor(to)) context.lineTo(view.x(to), view.y(costAt(path, to)));
}
