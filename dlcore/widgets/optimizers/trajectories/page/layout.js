// The elements of the widget. What they do is in race.js.

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SPEEDS = [["slow", 5], ["medium", 20], ["fast", 80], ["very fast", 240]];

const KEY = "Ring: the start. Star: a lowest point. Grey arrow: downhill, −g. Coloured arrow: −v. Area: √s in each coordinate.";
const SAVED = "Saved paths: they play, and presets can be chosen. Start, rates and settings move where a kernel runs.";

function layOut(scene, live) {
  const parts = { rows: {}, presets: {}, settings: {} };
  parts.map = make("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "map" });
  parts.solid = make("button", { type: "button", "aria-pressed": "false", class: "pill" }, "3-D");
  parts.remember = make("button", { type: "button", "aria-pressed": "true", class: "pill" }, "memory");
  parts.remember.title = "Arrows and areas at the heads: what each method remembers";
  parts.remember.setAttribute("aria-label", "memory: arrows and areas at the heads show what each method remembers");
  parts.solid.setAttribute("aria-label", "3-D view of the surface");
  parts.key = make("p", { class: "key" }, KEY);
  const map = make("div", { class: "map" }, parts.map, make("div", { class: "tools" }, parts.remember, parts.solid));
  parts.chart = make("canvas", { role: "img" });
  parts.cut = make("p", { class: "cut" });
  parts.legend = make("ul", { class: "legend" }, make("li", { class: "head", "aria-hidden": "true" }, make("span", {}, "method"),
    make("span", { class: "of-rates" }, "learning rate α"), make("span", { class: "cost" }, "cost")));
  for (const method of scene.methods) parts.legend.append(row(method, scene, live, parts));
  const chart = make("div", { class: "chart" }, make("p", { class: "title" }, "Cost above the lowest"), parts.chart, parts.cut);
  const stage = make("div", { class: "stage" }, map, bar(parts), make("div", { class: "side" }, parts.legend, chart));
  parts.question = make("p", { class: "question" });
  parts.said = make("p", { class: "said", role: "status", "aria-live": "polite" });
  parts.trouble = make("div", { class: "trouble", role: "alert" });
  parts.note = make("p", { class: "note" }, live ? "" : SAVED);
  const root = make("section", { class: live ? "dl-race" : "dl-race still", "aria-label": "Optimizer trajectories" },
    parts.question, stage, parts.trouble, parts.said, parts.key, parts.note, presets(scene, parts),
    tableOf(parts), settingsOf(scene, live, parts));
  root.dataset.lmSuppressShortcuts = "true";  // keys here move the start, and not JupyterLab's cells
  return { root, parts };
}

function row(method, scene, live, parts) {
  const toggle = make("button", { type: "button", class: "method", "aria-pressed": "false" });
  const swatchBox = make("span", { class: "swatch" }), cost = make("span", { class: "cost", "aria-hidden": "true" });
  toggle.append(swatchBox, make("span", { class: "name" }, method));
  const item = make("li", {}, toggle);
  const entry = parts.rows[method] = { item, toggle, swatchBox, cost };
  if (method in scene.rates) {
    const [low, high] = scene.range.map(Math.log10);
    entry.slider = make("input", { type: "range", min: low, max: high, step: "any", disabled: !live });
    entry.rate = make("input", { type: "number", min: scene.range[0], max: scene.range[1], step: "any", disabled: !live });
    entry.slider.setAttribute("aria-label", `learning rate of ${method}, logarithmic`);
    entry.rate.setAttribute("aria-label", `learning rate of ${method}`);
    entry.slider.title = entry.rate.title = `learning rate α of ${method}`;
    item.append(entry.slider, entry.rate);
  } else {
    toggle.title = `Given for comparison. Price ${scene.prices[method]}.`;
    toggle.disabled = !live;
    item.append(make("span", { class: "price" }, "line search, no rate"));
  }
  item.append(cost);
  return item;
}

function bar(parts) {
  const button = (words, label) => make("button", { type: "button", "aria-label": label, title: label }, words);
  parts.play = make("button", { type: "button", class: "play" }, "▶ Play");
  parts.back = button("‹", "one step back");
  parts.next = button("›", "one step on");
  parts.reset = button("«", "to the start");
  parts.seek = make("input", { type: "range", min: 0, step: 1 });
  parts.seek.setAttribute("aria-label", "step");
  parts.count = make("span", { class: "count" });
  parts.speed = make("select", {}, ...SPEEDS.map(([name, value]) => make("option", { value }, name)));
  parts.speed.setAttribute("aria-label", "speed of playing");
  parts.speed.value = 20;
  return make("div", { class: "bar" }, parts.play, parts.reset, parts.back, parts.next, parts.seek, parts.count, parts.speed);
}

function presets(scene, parts) {
  const group = make("div", { class: "presets", role: "group", "aria-label": "presets" });
  for (const name of scene.questions) {
    const button = make("button", { type: "button", "aria-pressed": "false" },
      make("span", { class: "name" }, name), make("span", { class: "asks" }, scene.presets[name].question));
    group.append(parts.presets[name] = button);
  }
  return group;
}

function tableOf(parts) {
  parts.rowsOfNumbers = make("tbody");
  parts.limits = make("p");
  parts.table = make("details", {}, make("summary", {}, "Numbers at this step"),
    make("div", { class: "scroll" }, make("table", {},
      make("thead", {}, make("tr", {}, ...COLUMNS.map((words) => make("th", { scope: "col" }, words)))), parts.rowsOfNumbers)),
    parts.limits);
  return parts.table;
}

const BETAS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999];

function settingsOf(scene, live, parts) {
  const field = (words, control) => make("label", {}, make("span", {}, words), control);
  const list = (values) => make("select", { disabled: !live }, ...values.map((value) => make("option", { value }, String(value))));
  const span = (low, high, step) => make("input", { type: "number", min: low, max: high, step, disabled: !live });
  const s = parts.settings;
  s.surface = list(scene.lands);
  s.x = span(-scene.edge, scene.edge, "any");
  s.y = span(-scene.edge, scene.edge, "any");
  s.steps = list(scene.horizons);
  s.beta = make("input", { type: "range", min: 0, max: 0.99, step: 0.01, disabled: !live });
  s.betaNow = make("output");
  s.beta_rms = list(BETAS);
  s.beta2 = list(BETAS);
  s.weight_decay = make("input", { type: "range", min: 0, max: 1, step: 0.01, disabled: !live });
  s.decayNow = make("output");
  parts.tune = make("button", { type: "button", disabled: !live }, "Tune each rate");
  parts.tune.title = "Give each method shown the rate with which its cost falls fastest";
  parts.more = make("details", { class: "settings" }, make("summary", {}, "Settings"), make("div", { class: "fields" },
    field("surface", s.surface), field("start θ₁", s.x), field("start θ₂", s.y), field("steps", s.steps),
    field("β of momentum, β₁ of Adam", make("span", { class: "with" }, s.beta, s.betaNow)),
    field("β of RMSprop", s.beta_rms), field("β₂ of Adam", s.beta2),
    field("weight decay of AdamW", make("span", { class: "with" }, s.weight_decay, s.decayNow)), parts.tune));
  return parts.more;
}
