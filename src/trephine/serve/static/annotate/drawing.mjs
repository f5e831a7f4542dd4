// What a finished shape or measure becomes: an operation that the server is asked to save.

import { fresh } from "./session.mjs";

/** Return the region that is drawn into, or undefined. */
export function target(app) {
  return app.reading.regions.find((one) => (one.side ?? "") === app.side && one.name === app.regionName);
}

/** Draw a shape into the region that is chosen, as is chosen. */
export function addShape(app, shape, mode = app.mode) {
  const part = { mode: mode === "replace" ? "add" : mode, shape, axis: app.plane.axis, index: app.plane.index };
  const region = target(app);
  const id = region?.region_id ?? fresh("r");
  const operation = region && mode !== "replace"
    ? { do: "add part", region_id: id, part }
    : { do: "put region", region: { region_id: id, side: app.side || null, name: app.regionName, parts: [part], suggested: false } };
  const saved = app.operate(operation);
  app.select({ id, part: app.reading.regions.find((one) => one.region_id === id).parts.length - 1 });
  return saved;
}

/** Save another shape in the place of a part's. */
export function changePart(app, id, k, shape) {
  const region = app.reading.regions.find((one) => one.region_id === id);
  const parts = region.parts.map((part, other) => (other === k ? { ...part, shape } : part));
  return app.operate({ do: "put region", region: { ...region, parts } });
}

/** Take a part out of a region; the last one takes the region with it. */
export function removePart(app, id, k) {
  const region = app.reading.regions.find((one) => one.region_id === id);
  if (region.parts.length < 2) return app.operate({ do: "remove region", region_id: id });
  return app.operate({ do: "put region", region: { ...region, parts: region.parts.filter((_, other) => other !== k) } });
}

/** Save a measure of some points. */
export function addMeasure(app, kind, points) {
  const measure = { measure_id: fresh("m"), kind, side: app.side || null, points, axis: app.plane.axis, index: app.plane.index };
  const saved = app.operate({ do: "put measure", measure });
  app.select({ id: measure.measure_id, part: -1 });
  return saved;
}

/** Save other points of a measure. */
export function changeMeasure(app, id, points) {
  const measure = app.reading.measures.find((one) => one.measure_id === id);
  return app.operate({ do: "put measure", measure: { ...measure, points } });
}

/** Make a region of a suggestion; the file says that it was one. */
export function acceptSuggestion(app, suggestion) {
  const existing = app.reading.regions.find((one) => one.side === suggestion.side && one.name === "head");
  const part = { mode: "add", shape: suggestion.shape, axis: app.plane.axis, index: app.plane.index };
  const id = existing?.region_id ?? fresh("r");
  const region = { region_id: id, side: suggestion.side, name: "head", parts: [part], suggested: true };
  app.suggestions = app.suggestions.filter((one) => one !== suggestion);
  const saved = app.operate({ do: "put region", region });
  app.select({ id, part: 0 });
  return saved;
}

/** Join two regions: what the second holds is added to the first, taken from it, or all that stays. */
export function combine(app, id, other, mode) {
  const parts = app.reading.regions.find((one) => one.region_id === other).parts;
  const planes = new Map(parts.map((part) => [`${part.axis}/${part.index}`, part]));
  const region = app.reading.regions.find((one) => one.region_id === id);
  const groups = [...planes.values()].map(({ axis, index }) => ({
    mode, axis, index, shape: { kind: "group", parts: parts.filter((part) => part.axis === axis && part.index === index) },
  }));
  return app.operate({ do: "put region", region: { ...region, parts: [...region.parts, ...groups] } });
}

/** Make the ring round a region. */
export function ring(app, id, width) {
  const region = app.reading.regions.find((one) => one.region_id === id);
  const planes = new Map(region.parts.map((part) => [`${part.axis}/${part.index}`, part]));
  const parts = [...planes.values()].map(({ axis, index }) => ({
    mode: "add", axis, index,
    shape: { kind: "ring", width_mm: width, parts: region.parts.filter((part) => part.axis === axis && part.index === index) },
  }));
  const known = app.reading.regions.find((one) => one.side === region.side && one.name === "ring");
  return app.operate({ do: "put region", region: { region_id: known?.region_id ?? fresh("r"), side: region.side, name: "ring", parts, suggested: false } });
}

/** Return regions and measures as an operation changes them, before the server has answered. */
export function applied({ regions, measures }, operation) {
  const without = (things, key, id) => things.filter((one) => one[key] !== id);
  const put = (things, key, thing) => {
    const known = things.some((one) => one[key] === thing[key]);
    return known ? things.map((one) => (one[key] === thing[key] ? thing : one)) : [...things, thing];
  };
  if (operation.do === "put region") return { regions: put(regions, "region_id", operation.region), measures };
  if (operation.do === "put measure") return { regions, measures: put(measures, "measure_id", operation.measure) };
  if (operation.do === "remove region") return { regions: without(regions, "region_id", operation.region_id), measures };
  if (operation.do === "remove measure") return { regions, measures: without(measures, "measure_id", operation.measure_id) };
  if (operation.do !== "add part") return { regions, measures };
  const joined = (one) => (one.region_id === operation.region_id ? { ...one, parts: [...one.parts, operation.part] } : one);
  return { regions: regions.map(joined), measures };
}
