// Nomogram, survival curve and scale as SVG; colours are the style sheet's, by class.

import { general } from "./arithmetic.mjs";

const SPACE = "http://www.w3.org/2000/svg";

/** Return an SVG element. */
function drawn(name, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function label(x, y, text, kind = "", anchor = "middle") {
  return drawn("text", { x: x.toFixed(1), y: y.toFixed(1), class: kind, "text-anchor": anchor }, text);
}

function line(x1, y1, x2, y2, kind) {
  return drawn("line", { x1, y1, x2, y2, class: kind });
}

const widthOf = (text) => [...text].reduce((w, c) => w + (c.charCodeAt(0) > 0x2e80 ? 12.5 : 7), 0);

function frame(width, height, description) {
  return drawn(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": description },
  );
}

/** Draw one axis at height y: ticks with those labels that have room. */
function axis(picture, y, ticks, place, alternate) {
  if (!ticks.length) return;
  const xs = ticks.map((tick) => place(tick.points));
  picture.append(line(Math.min(...xs), y, Math.max(...xs), y, "axis"));
  const free = { above: -Infinity, below: -Infinity };
  const order = ticks.map((_, k) => k).sort((a, b) => xs[a] - xs[b]);
  for (const k of order) {
    picture.append(line(xs[k], y, xs[k], y + 5, "axis"));
    const half = widthOf(ticks[k].label) / 2;
    for (const side of alternate ? ["below", "above"] : ["below"]) {
      if (xs[k] - half < free[side] + 4) continue;
      const down = side === "below" ? 18 : -6;
      picture.append(label(xs[k], y + down, ticks[k].label, "tick"));
      free[side] = xs[k] + half;
      break;
    }
  }
}

/** Return the nomogram of a model with a case's points.
 *
 * `rows` are {name, ticks, reach, value (points of the case or null), said, alternate}, the first
 * one the axis of points.
 */
export function drawNomogram(rows, width, description) {
  const beside = width >= 620;
  const left = beside ? 178 : 14;
  const right = beside ? 104 : 18;
  const step = beside ? 52 : 70;
  const picture = frame(width, rows.length * step + 18, description);
  rows.forEach((row, k) => {
    const y = k * step + (beside ? 24 : 42);
    const place = (points) => left + (points / row.reach) * (width - left - right);
    if (beside) picture.append(...folded(row.name, left - 16, y));
    else picture.append(label(left, y - 22, row.name, "name", "start"));
    axis(picture, y, row.ticks, place, row.alternate);
    if (row.value === null) return;
    const x = Math.min(Math.max(place(row.value), left - 8), width - right + 8);
    picture.append(drawn("circle", { cx: x.toFixed(1), cy: y, r: 6, class: "case" }));
    if (beside) picture.append(label(width - 4, y + 4, row.said, "said", "end"));
    else picture.append(label(width - 4, y - 22, row.said, "said", "end"));
  });
  return picture;
}

/** Return a name right-aligned beside its axis, on two lines where it is long. */
function folded(name, x, y) {
  if (widthOf(name) <= x) return [label(x, y + 4, name, "name", "end")];
  const words = name.split(" ");
  let first = "";
  while (words.length > 1 && widthOf(`${first} ${words[0]}`) < x) first += ` ${words.shift()}`;
  return [label(x, y - 4, first.trim(), "name", "end"), label(x, y + 12, words.join(" "), "name", "end")];
}

/** Return round steps from 0 to at most `last`. */
function roundSteps(last, most) {
  const rough = last / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 3, 5, 6, 10].map((m) => m * power).find((s) => s >= rough);
  const steps = [];
  for (let k = 0; k * size <= last * 1.0000001; k += 1) steps.push(k * size);
  return steps;
}

/** Return a survival curve as steps; horizons are marked, with their intervals. */
export function drawCurve(curve, survival, axisName, width, description) {
  const height = Math.round(Math.min(300, Math.max(220, width * 0.5)));
  const [left, right, top, bottom] = [46, 14, 12, 44];
  const picture = frame(width, height, description);
  const last = curve.at(-1).time;
  const x = (time) => left + (time / last) * (width - left - right);
  const y = (share) => top + (1 - share) * (height - top - bottom);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(line(left, y(share), width - right, y(share), "grid"));
    picture.append(label(left - 7, y(share) + 4, `${100 * share} %`, "tick", "end"));
  }
  for (const time of roundSteps(last, width < 460 ? 5 : 8)) {
    picture.append(line(x(time), y(0), x(time), y(0) + 5, "axis"));
    picture.append(label(x(time), y(0) + 18, general(time), "tick"));
  }
  picture.append(label((left + width - right) / 2, height - 6, axisName, "tick"));
  const stepped = (key) =>
    curve.flatMap((at, k) => {
      const here = `${x(at.time).toFixed(1)},${y(at[key]).toFixed(1)}`;
      return k ? [`${x(at.time).toFixed(1)},${y(curve[k - 1][key]).toFixed(1)}`, here] : [here];
    });
  picture.append(drawn("polyline", { points: stepped("value").join(" "), class: "curve" }));
  for (const at of survival) {
    if (at.value === null) continue;
    picture.append(line(x(at.time), y(0), x(at.time), y(at.value), "mark"));
    if (at.low !== null) {
      picture.append(line(x(at.time), y(at.low), x(at.time), y(at.high), "limits"));
      for (const end of [at.low, at.high]) {
        picture.append(line(x(at.time) - 5, y(end), x(at.time) + 5, y(end), "limits"));
      }
    }
    picture.append(drawn("circle", { cx: x(at.time), cy: y(at.value), r: 4.5, class: "case" }));
  }
  return picture;
}

/** Return a strip in tenths of the training cases with the case marked. */
export function drawStanding(share, names, width, description) {
  const picture = frame(width, 48, description);
  const [left, right] = [8, 8];
  const tenth = (width - left - right) / 10;
  for (let k = 0; k < 10; k += 1) {
    const shape = { x: left + k * tenth, y: 8, width: tenth - 2, height: 12, class: `tenth t${k}` };
    picture.append(drawn("rect", shape));
  }
  const x = left + share * 10 * tenth;
  picture.append(drawn("circle", { cx: x.toFixed(1), cy: 14, r: 7, class: "case" }));
  picture.append(label(left, 42, names[0], "tick", "start"));
  picture.append(label(width - right, 42, names[1], "tick", "end"));
  return picture;
}
