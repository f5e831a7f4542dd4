// A locked model's arithmetic, in the double precision of `trephine predict` and by its rules.
// Pure: takes a calculator's content and a case's values, knows no page. The words are the page's.

/** Return a number as Python's format(value, ".{digits}g") writes it. */
export function general(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const bare = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power < -4 || power >= digits) {
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${bare(mantissa)}e${power < 0 ? "-" : "+"}${size}`;
  }
  return bare(value.toFixed(Math.max(0, digits - 1 - power)));
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const absent = (value) => value === undefined || value === null || value === "";

/** Return a variable's value from what was typed: a number or a level, null where missing.
 *
 * A mistake is added to `problems`; a measure is computed from its two arcs.
 */
export function clinicalValue(variable, typed, problems) {
  if (variable.measure) {
    const arcs = variable.arcs.map((arc) => numberOf(arc, typed[arc], [0, 180], problems));
    if (arcs.some((arc) => arc === null)) return null;
    if (variable.measure === "combined_necrotic_angle") return arcs[0] + arcs[1];
    return (arcs[0] / 180) * (arcs[1] / 180) * 100;
  }
  const value = typed[variable.column];
  if (!variable.levels.length) return numberOf(variable.column, value, variable.range, problems);
  if (absent(value)) return null;
  if (variable.levels.includes(String(value))) return String(value);
  problems.push({ code: "level", field: variable.column });
  return null;
}

function numberOf(field, value, range, problems) {
  if (absent(value)) return null;
  const number = typeof value === "number" ? value : Number(value);
  if (!Number.isFinite(number)) {
    problems.push({ code: "number", field });
    return null;
  }
  if (range && !(range[0] <= number && number <= range[1])) {
    problems.push({ code: "range", field, low: range[0], high: range[1] });
    return null;
  }
  return number;
}

/** Return a signature's score of a case's features, and how far the case lies from training. */
export function signatureOf(features, values) {
  let score = 0;
  let squares = 0;
  const missing = [];
  features.names.forEach((name, j) => {
    const value = values[name];
    if (!isNumber(value)) {
      missing.push(name);
      return;
    }
    const far = (value - features.centre[j]) / features.scale[j];
    squares += far * far;
    let held = value;
    if (features.floor) held = Math.min(Math.max(value, features.floor[j]), features.ceiling[j]);
    score += ((held - features.centre[j]) / features.scale[j]) * features.weights[j];
  });
  const distance = Math.sqrt(squares / features.names.length);
  return { score, distance, missing, whole: missing.length < features.names.length };
}

/** Return the model of a name; the primary one without. */
export function modelOf(content, name) {
  return content.models.find((model) => model.name === name) ?? content.models[0];
}

/** Return a case's design row with problems and warnings.
 *
 * `values` holds `clinical` (by column), `scores` (of signatures, typed) and `features` (by
 * signature, then by name). Where both are given, the features count.
 */
export function designOf(content, model, values) {
  const problems = [];
  const warnings = [];
  const read = {};
  const raw = {};
  const filled = [];
  for (const key of model.variables) {
    const variable = content.variables.find((one) => one.key === key);
    const before = problems.length;
    let value = clinicalValue(variable, values.clinical ?? {}, problems);
    raw[key] = value;
    if (value === null && problems.length === before) {
      if (content.imputation) {
        const stored = content.imputation[key];
        value = variable.levels.length ? variable.levels[stored] : stored;
        filled.push({ label: variable.label, value });
      } else {
        for (const field of variable.arcs ?? [variable.column]) {
          if (absent((values.clinical ?? {})[field])) problems.push({ code: "missing", field });
        }
      }
    }
    read[key] = value;
  }
  if (filled.length) warnings.push({ code: "filled", filled });
  for (const key of model.interval.variables ?? []) {
    if (key in raw) continue;
    const variable = content.variables.find((one) => one.key === key);
    raw[key] = clinicalValue(variable, values.clinical ?? {}, problems);
  }
  const scores = {};
  const far = [];
  for (const key of model.signatures) {
    scores[key] = scoreOf(content, key, values, problems, warnings, far);
  }
  for (const key of model.variables) unseenLevel(content, model, key, read, warnings);
  unseenTogether(content, model, read, warnings);
  if (model.signatures.some((key) => signatureNamed(content, key).harmonised)) {
    warnings.push({ code: "centre" });
  }
  const design = model.terms.map((term) => columnOf(term, read, scores));
  if (!problems.length) {
    model.terms.forEach((term, j) => {
      // Of a spline's columns, the first is the value itself, and says it for all; a product's
      // parts have columns of their own.
      if (!term.bend && !partsOf(term).length && !(model.low[j] <= design[j] && design[j] <= model.high[j])) {
        const [value, low, high] = [design[j], model.low[j], model.high[j]];
        warnings.push({ code: "outside", label: term.label, value, low, high });
      }
    });
  }
  warnings.push(...far);
  if (!problems.length) warnings.push(...jointly(content, model, design));
  if (content.landmark !== null) {
    warnings.push({ code: "landmark", time: content.landmark, unit: content.unit });
  }
  if (content.updated) {
    warnings.push({ code: "updated", cases: content.updated.cases, events: content.updated.events });
  }
  if (content.simulated) warnings.push({ code: "simulated" });
  return { design, problems: distinct(problems), warnings, raw, scores };
}

/** Two measures may share an arc, and then find the same fault in it. */
function distinct(problems) {
  const seen = new Set();
  return problems.filter((one) => {
    const key = `${one.code}/${one.field}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Return how far a case lies from the training cases in all its values together. */
export function jointDistance({ centre, directions }, design) {
  let squares = 0;
  for (const direction of directions) {
    const along = direction.reduce((sum, unit, j) => sum + unit * (design[j] - centre[j]), 0);
    squares += along * along;
  }
  return Math.sqrt(squares);
}

/** Return warnings of values that do not go together as those of training did. */
function jointly(content, { joint, terms }, design) {
  if (!joint) return [];
  const found = [];
  if (joint === "unknown") {
    found.push({ code: "alone" });
    return found;
  }
  const distance = jointDistance(joint, design);
  if (distance > joint.reach) found.push({ code: "jointly", distance, reach: joint.reach });
  const ofGroups = (key) => terms
    .map((term, place) => ({ term, place }))
    .filter(({ term }) => term.variable === key && ["level", "at-least"].includes(term.kind));
  const within = ([key, place]) => place === null
    ? ofGroups(key).every((one) => design[one.place] === 0) : design[place] === 1;
  const named = ([key, place]) => {
    const { label } = content.variables.find((one) => one.key === key);
    const own = place === null ? ofGroups(key)[0].term : terms[place];
    if (own.kind === "level") return { label, level: place === null ? own.reference : own.level };
    return { label, bound: `${place === null ? "<" : "≥"} ${general(own.cut)}` };
  };
  for (const pair of joint.unseen) {
    if (pair.every(within)) found.push({ code: "unseen_pair", groups: pair.map(named) });
  }
  return found;
}

function signatureNamed(content, key) {
  return content.signatures.find((one) => one.key === key);
}

function scoreOf(content, key, values, problems, warnings, far) {
  const signature = signatureNamed(content, key);
  const given = values.features?.[key];
  if (given && signature.features) {
    const { names, reach } = signature.features;
    const found = signatureOf(signature.features, given);
    if (found.missing.length && !(content.fills_missing && found.whole)) {
      problems.push({ code: "features", field: key, missing: found.missing, count: names.length });
      return null;
    }
    if (found.missing.length) {
      warnings.push({ code: "mean", key, missing: found.missing, count: names.length });
    }
    if (found.distance > reach) {
      const label = signature.label;
      far.push({ code: "far", label, distance: found.distance, reach });
    }
    return found.score;
  }
  const score = numberOf(key, values.scores?.[key], null, problems);
  if (score === null && !problems.some((one) => one.field === key)) {
    problems.push({ code: "missing", field: key });
  }
  return score;
}

function unseenLevel(content, model, key, read, warnings) {
  const own = model.terms.filter((term) => term.variable === key && term.kind === "level");
  const value = read[key];
  if (!own.length || value === null) return;
  const reference = own[0].reference;
  if (value !== reference && !own.some((term) => term.level === value)) {
    const label = content.variables.find((one) => one.key === key).label;
    warnings.push({ code: "unseen", label, value, reference });
  }
}

/** Tell where two levels that interact occurred in no training case together. */
function unseenTogether(content, model, read, warnings) {
  const products = model.terms.filter((term) => partsOf(term).every((part) => part.kind === "level"));
  for (const key of new Set(products.filter((term) => partsOf(term).length).map((term) => term.variable))) {
    const own = products.filter((term) => term.variable === key);
    const pairs = own[0].parts.map((part) => ({ key: part.variable, value: read[part.variable] }));
    const known = pairs.every(({ key: variable, value }) =>
      model.terms.some((term) => term.variable === variable && term.level === value));
    if (!known || own.some((term) => term.parts.every((part, k) => part.level === pairs[k].value))) continue;
    const said = pairs.map(({ key: variable, value }) =>
      ({ label: content.variables.find((one) => one.key === variable).label, value }));
    warnings.push({ code: "apart", label: said[0].label, value: said[0].value,
      other: said[1].label, beside: said[1].value });
  }
}

/** Return the columns that a product multiplies; none of another term. */
const partsOf = (term) => term.parts ?? [];

/** Return a column of a restricted cubic spline, as trephine.regression.restricted_spline has it. */
function splineOf({ knots, bend }, value) {
  if (bend === 0) return value;
  const cube = (knot) => Math.max(value - knot, 0) ** 3;
  const [before, last] = knots.slice(-2);
  const own = knots[bend - 1];
  const gap = last - before;
  const sum = cube(own) - (cube(before) * (last - own)) / gap + (cube(last) * (before - own)) / gap;
  return sum / (last - knots[0]) ** 2;
}

/** The column of a clinical term of each kind, as trephine.modelling.terms has it. */
const COLUMNS = {
  linear: (term, value) => value,
  level: (term, value) => (value === term.level ? 1 : 0),
  "at-least": (term, value) => (value >= term.cut ? 1 : 0),
  spline: splineOf,
};

/** Return a case's value of a term. A kind that is not known here is an error, never a number. */
export function columnOf(term, read, scores) {
  if (term.kind === "signature") return scores[term.variable];
  if (term.kind === "product") {
    const [one, other] = term.parts.map((part) => columnOf(part, read, scores));
    return one === null || other === null ? null : one * other;
  }
  if (!Object.hasOwn(COLUMNS, term.kind)) {
    throw new Error(`expected a term of a kind that this calculator knows, found ${term.kind}`);
  }
  const value = read[term.variable];
  return value === null ? null : COLUMNS[term.kind](term, value);
}

/** Return the centred linear predictor of a design row; higher is worse. */
export function linearPredictor(model, design) {
  let sum = 0;
  for (let j = 0; j < design.length; j += 1) {
    sum += (design[j] - model.centre[j]) * model.coefficients[j];
  }
  return sum;
}

/** Return survival at the k-th of some steps; null past the last follow-up. */
export function survivalAt(lp, steps, k) {
  const hazard = steps.hazard[k];
  const value = hazard === null ? null : Math.exp(-(Math.exp(Math.min(lp, 700)) * hazard));
  return { time: steps.times[k], value, low: null, high: null };
}

/** Return 1 - risk of the event at some times, as trephine.modelling.absolute_risk has it.
 *
 * Where other events may come first, each of the event's times counts by the chance that none has
 * happened before; null past the last follow-up.
 */
function withoutEvent(rates, lp, design, times) {
  const ratios = rates.causes.map(({ columns, coefficients, centre }) =>
    columns.reduce((sum, place, j) => sum + (design[place] - centre[j]) * coefficients[j], 0));
  const [own, ...others] = [lp, ...ratios].map((one) => Math.exp(Math.min(one, 700)));
  const reached = [0];
  rates.steps.forEach((step, k) => {
    let total = own * rates.before[k];
    rates.causes.forEach(({ before }, j) => { total += others[j] * before[k]; });
    reached.push(reached[k] + Math.exp(-total) * own * step);
  });
  return times.map((time) => {
    const passed = rates.times.filter((one) => one <= time).length;
    const value = time <= rates.last ? 1 - Math.min(reached[passed], 1) : null;
    return { time, value, low: null, high: null };
  });
}

/** Return survival at some steps; where events compete, 1 - risk of the event. */
function survivalOver(model, lp, design, steps) {
  if (model.rates) return withoutEvent(model.rates, lp, design, steps.times);
  return steps.times.map((_, k) => survivalAt(lp, steps, k));
}

/** Enter the limits of survival at the horizons; the one place for intervals.
 *
 * Returns where they come from: {code, ...} with the code of `interval_` in the words.
 */
export function enterIntervals(content, model, raw, survival) {
  const { interval } = model;
  if (interval.kind === "none") return { code: interval.reason.replace(" ", "_") };
  const { refits, variables, fewest } = interval;
  const absentOnes = variables.filter((key) => raw[key] === null);
  if (absentOnes.length && refits.some((refit) => !refit.imputation)) {
    return { code: "values", missing: absentOnes };
  }
  const again = refits.map((refit) => refitSurvival(content, interval, refit, raw));
  survival.forEach((at, j) => {
    const known = again.map((one) => one[j]).filter((value) => value !== null);
    if (at.value === null || known.length < fewest) return;
    const [first, last] = interval.tails.map((tail) => quantile(known.map(logMinusLog), tail));
    const middle = logMinusLog(at.value);
    // More hazard is less survival.
    at.high = Math.max(at.value, ofHazard(middle + Math.min(first - middle, 0)));
    at.low = Math.min(at.value, ofHazard(middle + Math.max(last - middle, 0)));
  });
  const bounded = survival.some((at) => at.low !== null);
  return bounded ? { code: "refits", n: refits.length } : { code: "short" };
}

function refitSurvival(content, interval, refit, raw) {
  const read = {};
  interval.variables.forEach((key, place) => {
    if (raw[key] !== null) {
      read[key] = raw[key];
      return;
    }
    const stored = refit.imputation[place];
    const { levels } = content.variables.find((one) => one.key === key);
    read[key] = levels.length ? levels[stored] : stored;
  });
  const design = refit.terms.map((place) => columnOf(interval.terms[place], read, {}));
  const ratio = Math.exp(Math.min(linearPredictor(refit, design), 700));
  return refit.hazard.map((hazard) => (hazard === null ? null : Math.exp(-ratio * hazard)));
}

const logMinusLog = (share) => Math.log(-Math.log(Math.min(Math.max(share, 1e-12), 1 - 1e-12)));
const ofHazard = (hazard) => Math.exp(-Math.exp(Math.min(hazard, 700)));

/** Return a quantile as NumPy's default: straight between the values next to it. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const k = Math.floor(place);
  const part = place - k;
  const [a, b] = [sorted[k], sorted[Math.min(k + 1, sorted.length - 1)]];
  return part >= 0.5 ? b - (b - a) * (1 - part) : a + (b - a) * part;
}

/** Return the share of training cases whose linear predictor is lower, by tenths, from 0 to 1. */
export function standing(model, lp) {
  const marks = [model.range[0], ...model.deciles, model.range[1]];
  if (lp <= marks[0]) return 0;
  if (lp >= marks[10]) return 1;
  let k = 0;
  while (lp > marks[k + 1]) k += 1;
  const width = marks[k + 1] - marks[k];
  return (k + (width > 0 ? (lp - marks[k]) / width : 0)) / 10;
}

/** Return the number of a case's risk group, from 0. */
export function groupOf(content, model, lp, survival) {
  const first = survival[0].value;
  const byRisk = content.risk_cuts.length > 0 && first !== null;
  const edges = byRisk ? content.risk_cuts : [model.risk_cut];
  const score = byRisk ? 1 - first : lp;
  return edges.filter((edge) => edge < score).length;
}

/** Return the points of each axis of the nomogram, by its name.
 *
 * Where variables interact there are several axes, one for each value at which the others are held:
 * the one nearest to the case has its points, the others have null.
 */
export function pointsOf(model, design) {
  if (!model.nomogram) return [];
  const { axes, points_per_unit: scale } = model.nomogram;
  return axes.map((axis) => {
    const held = axis.settings ?? [];
    const within = [axis.variable || axis.name, ...held.map((one) => one.name)];
    let effect = 0;
    model.terms.forEach((term, j) => {
      const own = partsOf(term).length ? partsOf(term) : [term];
      if (own.every((part) => within.includes(part.variable))) {
        effect += model.coefficients[j] * design[j];
      }
    });
    const counts = held.every((one) => isNearest(one, axes, design));
    const lowestOf = held.length ? axis.lowest : lowest(model, axis);
    return { name: axis.name, points: counts ? scale * (effect - lowestOf) : null };
  });
}

/** Say whether no axis holds a variable nearer to the case's value than this setting does. */
function isNearest(setting, axes, design) {
  const distance = ({ columns, values }) =>
    columns.reduce((sum, place, k) => sum + Math.abs(design[place] - values[k]), 0);
  const same = axes.flatMap((axis) => axis.settings ?? []).filter((one) => one.name === setting.name);
  const nearest = same.reduce((best, one) => (distance(one) < distance(best) ? one : best));
  return nearest.value === setting.value;
}

/** Return the smallest effect over the ticks of an axis of its own, which has 0 points. */
function lowest(model, axis) {
  const own = model.terms
    .map((term, j) => ({ term, b: model.coefficients[j] }))
    .filter(({ term }) => term.variable === axis.name);
  if (axis.type === "categorical") return Math.min(0, ...own.map(({ b }) => b));
  const effect = (value) => {
    if (own[0].term.kind !== "spline") return value * own[0].b;
    return own.reduce((sum, { term, b }) => sum + b * splineOf(term, value), 0);
  };
  return Math.min(...axis.ticks.map((tick) => effect(tick.value)));
}

/** Return all that is said of a case; `problems` alone where it cannot be predicted. */
export function predict(content, name, values) {
  const model = modelOf(content, name);
  const { design, problems, warnings, raw, scores } = designOf(content, model, values);
  if (problems.length) return { model: model.name, problems, warnings: [] };
  const lp = linearPredictor(model, design);
  const { horizons, curve } = model;
  const survival = survivalOver(model, lp, design, horizons);
  const interval = enterIntervals(content, model, raw, survival);
  const group = groupOf(content, model, lp, survival);
  const { nomogram } = model;
  return {
    model: model.name,
    problems,
    warnings,
    scores,
    linearPredictor: lp,
    survival,
    interval,
    curve: survivalOver(model, lp, design, curve),
    group: content.groups.length > group ? content.groups[group] : content.groups.at(-1),
    standing: standing(model, lp),
    points: pointsOf(model, design),
    totalPoints: nomogram
      ? (lp - nomogram.zero_points_predictor) * nomogram.points_per_unit
      : null,
  };
}

/** Return the one row of a table with a header as numbers by column; null where it has none.
 *
 * Commas, semicolons and tabs part cells; quotation marks are taken off.
 */
export function oneRow(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim());
  if (lines.length !== 2) return null;
  const sign = ["\t", ";", ","].find((one) => lines[0].includes(one)) ?? ",";
  const [names, cells] = lines.map((line) => cellsOf(line, sign));
  if (names.length !== cells.length) return null;
  const row = {};
  names.forEach((name, j) => {
    const cell = sign === ";" ? cells[j].replace(",", ".") : cells[j];
    row[name] = cell.trim() === "" ? null : Number(cell);
  });
  return row;
}

function cellsOf(line, sign) {
  const cells = [];
  let cell = "";
  let quoted = false;
  for (const letter of line) {
    if (letter === '"') quoted = !quoted;
    else if (letter === sign && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += letter;
  }
  return [...cells, cell.trim()];
}
