// Connects pointer, keys and controls with what they do; returns what disconnects from the page around.

function connect(race) {
  const { root, parts, state, stage, scene, redraw, show, change, choose, seek, play } = race;
  parts.play.onclick = () => play(!state.playing);
  parts.back.onclick = () => seek(Math.ceil(state.step) - 1);
  parts.next.onclick = () => seek(Math.floor(state.step) + 1);
  parts.reset.onclick = () => seek(0);
  parts.seek.oninput = () => seek(Number(parts.seek.value));
  parts.table.ontoggle = redraw;
  for (const [name, button] of Object.entries(parts.presets)) button.onclick = () => choose(name);
  const press = (button, on) => { button.setAttribute("aria-pressed", String(on)); redraw(); };
  parts.remember.onclick = () => press(parts.remember, state.remember = !state.remember);
  parts.solid.onclick = () => {
    press(parts.solid, state.solid.on = !state.solid.on);
    root.classList.toggle("solid", state.solid.on);
  };
  for (const [method, entry] of Object.entries(parts.rows)) connectRow(race, method, entry);
  connectSettings(parts, state, change, race.questions);
  connectMap(race);
  let seeking = false;
  const follow = (event) => seek(stage.stepAt(state, event.clientX - parts.chart.getBoundingClientRect().left));
  parts.chart.onpointerdown = (event) => {
    if (event.button !== 0) return;
    seeking = true;
    parts.chart.setPointerCapture(event.pointerId);
    follow(event);
  };
  parts.chart.onpointermove = (event) => { if (seeking) follow(event); };
  parts.chart.onpointerup = parts.chart.onpointercancel = () => { seeking = false; };
  return watchPage(race, () => { if (stage.refresh()) show(); redraw(); });
}

function connectRow({ state, scene, change, show, redraw, live }, method, entry) {
  entry.toggle.onclick = () => {
    const shown = state.settings.shown, on = !shown.includes(method);
    const now = on ? [...shown, method] : shown.filter((other) => other !== method);
    if (live && on) return change({ shown: now });
    state.settings.shown = now;  // a path that vanishes, or comes back in a saved page, needs no kernel
    show();
    redraw();
  };
  if (!entry.slider) return;
  const set = (rate, fast) => change({ rates: { ...state.settings.rates, [method]: rate } }, fast);
  entry.slider.oninput = () => set(Number((10 ** Number(entry.slider.value)).toPrecision(3)), true);
  entry.rate.onchange = () => {  // what is no rate, or outside of the slider, does not stay in the field
    const typed = Number(entry.rate.value), [low, high] = scene.range;
    const rate = typed > 0 ? clamp(typed, low, high) : state.settings.rates[method];
    entry.rate.value = rate;
    if (typed > 0) set(rate);
  };
}

function connectSettings(parts, state, change, questions) {
  const s = parts.settings;
  s.surface.onchange = () => change({ surface: s.surface.value });
  s.steps.onchange = () => change({ steps: Number(s.steps.value) });
  for (const name of ["beta_rms", "beta2"]) s[name].onchange = () => change({ [name]: Number(s[name].value) });
  for (const name of ["beta", "weight_decay"]) s[name].oninput = () => change({ [name]: Number(s[name].value) }, true);
  s.x.onchange = () => change({ start: [Number(s.x.value), state.settings.start[1]] });
  s.y.onchange = () => change({ start: [state.settings.start[0], Number(s.y.value)] });
  parts.tune.onclick = () => { state.preset = ""; questions.ask("tune"); };
}

// Drag anywhere on the map: the start comes along. In three dimensions the surface turns.
function connectMap({ parts, state, stage, scene, live, redraw, move, play }) {
  const canvas = parts.map;
  let from = null;
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    if (state.solid.on) {
      turn((event.clientX - from.x) * 0.009, (event.clientY - from.y) * 0.006);
      from = { x: event.clientX, y: event.clientY };
    } else if (live) {
      move(...stage.world(state, clamp(event.clientX - box.left, 0, box.width), clamp(event.clientY - box.top, 0, box.height)), true);
    }
  };
  const turn = (across, down) => {
    state.solid.turn += across;
    state.solid.tilt = clamp(state.solid.tilt + down, 0.25, 1.45);
    redraw();
  };
  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY };
    state.held = live && !state.solid.on;
    point(event);
  };
  canvas.onpointermove = (event) => { if (from) point(event); };
  canvas.onpointerup = canvas.onpointercancel = () => {
    from = null;
    state.held = false;
    redraw();
  };
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.onkeydown = (event) => {
    if (event.key === " ") play(!state.playing);
    else if (!(event.key in ways)) return;
    else if (state.solid.on) turn(ways[event.key][0] * 0.08, ways[event.key][1] * -0.06);
    else if (live) {
      const far = scene.surfaces[state.settings.surface].reach / (event.shiftKey ? 400 : 40), [a, b] = ways[event.key];
      move(state.settings.start[0] + a * far, state.settings.start[1] + b * far, true);
    }
    event.preventDefault();
  };
}

// The page's theme, its width, and what its reader likes to see move.
function watchPage({ root, parts, state, quiet, redraw }, refresh) {
  let clock = 0;
  const later = () => {  // style sheets may come after the attribute that announces them
    refresh();
    clearTimeout(clock);
    clock = setTimeout(refresh, 600);
  };
  const scheme = window.matchMedia("(prefers-color-scheme: dark)"), attributes = new MutationObserver(later);
  for (const element of [document.documentElement, document.body]) attributes.observe(element, { attributes: true });
  const sizes = new ResizeObserver(refresh);
  sizes.observe(parts.map);
  sizes.observe(parts.chart);
  const calm = () => { state.calm = quiet.matches; redraw(); };
  scheme.addEventListener("change", later);
  quiet.addEventListener("change", calm);
  root.addEventListener("keydown", (event) => event.stopPropagation());
  return () => {
    clearTimeout(clock);
    attributes.disconnect();
    sizes.disconnect();
    scheme.removeEventListener("change", later);
    quiet.removeEventListener("change", calm);
  };
}
