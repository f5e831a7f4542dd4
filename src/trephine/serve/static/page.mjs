// The calculator's page: a form from the model's content, and what the arithmetic says of it.

import { designOf, general, modelOf, oneRow, predict, signatureOf } from "./arithmetic.mjs";
import { drawCurve, drawNomogram, drawStanding } from "./drawing.mjs";
import {
  axisName, intervalSentence, problemSentence, riskSentence, standingSentence, warningSentence,
  wordsOf,
} from "./wording.mjs";

const held = (id) => JSON.parse(document.getElementById(id).textContent);
const content = held("content");
const catalogue = held("words");
const settings = held("settings");
const at = (id) => document.getElementById(id);
/** Whether other events may come before the event. */
const competing = content.competing.length > 0;

/** What the page shows: language, model, what was typed by field, features by signature. */
const state = { language: settings.language, model: content.models[0].name, typed: {}, features: {} };
let speech = wordsOf(catalogue, state.language);

/** Return an HTML element; `class` and others are attributes, strings are text. */
function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// ---- the form -------------------------------------------------------------------------------

/** Return the fields that a model needs: clinical ones, arcs of measures, scores. */
function fieldsOf(model) {
  const fields = [];
  const add = (key, optional) => {
    const variable = content.variables.find((one) => one.key === key);
    const own = variable.measure
      ? variable.arcs.map((arc, k) => ({ id: arc, letter: "AB"[k], optional }))
      : [{ id: variable.column, variable, model, optional }];
    for (const field of own) if (!fields.some((one) => one.id === field.id)) fields.push(field);
  };
  for (const key of model.variables) add(key, false);
  for (const key of model.signatures) {
    fields.push({ id: key, signature: content.signatures.find((one) => one.key === key), model });
  }
  // Some refits use what the model itself does not.
  for (const key of model.interval.variables ?? []) add(key, true);
  return fields;
}

function nameOf(field) {
  if (field.letter) return speech.say("arc", { letter: field.letter });
  if (field.signature) return speech.own(field.signature.label);
  const { label, unit } = field.variable;
  if (!unit) return speech.own(label);
  return speech.say("field_with_unit", { label: speech.own(label), unit: speech.own(unit) });
}

function helpOf(field) {
  if (field.optional) return speech.say("interval_only");
  if (field.letter) return speech.say("arc_help");
  const key = field.signature ? field.signature.key : field.variable.key;
  const j = field.model.terms.findIndex((term) => term.variable === key);
  const kind = field.model.terms[j].kind;
  const trained = { low: general(field.model.low[j], 3), high: general(field.model.high[j], 3) };
  if (field.signature) return speech.say("score_help", trained);
  if (field.variable.levels.length) return "";
  const said = ["linear", "spline"].includes(kind) ? [speech.say("trained_between", trained)] : [];
  if (field.variable.range) {
    const [low, high] = field.variable.range.map((one) => general(one));
    said.push(speech.say("allowed_between", { low, high }));
  }
  return said.join(". ");
}

function control(field) {
  const id = `f-${field.id}`;
  const common = { id, name: field.id, "aria-describedby": `h-${field.id} e-${field.id}` };
  if (!field.variable?.levels.length) {
    const input = made("input", { ...common, type: "number", step: "any", autocomplete: "off" });
    input.value = state.typed[field.id] ?? "";
    return input;
  }
  const empty = content.imputation ? "not_known" : "choose";
  const select = made("select", common, made("option", { value: "" }, speech.say(empty)));
  for (const level of field.variable.levels) {
    select.append(made("option", { value: level }, speech.own(level)));
  }
  select.value = state.typed[field.id] ?? "";
  return select;
}

