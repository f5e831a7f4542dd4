// What pointer and keys do with the tool that is chosen.

import { addMeasure, addShape, changeMeasure, changePart, removePart } from "./drawing.mjs";
import { moved } from "./shapes.mjs";
import { number, text } from "./words.mjs";

export const TOOLS = [
  ["select", "v"], ["pan", "h"], ["window", "w"], ["circle", "c"], ["ellipse", "e"], ["polygon", "p"], ["freehand", "f"],
  ["brush", "b"], ["eraser", "x"], ["arc_coronal", "a"], ["arc_axial", "s"], ["depression", "d"], ["centre_edge", "k"],
  ["angle", "t"], ["distance", "m"],
];
const POINTS = { arc_coronal: 2, arc_axial: 2, centre_edge: 1, angle: 3, distance: 2 };
const CLICKED = ["circle", "polygon", "depression", ...Object.keys(POINTS)];
const DRAGGED = ["freehand", "brush", "eraser"];
const NEAR_PX = 12;
const SETTLE_MS = 500;

/** Let a tool begin anew. */
export function dropDraft(app) {
  app.draft = null;
  app.growing = null;
  app.draw();
}

/** Finish what is being clicked together. */
export async function finish(app) {
  const { draft } = app;
  app.growing = null;
  if (!draft) return;
  const points = draft.points ?? [];
  dropDraft(app);
  if (draft.tool === "polygon" && points.length > 2) await addShape(app, { kind: "polygon", points });
  else if (draft.tool === "depression" && points.length) await addMeasure(app, "depression", points);
  else if (draft.tool === "freehand" && points.length > 2) await addShape(app, { kind: "freehand", points, smoothing_mm: app.smoothing });
  else if (draft.shape && draft.tool === "ellipse") await addShape(app, draft.shape);
}

/** Put down a place of the tool that is chosen. */
export async function place(app, at) {
  const { tool } = app;
  if (tool === "ellipse") return placeEllipse(app, at);
  if (tool === "brush" || tool === "eraser") return brushed(app, tool, [at]);
  if (tool === "circle" && app.growing) return growCircle(app, at);
  if (!CLICKED.includes(tool) && tool !== "freehand") return undefined;
  const points = [...(app.draft?.tool === tool ? app.draft.points : []), at];
  app.draft = { tool, points };
  app.draw();
  app.say(text("placed", { count: points.length, x: number(at[0]), y: number(at[1]) }));
  if (tool === "circle" && points.length === 3) {
    dropDraft(app);
    const saved = addShape(app, { kind: "circle", points });
    // More points make the same circle better.
    app.growing = { ...app.selected };
    await saved;
  } else if (POINTS[tool] === points.length) {
    dropDraft(app);
    await addMeasure(app, tool, points);
  }
  return undefined;
}

async function growCircle(app, at) {
  const { id, part } = app.growing;
  const shape = app.reading.regions.find((one) => one.region_id === id)?.parts[part]?.shape;
  if (shape?.kind !== "circle") {
    app.growing = null;
    return;
  }
  await changePart(app, id, part, { ...shape, points: [...shape.points, at] });
}

function ellipseFrom(app, centre, corner) {
  const reach = (k) => Math.max(0.1, Math.abs(corner[k] - centre[k]) * app.spacing[1 - k]);
  return { kind: "ellipse", centre, semi_axes_mm: [reach(0), reach(1)], turn_degree: 0 };
}

async function placeEllipse(app, at) {
  if (app.draft?.tool !== "ellipse") {
    app.draft = { tool: "ellipse", centre: at, points: [at] };
    app.draw();
    return;
  }
  app.draft.shape = ellipseFrom(app, app.draft.centre, at);
  await finish(app);
}

async function brushed(app, tool, points) {
  await addShape(app, { kind: "stroke", points, radius_mm: app.brush / 2 }, tool === "eraser" ? "subtract" : "add");
}

// ---- pointer ---------------------------------------------------------------------------------

