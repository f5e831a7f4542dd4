// What lies on the picture: outlines, handles, measures, letters, the scale; all of it SVG.

import { circleOf, handlesOf, pathOf } from "./shapes.mjs";
import { number, regionLabel, text } from "./words.mjs";

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, children = []) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const line = (points) => `M${points.map(([x, y]) => `${x} ${y}`).join("L")}`;

/** Draw everything anew, and give the focus back to the handle that had it. */
export function drawOverlay(app) {
  const { overlay, view, reading } = app;
  const focused = overlay.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  overlay.setAttribute("viewBox", `0 0 ${view.size[0]} ${view.size[1]}`);
  const flat = element("g", { transform: view.matrix() });
  const above = element("g");
  if (reading) {
    for (const region of reading.regions) drawRegion(app, flat, above, region);
    for (const suggestion of app.suggestions) drawSuggestion(app, flat, above, suggestion);
    if (app.comparison) drawComparison(app, flat);
    for (const measure of reading.measures) drawMeasure(app, above, measure);
    drawDraft(app, flat, above);
    drawHandles(app, above);
  }
  overlay.replaceChildren(flat, above, furniture(app));
  if (focused) overlay.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

const here = (app, one) => one.axis === app.plane.axis && one.index === app.plane.index;

function drawRegion(app, flat, above, region) {
  const selected = app.selected?.id === region.region_id;
  const style = `region side-${region.side ?? "none"} name-${region.name}${selected ? " selected" : ""}`;
  const outlines = app.reading.outlines[region.region_id] ?? [];
  const whole = outlines.map((points) => `${line(points)}Z`).join("");
  if (whole) {
    flat.append(element("path", { d: whole, class: `under ${style}` }), element("path", { d: whole, class: style, "data-region": region.region_id }));
    const [x, y] = app.view.toScreen(outlines[0].reduce((best, p) => (p[1] < best[1] ? p : best)));
    above.append(element("text", { x, y: y - 6, class: "label" }, [regionLabel(region)]));
  }
  const fits = app.reading.fits[region.region_id] ?? [];
  region.parts.forEach((part, k) => {
    if (!here(app, part)) return;
    const edited = app.editing?.id === region.region_id && app.editing.part === k ? app.editing.shape : null;
    const d = pathOf(edited ?? part.shape, edited ? null : fits[k], app.spacing);
    const thin = part.mode === "add" ? "shape" : "shape taken";
    if (d && (selected || edited)) flat.append(element("path", { d, class: `${thin} side-${region.side ?? "none"}`, "data-region": region.region_id, "data-part": k }));
  });
}

function drawSuggestion(app, flat, above, suggestion) {
  const d = pathOf(suggestion.shape, null, app.spacing);
  flat.append(element("path", { d, class: `under suggestion` }), element("path", { d, class: "suggestion", "data-suggestion": suggestion.side }));
  const [x, y] = app.view.toScreen(suggestion.shape.centre);
  const said = text("suggestion_label", { side: suggestion.side, score: number(100 * suggestion.score, 0) });
  above.append(element("text", { x, y: y - (suggestion.shape.radius_mm + 2) * app.view.zoom, class: "label middle" }, [said]));
}

function drawComparison(app, flat) {
  app.comparison.outlines.forEach((lines, k) => {
    for (const points of lines) flat.append(element("path", { d: `${line(points)}Z`, class: `compared compared-${k}` }));
  });
}

/** Return the circle of a side's head on the plane that is shown. */
export function headCircle(app, side) {
  for (const region of app.reading.regions) {
    if (region.name !== "head" || region.side !== side) continue;
    for (const part of region.parts) {
      const circle = here(app, part) && part.mode === "add" ? circleOf(part.shape, app.spacing) : null;
      if (circle) return circle;
    }
  }
  return null;
}

function measureLines(app, measure, points) {
  const circle = headCircle(app, measure.side);
  const at = points.map((p) => app.view.toScreen(p));
  if (measure.kind === "distance" || measure.kind === "angle") return [line(at)];
  if (circle === null) return [line(at)];
  const centre = app.view.toScreen(circle.centre);
  const radius = circle.radius_mm * app.view.zoom;
  const rim = ([x, y]) => {
    const away = Math.hypot(x - centre[0], y - centre[1]) || 1;
    return [centre[0] + ((x - centre[0]) / away) * radius, centre[1] + ((y - centre[1]) / away) * radius];
  };
  if (measure.kind === "depression") return at.map((p) => line([p, rim(p)]));
  if (measure.kind === "centre_edge") return [line([[centre[0], centre[1] - 1.6 * radius], centre, at[0]])];
  if (at.length < 2) return [line([centre, at[0]])];
  const [a, b] = [rim(at[0]), rim(at[1])];
  const turn = (b[0] - centre[0]) * (a[1] - centre[1]) - (b[1] - centre[1]) * (a[0] - centre[0]);
  return [line([at[0], centre, at[1]]), `M${a[0]} ${a[1]}A${radius} ${radius} 0 0 ${turn < 0 ? 1 : 0} ${b[0]} ${b[1]}`];
}

/** Return a measure's value in words. */
export function measureSaid(app, measure) {
  const found = app.reading.values[measure.measure_id];
  if (!found) return "…";
  if (found.value === null) return text(`lacks_${found.lacks}`);
  return `${number(found.value)}${found.unit === "°" ? "" : " "}${found.unit}`;
}

function drawMeasure(app, above, measure) {
  if (!here(app, measure)) return;
  const edited = app.editing?.id === measure.measure_id ? app.editing.points : measure.points;
  const selected = app.selected?.id === measure.measure_id;
  const group = element("g", { class: `measure${selected ? " selected" : ""}`, "data-measure": measure.measure_id });
  for (const d of measureLines(app, measure, edited)) group.append(element("path", { d, class: "under" }), element("path", { d }));
  const [x, y] = app.view.toScreen(edited.at(-1));
  const side = measure.side ? `${measure.side} ` : "";
  group.append(element("text", { x: x + 10, y: y - 8, class: "label" }, [`${side}${text(`short_${measure.kind}`)} ${measureSaid(app, measure)}`]));
  above.append(group);
}

function drawDraft(app, flat, above) {
  const { draft } = app;
  if (!draft) return;
  if (draft.shape) {
    const d = pathOf(draft.shape, null, app.spacing);
    if (d) flat.append(element("path", { d, class: "draft" }));
  }
  const points = (draft.points ?? []).map((p) => app.view.toScreen(p));
  if (draft.brush && points.length) {
    const width = 2 * draft.brush * app.view.zoom;
    above.append(element("path", { d: points.length > 1 ? line(points) : `${line(points)}h0.01`, class: `stroke ${draft.tool}`, "stroke-width": width }));
  } else if (points.length) {
    if (!draft.shape) above.append(element("path", { d: line(points), class: "draft" }));
    if (points.length < 60) for (const [cx, cy] of points) above.append(element("circle", { cx, cy, r: 3.5, class: "dot" }));
  }
}

function drawHandles(app, above) {
  const { selected } = app;
  app.handles = new Map();
  // With another tool a click is a place of it, also where a handle would lie.
  if (!selected || app.tool !== "select") return;
  const region = app.reading.regions.find((one) => one.region_id === selected.id);
  const handles = [];
  if (region) {
    region.parts.forEach((part, k) => {
      if (!here(app, part) || handles.length > 400) return;
      const shape = app.editing?.id === selected.id && app.editing.part === k ? app.editing.shape : part.shape;
      handlesOf(shape, app.spacing).forEach((handle, h) => {
        handles.push({ ...handle, key: `${selected.id}/${k}/${h}`, label: regionLabel(region), part: k });
      });
    });
  }
  const measure = app.reading.measures.find((one) => one.measure_id === selected.id);
  if (measure && here(app, measure)) {
    const points = app.editing?.id === selected.id ? app.editing.points : measure.points;
    points.forEach((place, k) => handles.push({
      name: "handle_point", number: k + 1, place, key: `${selected.id}//${k}`, label: text(`measure_${measure.kind}`), part: -1,
      points: (x, y) => points.map((one, other) => (other === k ? [x, y] : one)),
    }));
  }
  const suggestion = app.suggestions.find((one) => one.side === selected.suggestion);
  if (suggestion) {
    handlesOf(suggestion.shape, app.spacing).forEach((handle, h) => {
      handles.push({ ...handle, key: `suggestion-${suggestion.side}/0/${h}`, label: text("suggestion"), part: -2 });
    });
  }
  app.handles = new Map(handles.map((handle) => [handle.key, handle]));
  for (const handle of handles) {
    const [cx, cy] = app.view.toScreen(handle.place);
    const said = text("handle_said", {
      label: handle.label, handle: text(handle.name), number: handle.number ?? "",
      x: number(handle.place[0]), y: number(handle.place[1]),
    });
    above.append(element("g", { class: `handle${handle.small ? " small" : ""}`, tabindex: 0, role: "button", "data-key": handle.key, "aria-label": said }, [
      element("circle", { cx, cy, r: 14, class: "reach" }), element("circle", { cx, cy, r: handle.small ? 3.5 : 6, class: "knob" }),
    ]));
  }
}

function furniture(app) {
  const { view, facts } = app;
  const [wide, high] = view.size;
  const group = element("g", { class: "furniture" });
  const letters = facts?.sides?.[app.plane.axis];
  if (letters) {
    const [left, right, top, bottom] = view.mirrored ? [letters[1], letters[0], letters[2], letters[3]] : letters;
    const put = (letter, x, y) => letter && group.append(element("text", { x, y, class: "edge" }, [letter]));
    put(left, 22, high / 2);
    put(right, wide - 22, high / 2);
    put(top, wide / 2, 66);
    put(bottom, wide / 2, high - 14);
  }
  const steps = [1, 2, 5, 10, 20, 50, 100, 200];
  const mm = steps.find((one) => one * view.zoom >= 60) ?? 200;
  const [x, y] = [wide - 24, high - 22];
  const d = `M${x - mm * view.zoom} ${y - 5}v10m0 -5H${x}m0 -5v10`;
  group.append(element("path", { d, class: "under" }), element("path", { d, class: "scale" }));
  group.append(element("text", { x: x - (mm * view.zoom) / 2, y: y - 10, class: "label middle" }, [`${mm} mm`]));
  if (app.cross && document.activeElement === app.viewport) {
    const [cx, cy] = view.toScreen(app.cross);
    group.append(element("path", { d: `M${cx - 14} ${cy}h28M${cx} ${cy - 14}v28`, class: "cross" }));
  }
  return group;
}