function fieldOf(field) {
  const input = control(field);
  const box = made(
    "div", { class: "field" },
    made("label", { for: input.id }, nameOf(field)),
    input,
    made("p", { class: "help", id: `h-${field.id}` }, helpOf(field)),
  );
  if (field.signature?.features) box.append(tableOf(field));
  box.append(made("p", { class: "error", id: `e-${field.id}` }));
  input.addEventListener("input", () => {
    state.typed[field.id] = input.validity.badInput ? "?" : input.value;
    delete state.features[field.id];
    refresh();
  });
  return box;
}

/** Return the choice of a file with a signature's features; it is read here, and goes nowhere. */
function tableOf(field) {
  const id = `t-${field.id}`;
  const file = made("input", { type: "file", id, accept: ".csv,.tsv,.txt,text/csv" });
  const said = made("p", { class: "help", role: "status" });
  file.addEventListener("change", async () => {
    const row = file.files.length ? oneRow(await file.files[0].text()) : null;
    if (row === null) {
      said.textContent = file.files.length ? speech.say("features_wrong") : "";
      return;
    }
    const { score, whole } = signatureOf(field.signature.features, row);
    state.features[field.id] = row;
    if (whole) setField(field.id, String(score));
    said.textContent = whole ? speech.say("features_read", { score: general(score) }) : "";
    refresh();
  });
  const count = field.signature.features.names.length;
  const name = made("label", { for: id }, speech.say("features_file", { count }));
  return made("div", { class: "table-of" }, name, file, said);
}

function setField(id, value) {
  state.typed[id] = value;
  const input = at(`f-${id}`);
  if (input) input.value = value;
}

function buildForm() {
  const form = at("fields");
  form.replaceChildren();
  if (content.models.length > 1) {
    const select = made("select", { id: "model" });
    for (const model of content.models) select.append(made("option", { value: model.name }, model.name));
    select.value = state.model;
    select.addEventListener("change", () => {
      state.model = select.value;
      buildForm();
      refresh();
      at("model").focus();
    });
    const name = made("label", { for: "model" }, speech.say("model"));
    form.append(made("div", { class: "field" }, name, select));
  }
  for (const field of fieldsOf(modelOf(content, state.model))) form.append(fieldOf(field));
}

// ---- what is said ---------------------------------------------------------------------------

function valuesOf() {
  const model = modelOf(content, state.model);
  const scores = Object.fromEntries(model.signatures.map((key) => [key, state.typed[key]]));
  return { clinical: state.typed, scores, features: state.features };
}

/** Return what was typed as one text: what the server said holds while this stays the same. */
const typedNow = () => JSON.stringify([state.model, state.typed]);

function refresh() {
  const found = predict(content, state.model, valuesOf());
  if (state.given?.typed === typedNow() && !found.problems.length) {
    found.interval = { text: state.given.note };
    for (const one of found.survival) Object.assign(one, state.given.limits[general(one.time, 12)]);
  }
  showProblems(found.problems);
  at("result").hidden = found.problems.length > 0;
  at("waiting").hidden = found.problems.length === 0;
  if (found.problems.length) {
    const fields = fieldsOf(modelOf(content, state.model));
    const wrong = new Set(found.problems.map((one) => one.field));
    const names = fields.filter((one) => wrong.has(one.id)).map(nameOf);
    at("waiting").textContent = speech.say("waiting", { fields: speech.list(names) });
  } else showPrediction(found);
  keepInAddress();
}

