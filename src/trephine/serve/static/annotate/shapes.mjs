// Shapes as the page draws and moves them; places are pixels, lengths mm.

import { fitCircle } from "./circle.mjs";

const degrees = (radians) => (radians * 180) / Math.PI;
const radians = (value) => (value * Math.PI) / 180;

/** Return a circle of a shape as {centre, radius_mm, residual_mm}; null where there is none. */
export function circleOf(shape, spacing) {
  if (shape.kind === "disc") return { centre: shape.centre, radius_mm: shape.radius_mm, residual_mm: 0 };
  if (shape.kind !== "circle") return null;
  const fit = fitCircle(shape.points.map(([x, y]) => [x * spacing[1], y * spacing[0]]));
  if (fit === null) return null;
  return { centre: [fit.x / spacing[1], fit.y / spacing[0]], radius_mm: fit.radius, residual_mm: fit.residual };
}

function closed(points) {
  return `M${points.map(([x, y]) => `${x} ${y}`).join("L")}Z`;
}

function ellipsePath(centre, axes, turn, spacing) {
  const points = [];
  const [cos, sin] = [Math.cos(radians(turn)), Math.sin(radians(turn))];
  for (let k = 0; k < 96; k += 1) {
    const at = (k / 96) * 2 * Math.PI;
    const [u, v] = [axes[0] * Math.cos(at), axes[1] * Math.sin(at)];
    points.push([centre[0] + (u * cos - v * sin) / spacing[1], centre[1] + (u * sin + v * cos) / spacing[0]]);
  }
  return closed(points);
}

/** Return the line of a shape as a path in pixels; empty for what has no line of its own. */
export function pathOf(shape, fit, spacing) {
  if (shape.kind === "circle" || shape.kind === "disc") {
    const circle = circleOf(shape, spacing);
    return circle ? ellipsePath(circle.centre, [circle.radius_mm, circle.radius_mm], 0, spacing) : "";
  }
  if (shape.kind === "ellipse") return ellipsePath(shape.centre, shape.semi_axes_mm, shape.turn_degree, spacing);
  if (shape.kind === "polygon") return closed(shape.points);
  if (shape.kind === "freehand") return closed(fit && fit.line ? fit.line : shape.points);
  return "";
}

/** Return a shape moved by pixels; null for what cannot be moved. */
export function moved(shape, dx, dy) {
  const at = ([x, y]) => [x + dx, y + dy];
  if (shape.points) return { ...shape, points: shape.points.map(at) };
  if (shape.centre) return { ...shape, centre: at(shape.centre) };
  if (shape.parts) {
    const parts = shape.parts.map((part) => ({ ...part, shape: moved(part.shape, dx, dy) }));
    return parts.every((part) => part.shape !== null) ? { ...shape, parts } : null;
  }
  return null;
}

const swapped = (points, index, place) => points.map((one, k) => (k === index ? place : one));

/** Return the handles of a shape: name, place, what it becomes when one is at another place. */
export function handlesOf(shape, spacing) {
  const whole = (place) => ({
    name: "handle_centre", place, to: (x, y) => moved(shape, x - place[0], y - place[1]),
  });
  if (shape.kind === "circle") {
    const circle = circleOf(shape, spacing);
    const points = shape.points.map((place, k) => ({
      name: "handle_point", number: k + 1, place, removable: shape.points.length > 3,
      to: (x, y) => ({ ...shape, points: swapped(shape.points, k, [x, y]) }),
      without: () => ({ ...shape, points: shape.points.filter((_, other) => other !== k) }),
    }));
    return circle ? [...points, whole(circle.centre)] : points;
  }
  if (shape.kind === "disc") {
    const rim = [shape.centre[0] + shape.radius_mm / spacing[1], shape.centre[1]];
    const radius = (x, y) =>
      Math.max(0.1, Math.hypot((x - shape.centre[0]) * spacing[1], (y - shape.centre[1]) * spacing[0]));
    return [whole(shape.centre), { name: "handle_radius", place: rim, to: (x, y) => ({ ...shape, radius_mm: radius(x, y) }) }];
  }
  if (shape.kind === "ellipse") return ellipseHandles(shape, spacing, whole);
  if (shape.kind === "polygon") return polygonHandles(shape);
  if (shape.kind === "freehand") {
    const [xs, ys] = [shape.points.map((p) => p[0]), shape.points.map((p) => p[1])];
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    return [whole([middle(xs), middle(ys)])];
  }
  return [];
}

function ellipseHandles(shape, spacing, whole) {
  const [cos, sin] = [Math.cos(radians(shape.turn_degree)), Math.sin(radians(shape.turn_degree))];
  const [a, b] = shape.semi_axes_mm;
  const [cx, cy] = shape.centre;
  const from = (x, y) => [(x - cx) * spacing[1], (y - cy) * spacing[0]];
  const first = {
    name: "handle_first_axis", place: [cx + (a * cos) / spacing[1], cy + (a * sin) / spacing[0]],
    to: (x, y) => {
      const [u, v] = from(x, y);
      return { ...shape, semi_axes_mm: [Math.max(0.1, Math.hypot(u, v)), b], turn_degree: degrees(Math.atan2(v, u)) };
    },
  };
  const second = {
    name: "handle_second_axis", place: [cx - (b * sin) / spacing[1], cy + (b * cos) / spacing[0]],
    to: (x, y) => {
      const [u, v] = from(x, y);
      return { ...shape, semi_axes_mm: [a, Math.max(0.1, Math.abs(-u * sin + v * cos))] };
    },
  };
  return [whole(shape.centre), first, second];
}

function polygonHandles(shape) {
  const { points } = shape;
  const corners = points.map((place, k) => ({
    name: "handle_corner", number: k + 1, place, removable: points.length > 3,
    to: (x, y) => ({ ...shape, points: swapped(points, k, [x, y]) }),
    without: () => ({ ...shape, points: points.filter((_, other) => other !== k) }),
  }));
  const between = points.map((place, k) => {
    const next = points[(k + 1) % points.length];
    return {
      name: "handle_insert", number: k + 1, small: true,
      place: [(place[0] + next[0]) / 2, (place[1] + next[1]) / 2],
      to: (x, y) => ({ ...shape, points: [...points.slice(0, k + 1), [x, y], ...points.slice(k + 1)] }),
    };
  });
  return [...corners, ...between];
}

export { degrees };
