// The circle nearest to some points, while they are moved; the server's own fit is what is kept.

/** Solve three linear equations; null where they have no one solution. */
function solve(rows) {
  const m = rows.map((row) => [...row]);
  for (let i = 0; i < 3; i += 1) {
    let best = i;
    for (let k = i + 1; k < 3; k += 1) if (Math.abs(m[k][i]) > Math.abs(m[best][i])) best = k;
    [m[i], m[best]] = [m[best], m[i]];
    if (Math.abs(m[i][i]) < 1e-12) return null;
    for (let k = 0; k < 3; k += 1) {
      if (k === i) continue;
      const share = m[k][i] / m[i][i];
      for (let j = i; j < 4; j += 1) m[k][j] -= share * m[i][j];
    }
  }
  return m.map((row, i) => row[3] / row[i]);
}

/** Return the sums of the normal equations of rows (a, b, c) with right sides. */
function normal(rows) {
  const sums = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (const [a, value] of rows) {
    for (let i = 0; i < 3; i += 1) {
      for (let j = 0; j < 3; j += 1) sums[i][j] += a[i] * a[j];
      sums[i][3] += a[i] * value;
    }
  }
  return sums;
}

/** Return {x, y, radius, residual} of points [x, y] in mm; null for points on a line. */
export function fitCircle(points) {
  const n = points.length;
  if (n < 3) return null;
  const mx = points.reduce((sum, p) => sum + p[0], 0) / n;
  const my = points.reduce((sum, p) => sum + p[1], 0) / n;
  const size = Math.max(...points.map((p) => Math.max(Math.abs(p[0] - mx), Math.abs(p[1] - my))));
  if (!(size > 0)) return null;
  const near = points.map((p) => [(p[0] - mx) / size, (p[1] - my) / size]);
  const start = solve(normal(near.map(([x, y]) => [[2 * x, 2 * y, 1], x * x + y * y])));
  if (start === null) return null;
  let [x, y] = start;
  let radius = Math.sqrt(Math.max(start[2] + x * x + y * y, 0));
  for (let round = 0; n > 3 && round < 20; round += 1) {
    const rows = near.map(([px, py]) => {
      const away = Math.hypot(px - x, py - y) || 1e-9;
      return [[(x - px) / away, (y - py) / away, -1], radius - away];
    });
    const step = solve(normal(rows));
    if (step === null) break;
    x += step[0];
    y += step[1];
    radius += step[2];
    if (Math.hypot(...step) < 1e-10) break;
  }
  if (!(Math.abs(radius) < 1e4)) return null;
  const off = near.map(([px, py]) => Math.hypot(px - x, py - y) - radius);
  const residual = Math.sqrt(off.reduce((sum, value) => sum + value * value, 0) / n) * size;
  return { x: mx + x * size, y: my + y * size, radius: Math.abs(radius) * size, residual };
}
