// The words of the page in one language, and the study's own words beside them.

import { general } from "./arithmetic.mjs";

/** Return functions that word things in one language of the catalogue. */
export function wordsOf(catalogue, language) {
  const words = catalogue[language] ?? catalogue.en;
  const say = (key, values = {}) => {
    const text = words[key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
  /** Return a study's own word in this language where the glossary has it. */
  const own = (word) => {
    if (word in words.glossary) return words.glossary[word];
    const parts = /^(.+?)(: | \()(.+?)(\)?)$/.exec(word);
    return parts ? `${own(parts[1])}${parts[2]}${own(parts[3])}${parts[4]}` : word;
  };
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const timeOf = (horizon, unit) => {
    const perYear = { months: 12, weeks: 0, days: 0, years: 1 }[unit] ?? 0;
    const years = perYear ? horizon / perYear : 0.5;
    if (years === 1) return say("time_year");
    if (Number.isInteger(years)) return say("time_years", { n: years });
    return say("time_plain", { n: general(horizon, 6), unit: own(unit) });
  };
  return { say, own, percent, timeOf, list: (parts) => parts.join(words.list_comma) };
}

/** Return the name of a nomogram's axis: its predictor, and where those that it interacts with are held. */
export function axisName(speech, content, axis) {
  const { own, list } = speech;
  if (!axis.settings?.length) return own(axis.label);
  const known = (key) => content.variables.find((one) => one.key === key);
  const held = axis.settings.map(({ name, value }) => {
    const { label, unit } = known(name);
    const units = unit && Number.isFinite(Number(value)) ? own(unit) : "";
    const gap = units && !["%", "‰", "°"].includes(unit) ? " " : "";
    return `${own(label)} ${own(value)}${gap}${units}`;
  });
  return list([own(known(axis.variable).label), ...held]);
}

/** Return the sentence on the risk at one horizon: of 100 cases like this one. */
export function riskSentence(speech, content, at) {
  const time = speech.timeOf(at.time, content.unit);
  const event = speech.own(content.event);
  if (at.value === null) return speech.say("not_followed", { time });
  const n = 100 * (1 - at.value);
  const key = n < 0.5 ? "risk_none" : n > 99.5 ? "risk_all" : "risk_words";
  return speech.say(key, { n: Math.round(n), event, time });
}

/** Return the interval of that risk, empty where there is none. */
export function intervalSentence(speech, at) {
  if (at.low === null) return "";
  const [low, high] = [at.high, at.low].map((s) => Math.round(100 * (1 - s)));
  return speech.say("risk_interval", { low, high });
}

/** Return a warning in words. */
export function warningSentence(speech, one) {
  const { say, own, list } = speech;
  const words = { ...one };
  for (const key of ["value", "low", "high"]) {
    if (typeof words[key] === "number") words[key] = general(words[key]);
  }
  for (const key of ["distance", "reach"]) {
    if (key in words) words[key] = general(words[key], one.code === "jointly" ? 3 : 2);
  }
  for (const key of ["label", "reference"]) if (words[key]) words[key] = own(words[key]);
  if (typeof one.value === "string") words.value = own(one.value);
  if (one.missing) words.missing = one.missing.length;
  if (one.code === "landmark") words.time = speech.timeOf(one.time, one.unit);
  if (one.filled) {
    const shown = ({ label, value }) =>
      `${own(label)} ${typeof value === "number" ? general(value) : own(value)}`;
    words.values = list(one.filled.map(shown));
  }
  if (one.groups) {
    const [first, second] = one.groups.map(
      ({ label, level, bound }) => `${own(label)} ${bound ?? own(level)}`);
    Object.assign(words, { first, second });
  }
  return say(`warning_${one.code}`, words);
}

/** Return what is wrong with a field in words. */
export function problemSentence(speech, one) {
  const words = { ...one, missing: one.missing?.length };
  for (const key of ["low", "high"]) if (key in one) words[key] = general(one[key]);
  return speech.say(`problem_${one.code}`, words);
}

/** Return where the case stands among the training cases, in words. */
export function standingSentence(speech, share) {
  if (share <= 0) return speech.say("standing_lowest");
  if (share >= 1) return speech.say("standing_highest");
  return speech.say("standing_words", { n: Math.round(100 * share) });
}