function showProblems(problems) {
  for (const field of fieldsOf(modelOf(content, state.model))) {
    const own = problems.find((one) => one.field === field.id && one.code !== "missing");
    const [input, said] = [at(`f-${field.id}`), at(`e-${field.id}`)];
    said.textContent = own ? problemSentence(speech, own) : "";
    if (own) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

/** Return where the intervals come from, or why there are none. */
function intervalNote(interval) {
  if (interval.text) return interval.text;
  const nameOfKey = (key) => speech.own(content.variables.find((one) => one.key === key).label);
  const names = speech.list((interval.missing ?? []).map(nameOfKey));
  return speech.say(`interval_${interval.code}`, { n: interval.n, names });
}

function showPrediction(found) {
  at("risks").replaceChildren(
    ...found.survival.map((one) =>
      made(
        "p", { class: "risk" },
        made("strong", {}, riskSentence(speech, content, one)),
        " ", made("span", { class: "interval" }, intervalSentence(speech, one)),
      )),
    ...(competing ? [made("p", { class: "small" }, speech.say("competing_note", othersOf()))] : []),
  );
  showTable(found);
  at("interval-note").textContent = intervalNote(found.interval);
  showSummary(found);
  const warnings = found.warnings.map((one) => made("li", {}, warningSentence(speech, one)));
  at("warnings").replaceChildren(...warnings);
  at("warned").hidden = warnings.length === 0;
  at("plain").value = plainText(found);
  draw(found);
}

/** Return the names of the events that may come first, for a sentence. */
const othersOf = () => ({
  event: speech.own(content.event), others: speech.list(content.competing.map(speech.own)),
});

function showTable(found) {
  const { say, percent } = speech;
  // Where events compete, 1 - risk is no survival: who lacks the event may have had another.
  const head = ["horizon", "event_risk", ...(competing ? [] : ["survival", "interval"])];
  const rows = found.survival.map((one) => {
    const time = speech.timeOf(one.time, content.unit);
    const known = one.value !== null;
    const bounded = known && one.low !== null;
    const interval = bounded ? say("to", { low: percent(one.low), high: percent(one.high) }) : say("none");
    const cells = known ? [percent(1 - one.value), percent(one.value), interval] : ["–", "–", "–"];
    const shown = cells.slice(0, head.length - 1).map((c) => made("td", {}, c));
    return made("tr", {}, made("th", { scope: "row" }, time), ...shown);
  });
  at("horizons").replaceChildren(
    made("thead", {}, made("tr", {}, ...head.map((key) => made("th", { scope: "col" }, say(key))))),
    made("tbody", {}, ...rows),
  );
}

function showSummary(found) {
  const { say, own, percent, list } = speech;
  const first = speech.timeOf(found.survival[0].time, content.unit);
  const cuts = list(content.risk_cuts.map(percent));
  const parted = cuts ? say("group_cuts", { cuts, time: first }) : say("group_median");
  const items = [[say("group"), own(found.group), parted]];
  if (found.totalPoints !== null) items.push([say("total_points"), found.totalPoints.toFixed(1), ""]);
  items.push([say("linear_predictor"), found.linearPredictor.toFixed(3), ""]);
  at("summary").replaceChildren(
    ...items.map(([name, value, note]) =>
      made("div", {}, made("dt", {}, name), made("dd", {}, made("b", {}, value), " ", note))),
  );
}

function plainText(found) {
  const { say, own, percent } = speech;
  const fields = fieldsOf(modelOf(content, state.model));
  const lines = [
    `${content.title}, ${found.model}. ${say("research_use")}.`,
    ...fields.map((one) => `${nameOf(one)}: ${own(String(state.typed[one.id] || say("not_known")))}`),
    "",
  ];
  for (const one of found.survival) {
    lines.push(`${riskSentence(speech, content, one)} ${intervalSentence(speech, one)}`.trim());
    if (one.value === null) continue;
    const time = speech.timeOf(one.time, content.unit);
    lines.push(
      competing
        ? `${say("risk_at", { time })}: ${percent(1 - one.value)}`
        : `${say("survival_at", { time })}: ${percent(one.value)}`,
    );
  }
  if (competing) lines.push(say("competing_note", othersOf()));
  lines.push(`${say("group")}: ${own(found.group)}`, standingSentence(speech, found.standing));
  lines.push(...found.warnings.map((one) => warningSentence(speech, one)), "", at("made").textContent);
  return lines.join("\n");
}

// ---- figures --------------------------------------------------------------------------------

function draw(found) {
  const { say } = speech;
  const width = Math.max(280, Math.floor(at("curve").clientWidth));
  const shownOf = (one) =>
    competing && one.value !== null ? { ...one, value: 1 - one.value } : one;
  const marks = found.survival.map(shownOf);
  const said = marks
    .filter((one) => one.value !== null)
    .map((one) => `${speech.timeOf(one.time, content.unit)} ${speech.percent(one.value)}`);
  const axisName = say("curve_axis", { unit: speech.own(content.unit) });
  const alt = say(competing ? "curve_risk_alt" : "curve_alt", { points: speech.list(said) });
  at("curve").replaceChildren(drawCurve(found.curve.map(shownOf), marks, axisName, width, alt));
  const ends = [say("lower_risk"), say("higher_risk")];
  at("standing").replaceChildren(drawStanding(found.standing, ends, width, say("standing_alt")));
  at("stands").hidden = modelOf(content, state.model).terms.length === 0;
  at("standing-said").textContent = standingSentence(speech, found.standing);
  const rows = nomogramRows(found);
  const wide = Math.max(280, Math.floor(at("nomogram").clientWidth));
  const points = speech.list(rows.filter((one) => one.value !== null).map((one) => `${one.name} ${one.said}`));
  at("nomogram").replaceChildren(
    rows.length ? drawNomogram(rows, wide, say("nomogram_alt", { points })) : say(whyNoNomogram()),
  );
}

/** Return the sentence of a model that has no nomogram: a bundle may hold none, or nothing bears on the risk. */
function whyNoNomogram() {
  if (competing) return "no_nomogram_competing";
  return modelOf(content, state.model).terms.length ? "no_nomogram_held" : "no_nomogram";
}

/** Say whether an axis goes back on itself, as that of a curve may. */
function turns(ticks) {
  const steps = ticks.slice(1).map((tick, k) => Math.sign(tick.points - ticks[k].points));
  return steps.some((step) => step > 0) && steps.some((step) => step < 0);
}

function nomogramRows(found) {
  const { say, own } = speech;
  const { nomogram } = modelOf(content, state.model);
  if (!nomogram) return [];
  const tenths = Array.from({ length: 11 }, (_, k) => ({ label: String(10 * k), points: 10 * k }));
  const rows = [{ name: say("points"), ticks: tenths, reach: 100, value: null, said: "", alternate: false }];
  for (const axis of nomogram.axes) {
    const { points } = found.points.find((one) => one.name === axis.name);
    rows.push({
      name: axis.unit
        ? say("field_with_unit", { label: axisName(speech, content, axis), unit: own(axis.unit) })
        : axisName(speech, content, axis),
      ticks: axis.ticks.map((tick) => ({ ...tick, label: own(tick.label) })),
      reach: 100,
      value: points,
      said: points === null ? "" : say("points_of", { n: points.toFixed(1) }),
      alternate: axis.type === "categorical" || turns(axis.ticks),
    });
  }
  const reach = Math.max(...nomogram.total_ticks);
  const total = nomogram.total_ticks.map((one) => ({ label: general(one), points: one }));
  const ofCase = { reach, value: found.totalPoints, alternate: false };
  const sum = say("points_of", { n: found.totalPoints.toFixed(1) });
  rows.push({ ...ofCase, name: say("total_points"), ticks: total, said: sum });
  for (const axis of nomogram.survival) {
    const time = speech.timeOf(axis.horizon, content.unit);
    const one = found.survival.find((at) => at.time === axis.horizon);
    if (!axis.ticks.length || !one || one.value === null) continue;
    // Points are of the event's rate alone: at them no case's own risk can be read.
    const [name, said] = competing ? ["risk_at", ""] : ["survival_at", speech.percent(one.value)];
    const ticks = axis.ticks.map((tick) => ({
      ...tick, label: general(competing ? 1 - tick.value : tick.value, 2),
    }));
    rows.push({ ...ofCase, name: say(name, { time }), ticks, said });
  }
  return rows;
}

// ---- language, address, buttons -------------------------------------------------------------

/** Show every fixed text of the page in the chosen language. */
function speak() {
  speech = wordsOf(catalogue, state.language);
  const { say, own } = speech;
  document.documentElement.lang = say("locale");
  const facts = {
    outcome: own(content.outcome),
    ...othersOf(),
    cases: content.models[0].cases,
    events: content.models[0].events,
    protocol: own(content.protocol),
    version: content.trephine,
    note: content.simulated,
    fingerprint: (content.signed_by ?? "").slice(0, 16),
    megabytes: settings.megabytes ?? "",
  };
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.dataset.word, facts);
  }
  const ranks = content.models.flatMap((model) =>
    model.performance.filter((one) => one.value !== null).map((one) => {
      const [value, low, high] = [one.value, one.low, one.high].map((n) => n?.toFixed(2));
      const key = low === undefined ? "ranks_bare" : "ranks_line";
      return made("li", {}, `${model.name}: ${say(key, { value, low, high, kind: own(one.kind) })}`);
    }));
  at("ranks").replaceChildren(...ranks);
  buildForm();
  refresh();
}

