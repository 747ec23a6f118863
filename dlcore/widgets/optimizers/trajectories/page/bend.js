// Bends paths under the pointer until the kernel's come: how each point follows the start is learnt from the answers.
//
// For each step k, J is a 2×2 matrix with new point ≈ old point + J (new start − old start). It begins as the identity,
// fading along the path, and each answer corrects it along the way the start has gone (C. G. Broyden, A class of
// methods for solving nonlinear simultaneous equations, 1965).

const FADE = 12;  // steps after which a path hardly follows a start about which nothing is known
const MOST = 2.5;  // how many times as far as the start a point may go

function makeBend() {
  let last = null;
  const known = {};  // by method, four numbers a step

  const matrixOf = (method, n) => {
    const old = known[method] || new Float32Array(0);
    if (old.length >= 4 * n) return old;
    const grown = new Float32Array(4 * n);
    grown.set(old);
    for (let k = old.length / 4; k < n; k++) grown[4 * k] = grown[4 * k + 3] = Math.exp(-k / FADE);
    return (known[method] = grown);
  };

  // Learns from an answer, whose paths are the true ones of their start.
  const learn = (run) => {
    const before = last;
    last = run;
    if (!before || before.settings.surface !== run.settings.surface) return forget(run);
    const dx = run.settings.start[0] - before.settings.start[0], dy = run.settings.start[1] - before.settings.start[1];
    const square = dx * dx + dy * dy;
    if (square < 1e-10) return;
    for (const [method, way] of Object.entries(run.ways)) {
      const old = before.ways[method];
      if (way.trouble || !old || old.trouble) continue;
      const n = Math.min(way.n, old.n), J = matrixOf(method, n);
      for (let k = 0; k < n; k++) {
        for (let row = 0; row < 2; row++) {
          const at = 4 * k + 2 * row, moved = way.xy[2 * k + row] - old.xy[2 * k + row];
          const wrong = clamp((moved - J[at] * dx - J[at + 1] * dy) / square, -1e3, 1e3);
          J[at] += wrong * dx;
          J[at + 1] += wrong * dy;
        }
      }
    }
  };

  const forget = (run) => {
    last = run;
    for (const method of Object.keys(known)) delete known[method];
  };

  // The paths as they should be for another start, near that of the run.
  const bent = (run, start) => {
    const dx = start[0] - run.settings.start[0], dy = start[1] - run.settings.start[1], far = Math.hypot(dx, dy) * MOST;
    if (far === 0) return run.ways;
    return Object.fromEntries(Object.entries(run.ways).map(([method, way]) => {
      if (way.trouble) return [method, way];
      const J = matrixOf(method, way.n), xy = new Float32Array(2 * way.n);
      for (let k = 0; k < way.n; k++) {
        for (let row = 0; row < 2; row++) {
          const move = J[4 * k + 2 * row] * dx + J[4 * k + 2 * row + 1] * dy;
          xy[2 * k + row] = way.xy[2 * k + row] + clamp(move, -far, far);
        }
      }
      [xy[0], xy[1]] = start;
      return [method, { ...way, xy }];
    }));
  };

  return { learn, forget, bent };
}
