// Keys, and the sheet that lists them.

import { acceptSuggestion } from "./drawing.mjs";
import { node } from "./panels.mjs";
import { TOOLS, dropDraft, finish, keyOnHandle, place, removeSelected } from "./tools.mjs";
import { text } from "./words.mjs";

const OTHERS = [
  ["R / L", "keys_side"], ["PageUp / PageDown", "keys_case"], [", / .", "keys_plane"], ["1 / 2 / 3", "keys_presets"], ["I", "invert"],
  ["+ / −", "keys_zoom"], ["0", "keys_fit"], ["[ / ]", "keys_brush"], ["G", "suggest"], ["Y / N", "keys_suggestion"],
  ["Ctrl+Z / Ctrl+Y", "keys_undo"], ["Enter", "keys_finish"], ["Escape", "keys_drop"], ["Delete", "keys_remove"],
  ["← ↑ → ↓", "keys_arrows"], ["Shift + ← ↑ → ↓", "keys_shift"], ["␣", "keys_space"], ["?", "help"],
];

/** Fill the sheet of keys. */
export function makeSheet() {
  const rows = [...TOOLS.map(([name, key]) => [key.toUpperCase(), `tool_${name}`]), ...OTHERS];
  document.querySelector("#keys-table tbody").append(...rows.map(([keys, word]) => node("tr", {}, node("th", { scope: "row" }, node("kbd", {}, keys)), node("td", {}, text(word)))));
}

const typing = (event) => event.target.closest("input, select, textarea, dialog") !== null;

/** Follow keys on the whole page. */
export function followKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (typing(event) && !(event.key.startsWith("Page") && event.target.type !== "number")) return;
    if (act(app, event)) event.preventDefault();
  });
}

function act(app, event) {
  if (event.ctrlKey || event.metaKey) return undoing(app, event);
  if (event.altKey) return false;
  if (event.target.closest?.("[data-key]") && app.overlay.contains(event.target) && keyOnHandle(app, event)) return true;
  if (event.target === app.viewport && crosshair(app, event)) return true;
  const onControl = event.target.closest?.("button, a, summary") !== null && event.target.closest?.("button, a, summary") !== undefined;
  if (onControl && (event.key === "Enter" || event.key === " ")) return false;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const tool = TOOLS.find(([, letter]) => letter === key);
  if (tool) {
    app.choose(tool[0]);
    return true;
  }
  const found = commands(app)[key];
  if (!found) return false;
  found();
  return true;
}

function undoing(app, event) {
  const key = event.key.toLowerCase();
  if (key === "z") app.undo(event.shiftKey);
  else if (key === "y") app.undo(true);
  else return false;
  return true;
}

function commands(app) {
  const offered = () => app.suggestions.find((one) => one.side === app.selected?.suggestion) ?? app.suggestions[0];
  return {
    r: () => app.setSide("R"), l: () => app.setSide("L"), PageUp: () => app.step(-1), PageDown: () => app.step(1),
    ",": () => app.showPlane(app.plane.axis, app.plane.index - 1), ".": () => app.showPlane(app.plane.axis, app.plane.index + 1),
    1: () => app.preset("bone"), 2: () => app.preset("whole"), 3: () => app.preset("region"), i: () => app.invert(),
    "+": () => app.zoom(1.25), "=": () => app.zoom(1.25), "-": () => app.zoom(0.8), 0: () => app.fit("both"),
    "[": () => app.setBrush(app.brush / 1.25), "]": () => app.setBrush(app.brush * 1.25),
    g: () => app.suggest(), y: () => offered() && acceptSuggestion(app, offered()), n: () => offered() && app.refuse(offered().side),
    Enter: () => finish(app), Escape: () => app.escape(), Delete: () => removeSelected(app), Backspace: () => removeSelected(app),
    "?": () => document.getElementById("sheet").showModal(),
  };
}

/** Move the cross on the picture, and put places down at it. */
function crosshair(app, event) {
  const way = app.view.mirrored ? -1 : 1;
  const steps = { ArrowLeft: [-way, 0], ArrowRight: [way, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in steps) {
    const size = event.shiftKey ? 10 : 1;
    const [dx, dy] = steps[event.key];
    app.cross = app.cross ?? app.view.toPicture([app.view.size[0] / 2, app.view.size[1] / 2]).map(Math.round);
    app.cross = [app.cross[0] + dx * size, app.cross[1] + dy * size];
    app.say(text("cross_at", { x: app.cross[0], y: app.cross[1] }));
    app.readOut(app.cross);
    app.draw();
    return true;
  }
  if (event.key === " ") {
    app.cross = app.cross ?? app.view.toPicture([app.view.size[0] / 2, app.view.size[1] / 2]).map(Math.round);
    if (!["select", "pan", "window"].includes(app.tool)) place(app, app.cross);
    return true;
  }
  return false;
}

export { dropDraft };
