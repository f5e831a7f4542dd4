// The lists beside the picture: regions, measures, images, comparison.

import { acceptSuggestion, combine, ring } from "./drawing.mjs";
import { measureSaid } from "./overlay.mjs";
import { TOOLS, removeSelected } from "./tools.mjs";
import { number, regionLabel, text } from "./words.mjs";

const id = (name) => document.getElementById(name);

/** Make an element with its content. */
export function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const button = (label, act, attributes = {}) => node("button", { type: "button", class: "small-button", onclick: act, ...attributes }, label);

/** Put content into a place, and give the focus back to what had it there. */
function refill(place, children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  place.replaceChildren(...children);
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** Make the palette of tools. */
export function makePalette(app) {
  const groups = [TOOLS.slice(0, 3), TOOLS.slice(3, 9), TOOLS.slice(9)];
  const names = ["tools_view", "tools_draw", "tools_measure"];
  id("tools").append(...groups.map((group, k) => node("div", { role: "group", "aria-label": text(names[k]) }, ...group.map(([name, key]) =>
    node("button", { type: "button", "data-tool": name, "aria-pressed": "false", "aria-keyshortcuts": key.toUpperCase(), onclick: () => app.choose(name) },
      node("span", {}, text(`tool_${name}`)), node("kbd", { "aria-hidden": "true" }, key.toUpperCase()))))));
}

/** Show which tool is chosen, and what it waits for. */
export function showTool(app) {
  for (const one of id("tools").querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one.dataset.tool === app.tool));
  id("hint").textContent = text(`hint_${app.tool}`);
  app.viewport.dataset.tool = app.tool;
}

function sizeSaid(app, region) {
  const found = app.reading.sizes[region.region_id];
  if (!found) return "…";
  if (!found.pixels) return text("empty_region");
  const size = app.facts.shape.length === 3 ? text("volume_is", { size: number(found.size) }) : text("area_is", { size: number(found.size) });
  return `${size} · ${text("diameter_is", { mm: number(found.diameter_mm) })} · ${text("mean_is", { grey: number(found.mean_grey) })}`;
}

function fitSaid(app, region) {
  const fits = (app.reading.fits[region.region_id] ?? []).filter((fit) => fit?.radius_mm);
  return fits.map((fit) => {
    const mm = number(2 * fit.radius_mm);
    return fit.residual_mm === null ? text("circle_alone", { mm }) : text("circle_is", { mm, off: number(fit.residual_mm, 2) });
  });
}

function regionTools(app, region) {
  const others = app.reading.regions.filter((one) => one !== region);
  const width = node("input", { type: "number", min: "0.5", max: "50", step: "0.5", value: "3", "aria-label": text("ring_mm") });
  const made = [
    button(text("mirror"), () => app.mirror(region.region_id), { "data-key": `mirror-${region.region_id}`, disabled: !region.side }),
    node("span", { class: "joined" }, button(text("make_ring"), () => ring(app, region.region_id, Number(width.value)), { "data-key": `ring-${region.region_id}` }), width),
  ];
  if (others.length) {
    const other = node("select", { "aria-label": text("other_region") }, ...others.map((one) => node("option", { value: one.region_id }, regionLabel(one))));
    const mode = node("select", { "aria-label": text("joins") }, ...["add", "subtract", "intersect"].map((one) => node("option", { value: one }, text(`mode_${one}`))));
    made.push(node("span", { class: "joined" }, mode, other, button(text("combine"), () => combine(app, region.region_id, other.value, mode.value), { "data-key": `combine-${region.region_id}` })));
  }
  return node("div", { class: "more" }, ...made);
}

/** Show the regions with their values, and the suggestions. */
export function showRegions(app) {
  const cards = app.reading.regions.map((region) => {
    const selected = app.selected?.id === region.region_id;
    const lines = [sizeSaid(app, region), ...fitSaid(app, region), ...(region.suggested ? [text("was_suggested")] : [])];
    return node("div", { class: `thing${selected ? " selected" : ""}` },
      node("div", { class: "head" },
        button(regionLabel(region), () => app.select({ id: region.region_id, part: -1 }), { "aria-pressed": String(selected), class: "name", "data-key": `region-${region.region_id}` }),
        button(text("remove"), () => app.operate({ do: "remove region", region_id: region.region_id }), { "aria-label": text("remove_named", { name: regionLabel(region) }), "data-key": `gone-${region.region_id}` })),
      ...lines.map((line) => node("p", { class: "small" }, line)),
      ...(selected ? [regionTools(app, region)] : []));
  });
  const offers = app.suggestions.map((one) => node("div", { class: "thing offered" },
    node("p", {}, text("suggestion_said", { side: one.side, mm: number(2 * one.shape.radius_mm), score: number(100 * one.score, 0) })),
    node("div", { class: "buttons" },
      button(text("accept"), () => acceptSuggestion(app, one), { "data-key": `accept-${one.side}`, "aria-keyshortcuts": "Y" }),
      button(text("move"), () => app.select({ suggestion: one.side }), { "data-key": `move-${one.side}` }),
      button(text("refuse"), () => app.refuse(one.side), { "data-key": `refuse-${one.side}`, "aria-keyshortcuts": "N" }))));
  const none = cards.length || offers.length ? [] : [node("p", { class: "small" }, text("no_regions"))];
  const drawn = app.facts.is_dicom && app.reading.regions.length;
  const seg = drawn ? [node("p", { class: "small" }, node("a", { href: `cases/${app.address}/segmentation.dcm`, download: "segmentation.dcm" }, text("download_seg")))] : [];
  refill(id("regions"), [...offers, ...cards, ...none, ...seg]);
}

