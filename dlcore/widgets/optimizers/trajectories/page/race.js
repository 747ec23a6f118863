// The widget: its state, what its controls do, and playing, which needs no kernel.

const SOONEST = 70;  // ms between two updates of texts while it plays
const REST = 140;  // ms without a move of the pointer after which whole paths are asked for

function mount(el, source) {
  const { scene } = source, live = Boolean(source.send), heights = wholes(source.heights);
  const { root, parts } = layOut(scene, live);
  el.append(root);
  const stage = makeStage(scene, heights, root, parts);
  const quiet = window.matchMedia("(prefers-reduced-motion: reduce)");
  const state = {
    preset: source.preset, asked: source.preset, settings: null, run: null, step: 0, held: false, remember: true, playing: false,
    calm: quiet.matches, solid: { on: false, turn: 0.6, tilt: 0.85 },
  };
  const booked = (name) => {
    const entry = source.book[name];
    return entry && unpack(entry.told, new DataView(source.bookBytes.buffer, source.bookBytes.byteOffset + entry.at, entry.size));
  };
  const bend = makeBend();
  const visible = () => Object.fromEntries(Object.entries(state.run.ways).filter(([m]) => state.settings.shown.includes(m)));
  const drawn = () => {  // with paths that are on their way as they will probably be
    if (state.run.settings.surface !== state.settings.surface) return visible();
    const ways = bend.bent(state.run, state.settings.start);
    return Object.fromEntries(Object.entries(ways).filter(([m]) => state.settings.shown.includes(m)));
  };

  // Drawing, at most once a picture of the screen.

  let waiting = 0, last = 0, said = 0, due = 0;
  const redraw = () => { waiting ||= requestAnimationFrame(picture); };
  function picture(now) {
    waiting = 0;
    if (state.playing) advance(now);
    stage.draw(state, drawn());
    if (!state.playing || now - said > SOONEST) {
      said = now;
      tell();
    }
    if (state.playing) redraw();
  }
  function advance(now) {
    const steps = state.run.settings.steps, speed = Number(parts.speed.value);
    if (state.calm) {  // no gliding: a tenth of the way, twice a second
      if (now >= due) {
        state.step = Math.min(Math.ceil(state.step + steps / 10), steps);
        due = now + 500;
      }
    } else {
      state.step = Math.min(state.step + Math.min(now - last, 100) / 1000 * speed, steps);
    }
    last = now;
    if (state.step >= steps) play(false);
  }

  // Words. Those that screen readers speak change only when nothing moves.

  function tell() {
    const step = Math.floor(state.step), steps = state.run.settings.steps;
    parts.seek.max = steps;
    parts.seek.value = step;
    parts.count.textContent = `${step} / ${steps}`;
    for (const [method, { cost }] of Object.entries(parts.rows)) {
      const way = visible()[method];
      cost.textContent = !way ? "" : way.trouble ? "⚠" : gone(way, step) ? "diverged" : number(costAt(way, step), 2);
    }
    if (parts.table.open) fillTable(step);
    if (!state.playing && !state.held) speak(step);
  }
  function speak(step) {
    const words = sentence(visible(), step, state.run.settings);
    if (parts.said.textContent !== words) parts.said.textContent = words;
    const bad = troubles(visible());
    if (parts.trouble.dataset.words !== bad.join("\n")) {
      parts.trouble.dataset.words = bad.join("\n");
      parts.trouble.replaceChildren(...bad.map((line) => make("p", {}, ...coded(`${line} The others go on.`))));
    }
    const { surface, start } = state.settings, here = `Map of the surface “${surface}”, start at ${pair(...start)}.`;
    const keys = state.solid.on ? "Drag or arrow keys turn it." : live ? "Drag, or arrow keys, move the start; with Shift in small steps." : "";
    parts.map.setAttribute("aria-label", `${here} ${keys}`);
    parts.chart.setAttribute("aria-label", `Cost above the lowest one against the step. ${words}`);
  }
  const coded = (words) => words.split("`").map((part, k) => (k % 2 ? make("code", {}, part) : part));
  function fillTable(step) {
    const rows = numbers(visible(), step, scene.surfaces[state.run.settings.surface]);
    parts.rowsOfNumbers.replaceChildren(...rows.map(([first, ...others]) =>
      make("tr", {}, make("th", { scope: "row" }, first), ...others.map((words) => make("td", {}, words)))));
    parts.limits.textContent = limits(state.settings, scene.surfaces[state.run.settings.surface]);
  }

  // Controls follow the settings.

  function show() {
    const { settings, preset } = state, asked = scene.presets[state.asked];  // its question stays: it asks for changes
    parts.question.replaceChildren(make("strong", {}, asked.question), ` ${asked.words}`,
      ...(preset ? [] : [make("em", {}, " (Now with your settings.)")]));
    for (const [name, button] of Object.entries(parts.presets)) button.setAttribute("aria-pressed", String(name === preset));
    for (const [method, each] of Object.entries(parts.rows)) {
      each.toggle.setAttribute("aria-pressed", String(settings.shown.includes(method)));
      each.item.classList.toggle("off", !settings.shown.includes(method));
      each.swatchBox.innerHTML = swatch(method, stage.theme);
      if (!live) each.toggle.disabled = !(method in state.run.ways);
      if (each.slider && document.activeElement !== each.slider) each.slider.value = Math.log10(settings.rates[method]);
      if (each.rate && document.activeElement !== each.rate) each.rate.value = settings.rates[method];
    }
    const s = parts.settings;
    for (const name of ["surface", "steps", "beta", "beta_rms", "beta2", "weight_decay"]) s[name].value = settings[name];
    [s.x.value, s.y.value] = settings.start;
    s.betaNow.textContent = settings.beta;
    s.decayNow.textContent = settings.weight_decay;
  }

  // What changes the settings.

  const questions = makeQuestions(source.send, () => state.settings, answered, () => {
    parts.note.textContent = "The kernel does not answer: it is busy, or gone. Run the cell again if this stays.";
  });
  let rest = 0;
  function change(changes, fast = false) {
    Object.assign(state.settings, changes);
    parts.map.dataset.wanted = state.settings.start.join();  // for measurements
    state.preset = "";
    show();
    redraw();
    questions.ask("paths", fast);
    clearTimeout(rest);
    rest = setTimeout(() => {
      if (fast) questions.ask();
      source.keep?.(state.settings);
    }, REST);
  }
  function answered(told, buffers, more) {
    parts.note.textContent = "";
    state.run = unpack(told, buffers[0]);
    bend.learn(state.run);
    if (!more && told.tuned) {
      const moved = state.settings.shown.some((method) => told.settings.rates[method] !== state.settings.rates[method]);
      parts.note.textContent = moved ? "Each rate is now the one with which the cost falls fastest." : "No rate is better than these.";
      state.settings.rates = { ...told.settings.rates };
      show();
    }
    state.step = Math.min(state.step, state.run.settings.steps);
    redraw();
  }
  function choose(name) {
    const preset = scene.presets[name], kept = booked(name);
    if (!kept && !live) return;
    Object.assign(state, { preset: name, asked: name, settings: structuredClone(preset.settings), step: preset.step });
    if (kept) state.run = kept;
    bend.forget(state.run);
    stage.forgetAxis();
    play(false);
    show();
    redraw();
    if (live) questions.ask();
    source.keep?.(state.settings);
  }
  function seek(step) {
    play(false);
    state.step = clamp(step, 0, state.run.settings.steps);
    redraw();
  }
  function play(on) {
    if (on && state.step >= state.run.settings.steps) state.step = 0;
    state.playing = on;
    root.classList.toggle("playing", on);
    last = performance.now();
    due = last + 500;
    parts.play.textContent = on ? "❚❚ Pause" : "▶ Play";
    redraw();
  }
  const move = (x, y, fast) => {
    const bound = (value) => clamp(Math.round(value * 1000) / 1000, -scene.edge, scene.edge);
    change({ start: [bound(x), bound(y)] }, fast);
  };

  const stop = connect({ root, parts, state, stage, scene, live, quiet, redraw, show, change, choose, seek, play, move, questions });
  choose(state.preset);
  return {
    hear: questions.hear,
    stop: () => {
      stop();
      questions.stop();
      clearTimeout(rest);
      cancelAnimationFrame(waiting);
      root.remove();
    },
  };
}

function render({ model, el }) {
  const race = mount(el, {
    scene: model.get("scene"), heights: model.get("heights"), book: model.get("book"), bookBytes: model.get("book_bytes"),
    preset: model.get("preset"), send: (message) => model.send(message),
  });
  model.on("msg:custom", race.hear);
  return () => {
    model.off("msg:custom", race.hear);
    race.stop();
  };
}

export default { render };
