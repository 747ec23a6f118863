// What the picture shows, in words and in a table.

function sentence(ways, step, settings) {
  const there = Object.entries(ways).filter(([, way]) => !way.trouble);
  if (!there.length && !Object.keys(ways).length) return "No method is shown: choose one in the legend.";
  const words = [`Step ${step} of ${settings.steps}.`];
  const rank = there.filter(([, way]) => !gone(way, step)).map(([method, way]) => [method, costAt(way, step)]);
  rank.sort((a, b) => a[1] - b[1]);
  if (rank.length) {
    const [first, ...others] = rank.map(([method, cost]) => `${method} (${number(cost)})`);
    words.push(`${rank.length > 1 ? "Lowest cost" : "Cost"}: ${first}${others.length ? `, then ${listed(others)}` : ""}.`);
  }
  const away = there.filter(([, way]) => gone(way, step)).map(([method]) => method);
  if (away.length) words.push(`${listed(away)} ${away.length > 1 ? "have" : "has"} diverged.`);
  const slow = there.filter(([, way]) => way.ending === "slow" && way.n - 1 < step).map(([method]) => method);
  if (slow.length) words.push(`${listed(slow)}: the function is slow, so its path ends early.`);
  return words.join(" ");
}

const gone = (way, step) => way.ending === "diverged" && step >= way.n - 1;

// A line for each method that cannot be drawn; methods with the same trouble share it.
function troubles(ways) {
  const found = new Map();
  for (const [method, way] of Object.entries(ways)) {
    if (way.trouble) found.set(way.trouble, [...(found.get(way.trouble) || []), method]);
  }
  return [...found].map(([words, methods]) =>
    `${listed(methods)} ${methods.length > 1 ? "are" : "is"} not drawn: ${words}`);
}

const COLUMNS = ["method", "cost above the lowest", "where", "last move", "away from the lowest point", "price"];

function numbers(ways, step, surface) {
  return Object.entries(ways).filter(([, way]) => !way.trouble).map(([method, way]) => {
    const k = Math.min(step, way.n - 1), [x, y] = [way.xy[2 * k], way.xy[2 * k + 1]];
    const away = Math.min(...surface.minima.map(([a, b]) => Math.hypot(x - a, y - b)));
    const move = k ? pair(x - way.xy[2 * k - 2], y - way.xy[2 * k - 1], true) : "–";
    return [method, number(way.costs[k]), pair(x, y), move, number(away, 2), way.price];
  });
}

// Where the curvature is the same everywhere: the rates by it, and how large they may be.
function limits(settings, surface) {
  if (!surface.curvature) return "";
  const parts = ["sgd", "momentum"].filter((method) => settings.shown.includes(method)).map((method) => {
    const product = number(settings.rates[method] * surface.curvature);
    const most = method === "sgd" ? "2" : `2 + 2β = ${number(2 + 2 * settings.beta)}`;
    return `${product} for ${method} (limit ${most})`;
  });
  if (!parts.length) return "";
  return `Rate times largest curvature, αλ with λ = ${number(surface.curvature)}: ${parts.join(", ")}.`;
}