/** Follow pointers on the picture: mouse, touch and pen alike. */
export function followPointers(app) {
  const { viewport } = app;
  const down = new Map();
  let drag = null;
  const local = (event) => {
    const box = viewport.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  viewport.addEventListener("contextmenu", (event) => event.preventDefault());
  viewport.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey && app.planes > 1) app.showPlane(app.plane.axis, app.plane.index + Math.sign(event.deltaY || event.deltaX));
    else app.zoom(Math.exp(-event.deltaY * 0.0015), local(event));
  }, { passive: false });
  viewport.addEventListener("pointerdown", (event) => {
    if (!app.picture) return;
    const at = local(event);
    down.set(event.pointerId, at);
    viewport.setPointerCapture(event.pointerId);
    if (down.size === 2) {
      drag = { kind: "pinch" };
      app.draft = null;
      app.editing = null;
    } else if (down.size === 1) drag = begin(app, event, at);
    if (drag?.kind === "handle") event.preventDefault();
  });
  viewport.addEventListener("pointermove", (event) => {
    const at = local(event);
    if (!app.picture) return;
    app.readOut(app.view.toPicture(at));
    if (!down.has(event.pointerId)) return;
    const before = down.get(event.pointerId);
    if (drag?.kind === "pinch" && down.size === 2) pinch(app, down, event.pointerId, at);
    else if (drag) goOn(app, drag, at, before, event);
    down.set(event.pointerId, at);
  });
  const up = async (event) => {
    if (!down.delete(event.pointerId)) return;
    const ended = drag;
    if (!down.size) drag = null;
    if (ended && ended.kind !== "pinch") await end(app, ended, local(event), event.type === "pointercancel");
  };
  viewport.addEventListener("pointerup", up);
  viewport.addEventListener("pointercancel", up);
  viewport.addEventListener("dblclick", () => {
    if (app.draft?.tool === "polygon") {
      app.draft.points = app.draft.points.slice(0, -1);
      finish(app);
    }
  });
}