/** Show the measures, and what they come to for each head. */
export function showMeasures(app) {
  const cards = app.reading.measures.map((measure) => {
    const selected = app.selected?.id === measure.measure_id;
    const name = `${measure.side ? `${measure.side} ` : ""}${text(`measure_${measure.kind}`)}`;
    return node("div", { class: `thing${selected ? " selected" : ""}` },
      node("div", { class: "head" },
        button(`${name}: ${measureSaid(app, measure)}`, () => app.select({ id: measure.measure_id, part: -1 }), { "aria-pressed": String(selected), class: "name", "data-key": `measure-${measure.measure_id}` }),
        button(text("remove"), () => app.operate({ do: "remove measure", measure_id: measure.measure_id }), { "aria-label": text("remove_named", { name }), "data-key": `gone-${measure.measure_id}` })));
  });
  refill(id("measures"), cards.length ? cards : [node("p", { class: "small" }, text("no_measures"))]);
  const rows = [];
  for (const [side, one] of Object.entries(app.reading.heads)) {
    const lines = [];
    if (one.combined_angle_degree !== undefined) lines.push(text("combined_is", { angle: number(one.combined_angle_degree), index: number(one.necrosis_index), kerboul: one.kerboul }));
    if (one.depression_mm !== undefined) lines.push(text(one.depressed_over_2_mm ? "depressed_more" : "depressed_less", { mm: number(one.depression_mm) }));
    if (one.lesion_percent !== undefined) lines.push(text("lesion_is", { percent: number(one.lesion_percent), extent: one.steinberg }));
    if (lines.length) rows.push(node("p", { class: "small" }, node("strong", {}, side ? `${side}: ` : ""), lines.join(" · ")));
  }
  id("heads").replaceChildren(...rows);
}

/** Show what is to be warned of. */
export function showNotices(app) {
  const found = app.notices.map((one) => text(one));
  for (const warning of app.reading?.warnings ?? []) {
    const region = app.reading.regions.find((one) => one.region_id === warning.region);
    found.push(text(`warning_${warning.code}`, { region: region ? regionLabel(region) : "", says: warning.says }));
  }
  if (app.reading?.problem) found.push(`${text("not_written")} ${app.reading.problem}`);
  if (app.reading?.torn) found.push(text("torn"));
  const before = [...id("notices").children].map((one) => one.textContent);
  if (JSON.stringify(before) !== JSON.stringify(found)) id("notices").replaceChildren(...found.map((one) => node("p", { class: "notice" }, one)));
}

const STATES = ["open", "drawn", "reviewed", "excluded"];

/** Fill the choices of states and filters. */
export function makeChoices() {
  id("state").append(...STATES.map((one) => node("option", { value: one }, text(`state_${one}`))));
  id("filter").append(...["all", ...STATES].map((one) => node("option", { value: one }, text(one === "all" ? "filter_all" : `state_${one}`))));
  id("region").append(...["head", "lesion", "ring", "acetabulum"].map((one) => node("option", { value: one }, text(`region_${one}`))));
  id("mode").append(node("option", { value: "replace" }, text("mode_replace")));
}

/** Return the images that the list shows. */
export function listed(app) {
  const [state, sought] = [id("filter").value, id("find").value.trim().toLowerCase()];
  return app.cases.filter((one) => (state === "all" || one.state === state) && one.name.toLowerCase().includes(sought));
}

/** Show the list of images. */
export function showList(app) {
  const shown = listed(app);
  refill(id("list"), shown.map((one) => node("li", {}, node("button", {
    type: "button", class: "case", "data-key": `case-${one.address}`, "aria-current": one.address === app.address ? "true" : false,
    onclick: () => app.open(one.address),
  }, node("span", { translate: "no" }, one.name), node("span", { class: `badge ${one.state}` }, text(`state_${one.state}`))))));
  const done = app.cases.filter((one) => one.state !== "open").length;
  id("progress").textContent = text("progress", { done, all: app.cases.length });
}

/** Show how two readings compare. */
export function showComparison(app) {
  id("comparing").hidden = !app.mayCompare;
  id("compare").setAttribute("aria-pressed", String(app.comparison !== null));
  const place = id("comparison");
  if (!app.comparison) return place.replaceChildren();
  const { raters, pairs, regions } = app.comparison;
  const key = node("p", { class: "small" }, node("span", { class: "key compared-0" }, raters[0]), " ", node("span", { class: "key compared-1" }, raters[1]));
  const rows = pairs.map((pair) => {
    const name = regionLabel({ side: pair.side || null, name: pair.name });
    const said = pair.alone === null
      ? text("compared", { dice: pair.dice.toFixed(3), hd: number(pair.hausdorff95_mm, 2), first: number(pair.sizes[0]), second: number(pair.sizes[1]) })
      : text("drawn_alone", { rater: raters[pair.alone] });
    return node("p", { class: "small" }, node("strong", {}, `${name}: `), said);
  });
  const copies = app.rater === "consensus" ? raters.map((rater, k) => button(text("copy_from", { rater }), () => app.copy(regions[k]), { "data-key": `copy-${k}` })) : [];
  return refill(place, [key, ...rows, node("div", { class: "buttons" }, ...copies)]);
}

export { removeSelected };