/** Keep what was typed behind the address's #, which no browser sends anywhere. */
function keepInAddress() {
  const parts = new URLSearchParams({ model: state.model, lang: state.language });
  for (const field of fieldsOf(modelOf(content, state.model))) {
    const value = state.typed[field.id];
    if (value !== undefined && value !== "" && value !== "?") parts.set(`v.${field.id}`, value);
  }
  history.replaceState(null, "", `#${parts}`);
}

function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  if (parts.get("lang") in catalogue) state.language = parts.get("lang");
  if (content.models.some((one) => one.name === parts.get("model"))) state.model = parts.get("model");
  for (const [key, value] of parts) if (key.startsWith("v.")) state.typed[key.slice(2)] = value;
}

async function copy() {
  const text = at("plain").value;
  let key = "copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    at("plain").parentElement.hidden = false;
    at("plain").select();
    if (!document.execCommand("copy")) key = "not_copied";
  }
  at("copied").textContent = speech.say(key);
}

function start() {
  const choice = at("language");
  for (const [code, words] of Object.entries(catalogue)) {
    choice.append(made("option", { value: code, lang: words.locale }, words.language));
  }
  readAddress();
  choice.value = state.language;
  choice.addEventListener("change", () => {
    state.language = choice.value;
    speak();
    document.dispatchEvent(new CustomEvent("trephine:language", { detail: state.language }));
  });
  at("clear").addEventListener("click", () => {
    state.typed = {};
    state.features = {};
    buildForm();
    refresh();
  });
  at("print").addEventListener("click", () => window.print());
  at("copy").addEventListener("click", copy);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width !== innerWidth) refresh();
    width = innerWidth;
  });
  speak();
}

start();

/** What the part of the page that uploads needs of this one. */
export const calculator = {
  content,
  settings,
  say: (key, values) => speech.say(key, values),
  list: (parts) => speech.list(parts),
  /** Return names of clinical fields that are still needed, and the values of the others. */
  clinical() {
    const model = modelOf(content, state.model);
    const { problems } = designOf(content, model, valuesOf());
    const fields = fieldsOf(model).filter((one) => !one.signature);
    const wrong = fields.filter((one) => problems.some((problem) => problem.field === one.id));
    const values = Object.fromEntries(fields.map((one) => [one.id, state.typed[one.id] ?? ""]));
    return { model: model.name, values, wrong: wrong.map(nameOf) };
  },
  /** Show what the server measured: scores, and limits of survival by horizon. */
  fill({ scores, survival, interval_note: note }) {
    state.features = {};
    for (const [key, score] of Object.entries(scores)) setField(key, String(score));
    const limits = Object.fromEntries(
      Object.entries(survival).map(([time, { low, high }]) => [time, { low, high }]),
    );
    state.given = { typed: typedNow(), limits, note };
    refresh();
  },
};