function pinch(app, down, moving, at) {
  const [still] = [...down].filter(([id]) => id !== moving).map(([, place_]) => place_);
  const before = down.get(moving);
  const [was, now] = [Math.hypot(before[0] - still[0], before[1] - still[1]), Math.hypot(at[0] - still[0], at[1] - still[1])];
  if (was > 0 && now > 0) app.zoom(now / was, [(at[0] + still[0]) / 2, (at[1] + still[1]) / 2]);
  app.view.move((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  app.show();
}

function begin(app, event, at) {
  if (event.button === 1 || app.tool === "pan") return { kind: "pan" };
  if (event.button === 2 || app.tool === "window") return { kind: "window" };
  const key = event.target.closest?.("[data-key]")?.dataset.key;
  if (key) return { kind: "handle", key, start: at };
  if (app.tool === "select") return beginSelect(app, event, at);
  const there = app.view.toPicture(at);
  if (app.tool === "ellipse" && app.draft?.tool !== "ellipse") {
    app.draft = { tool: "ellipse", centre: there, points: [there] };
    return { kind: "ellipse", start: at };
  }
  if (DRAGGED.includes(app.tool)) {
    app.draft = { tool: app.tool, points: [there], brush: app.tool === "freehand" ? 0 : app.brush / 2 };
    app.draw();
    return { kind: "draw" };
  }
  return { kind: "click", start: at };
}

function beginSelect(app, event, at) {
  const hit = event.target.closest?.("[data-region],[data-measure],[data-suggestion]");
  if (!hit) {
    app.select(null);
    return { kind: "pan" };
  }
  if (hit.dataset.suggestion) app.select({ suggestion: hit.dataset.suggestion });
  else app.select({ id: hit.dataset.region ?? hit.dataset.measure, part: Number(hit.dataset.part ?? -1) });
  return hit.dataset.part ? { kind: "move", part: Number(hit.dataset.part), id: hit.dataset.region, start: at } : { kind: "none" };
}

function goOn(app, drag, at, before, event) {
  const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
  if (drag.kind === "pan") {
    app.view.move(dx, dy);
    app.show();
  } else if (drag.kind === "window") app.changeGrey(dx, dy);
  else if (drag.kind === "handle") {
    drag.changed = true;
    changeHandle(app, drag.key, app.view.toPicture(at));
  } else if (drag.kind === "move") moveShape(app, drag, at);
  else if (drag.kind === "ellipse") {
    app.draft.shape = ellipseFrom(app, app.draft.centre, app.view.toPicture(at));
    app.draw();
  } else if (drag.kind === "draw") {
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const box = app.viewport.getBoundingClientRect();
      const there = app.view.toPicture([one.clientX - box.left, one.clientY - box.top]);
      const last = app.draft.points.at(-1);
      if (Math.hypot(there[0] - last[0], there[1] - last[1]) >= 0.5) app.draft.points.push(there);
    }
    app.draw();
  }
}

function moveShape(app, drag, at) {
  const region = app.reading.regions.find((one) => one.region_id === drag.id);
  const [from, to] = [app.view.toPicture(drag.start), app.view.toPicture(at)];
  const shape = moved(region.parts[drag.part].shape, to[0] - from[0], to[1] - from[1]);
  if (shape) app.editing = { id: drag.id, part: drag.part, shape };
  app.draw();
}

async function end(app, drag, at, cancelled) {
  const moved_ = drag.start ? Math.hypot(at[0] - drag.start[0], at[1] - drag.start[1]) : 0;
  if (cancelled) {
    app.editing = null;
    dropDraft(app);
  } else if (drag.kind === "click") {
    const there = app.view.toPicture(at);
    const first = app.draft?.tool === "polygon" && app.draft.points.length > 2 ? app.view.toScreen(app.draft.points[0]) : null;
    if (first && Math.hypot(first[0] - at[0], first[1] - at[1]) < NEAR_PX) await finish(app);
    else await place(app, there);
  } else if (drag.kind === "ellipse" && moved_ > 3) await finish(app);
  else if (drag.kind === "draw") {
    const { tool, points } = app.draft ?? { points: [] };
    if (tool === "freehand") await finish(app);
    else if (points.length) {
      dropDraft(app);
      await brushed(app, tool, points);
    }
  } else if (drag.kind === "handle" && drag.changed) await settle(app);
  else if (drag.kind === "handle") app.overlay.querySelector(`[data-key="${CSS.escape(drag.key)}"]`)?.focus();
  else if (drag.kind === "move") await settle(app);
}

// ---- handles ---------------------------------------------------------------------------------

/** Show what follows when a handle is elsewhere; it is saved when it rests. */
export function changeHandle(app, key, [x, y]) {
  const handle = app.handles.get(key);
  if (app.editing?.inserted === key) {
    // The corner that came between has other handles beside it now.
    app.editing = { ...app.editing, shape: app.editing.insert(x, y) };
    app.draw();
    return;
  }
  if (!handle) return;
  const [id] = key.split("/");
  // What another handle was moved to is saved before this one takes its place.
  if (app.editing && (app.editing.id !== id || (app.editing.part ?? -1) !== handle.part)) settle(app);
  if (handle.part === -2) {
    const suggestion = app.suggestions.find((one) => one.side === app.selected.suggestion);
    suggestion.shape = handle.to(x, y);
  } else if (handle.points) app.editing = { id, points: handle.points(x, y) };
  else if (handle.name === "handle_insert") app.editing = { id, part: handle.part, shape: handle.to(x, y), inserted: key, insert: handle.to };
  else app.editing = { id, part: handle.part, shape: handle.to(x, y) };
  app.draw();
}

/** Save what was changed by a handle; what is moved while that is sent stays. */
export async function settle(app) {
  const { editing } = app;
  clearTimeout(app.settling);
  app.settling = null;
  if (!editing) return;
  const known = [...app.reading.regions.map((one) => one.region_id), ...app.reading.measures.map((one) => one.measure_id)];
  if (!known.includes(editing.id)) {
    app.editing = null; // another window took it out
    app.showSaved("saved");
  } else if (editing.points) await changeMeasure(app, editing.id, editing.points);
  else await changePart(app, editing.id, editing.part, editing.shape);
  app.draw();
}

/** Move the handle that has the focus by an arrow; take it out by Delete. */
export function keyOnHandle(app, event) {
  const { key } = event.target.dataset;
  const handle = app.handles.get(key);
  if (!handle) return false;
  const step = event.shiftKey ? 10 : 1;
  const way = app.view.mirrored ? -1 : 1;
  const steps = { ArrowLeft: [-way, 0], ArrowRight: [way, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in steps) {
    const [dx, dy] = steps[event.key];
    const to = [handle.place[0] + dx * step, handle.place[1] + dy * step];
    changeHandle(app, key, to);
    if (app.editing) app.showSaved("saving");
    app.say(text("moved_to", { x: number(to[0]), y: number(to[1]), said: app.saidOf(app.editing) }));
    clearTimeout(app.settling);
    app.settling = setTimeout(() => settle(app), SETTLE_MS);
    return true;
  }
  if ((event.key === "Delete" || event.key === "Backspace") && handle.removable) {
    const [id] = key.split("/");
    changePart(app, id, handle.part, handle.without());
    return true;
  }
  return false;
}

/** Take out what is selected. */
export function removeSelected(app) {
  const { selected } = app;
  if (!selected) return undefined;
  if (selected.suggestion) return app.refuse(selected.suggestion);
  const measure = app.reading.measures.find((one) => one.measure_id === selected.id);
  if (measure) return app.operate({ do: "remove measure", measure_id: selected.id });
  const region = app.reading.regions.find((one) => one.region_id === selected.id);
  if (!region) return undefined;
  if (selected.part >= 0 && selected.part < region.parts.length) return removePart(app, selected.id, selected.part);
  return app.operate({ do: "remove region", region_id: selected.id });
}
