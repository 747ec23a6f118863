// Draws a state on the two canvases, sharp on every screen; what does not move is drawn once and kept.

function makeStage(scene, allHeights, root, parts) {
  const kept = { relief: null, key: "", land: null, axis: null };
  let theme = themeOf(root), drawn = 0;

  const fit = (canvas) => {  // its size in CSS pixels, at the screen's resolution
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    return { width, height, ratio };
  };

  const landOf = (name) => (kept.land?.name === name ? kept.land : (kept.land = landscape(scene, allHeights, name)));

  const background = (state, land, view, box) => {
    const turned = state.solid.on ? [state.solid.turn, state.solid.tilt] : [];
    const key = [land.name, box.width, box.height, box.ratio, theme.dark, theme.paper, ...turned].join();
    if (kept.key === key) return kept.relief;
    const canvas = kept.relief ||= document.createElement("canvas");
    Object.assign(canvas, { width: Math.round(box.width * box.ratio), height: Math.round(box.height * box.ratio) });
    if (state.solid.on) {
      const context = canvas.getContext("2d", { alpha: false });
      context.setTransform(box.ratio, 0, 0, box.ratio, 0, 0);
      drawSolid(context, land, view, theme, box);
    } else {
      drawRelief(canvas, land, theme, box.ratio);
    }
    kept.key = key;
    return canvas;
  };

  const viewOf = (state, box) => {
    const land = landOf(state.settings.surface);
    return state.solid.on ? solidView(land, box.width, box.height, state.solid.turn, state.solid.tilt)
      : flatView(land, box.width, box.height);
  };

  const drawMap = (state, ways) => {
    const box = fit(parts.map);
    if (!box.width) return;
    const land = landOf(state.settings.surface), view = viewOf(state, box);
    const context = parts.map.getContext("2d", { alpha: false });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(background(state, land, view, box), 0, 0);
    context.setTransform(box.ratio, 0, 0, box.ratio, 0, 0);
    if (!state.solid.on) drawScales(context, land, view, theme, box);
    const fits = state.run.settings.surface === land.name ? ways : {};
    if (state.remember && !state.solid.on) drawMemory(context, fits, state.step, theme, view, box);
    drawPaths(context, fits, state.step, theme, view.place, state.calm);
    drawPlaces(context, land, state.settings.start, theme, view.place, state.held);
    drawHeads(context, fits, state.step, theme, view.place, box);
    parts.map.dataset.start = state.run.settings.start.join();
    parts.map.dataset.step = state.step;
    parts.map.dataset.drawn = ++drawn;
  };

  const drawChart = (state, ways) => {
    const box = fit(parts.chart);
    if (!box.width) return;
    const context = parts.chart.getContext("2d"), steps = state.run.settings.steps;
    context.setTransform(box.ratio, 0, 0, box.ratio, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    if (kept.axis?.ways !== state.run.ways || kept.axis.shown !== Object.keys(ways).join()) {
      const wider = state.held && kept.axis ? kept.axis : null;  // no jumps during a drag
      kept.axis = { ...costAxis(ways, wider), ways: state.run.ways, shown: Object.keys(ways).join() };
      parts.cut.textContent = kept.axis.words;
    }
    const view = chartView(kept.axis, steps, box.width, box.height);
    drawAxes(context, kept.axis, view, steps, theme);
    drawCurves(context, ways, Math.min(state.step, steps), theme, view);
  };

  return {
    draw: (state, ways) => { drawMap(state, ways); drawChart(state, ways); },
    world: (state, px, py) => flatView(landOf(state.settings.surface), parts.map.clientWidth, parts.map.clientHeight).world(px, py),
    stepAt: (state, px) => Math.round(
      chartView(kept.axis, state.run.settings.steps, parts.chart.clientWidth, parts.chart.clientHeight).step(px)),
    forgetAxis: () => { kept.axis = null; },
    refresh: () => {  // whether the theme is another one
      const before = `${theme.dark}${theme.paper}${theme.ink}`;
      theme = themeOf(root);
      return before !== `${theme.dark}${theme.paper}${theme.ink}`;
    },
    get theme() { return theme; },
  };
}
