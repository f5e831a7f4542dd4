// The page on which a rater draws: opens images, shows them, and keeps what is drawn with the server.

import { applied } from "./drawing.mjs";
import { fresh, Session } from "./session.mjs";
import { followKeys, makeSheet } from "./keys.mjs";
import { drawOverlay, measureSaid } from "./overlay.mjs";
import { listed, makeChoices, makePalette, showComparison, showList, showMeasures, showNotices, showRegions, showTool } from "./panels.mjs";
import { pictureOf } from "./picture.mjs";
import { circleOf } from "./shapes.mjs";
import { dropDraft, followPointers, settle } from "./tools.mjs";
import { View } from "./view.mjs";
import { number, text } from "./words.mjs";

const id = (name) => document.getElementById(name);
const settings = JSON.parse(id("settings").textContent);
const LOOK_EVERY_MS = 4000;
const SHARPEST = 1.5;

class App {
  constructor() {
    Object.assign(this, {
      session: new Session(settings), rater: settings.rater, view: new View(), viewport: id("viewport"), overlay: id("overlay"),
      canvas: id("canvas"), context: id("canvas").getContext("2d", { alpha: false }), cases: [], address: "", facts: null, picture: null,
      reading: null, plane: { axis: 0, index: 0 }, planes: 1, tool: "select", side: "R", regionName: "head", mode: "add", brush: 3,
      smoothing: 1, grey: { level: 32768, width: 65536, inverted: false }, selected: null, suggestions: [], comparison: null,
      mayCompare: null, draft: null, editing: null, growing: null, cross: null, handles: new Map(), notices: [], frames: 0, wanted: false,
    });
    this.session.onState = (state, detail) => this.showSaved(state, detail);
  }

  get spacing() {
    return this.view.spacing;
  }

  say(words) {
    id("said").textContent = words;
  }

  // ---- images ----------------------------------------------------------------------------------

  async begin() {
    this.cases = (await this.session.json("list")).cases;
    showList(this);
    const first = this.cases.find((one) => one.address === window.location.hash.slice(1)) ?? this.cases.find((one) => one.state === "open") ?? this.cases[0];
    if (first) await this.open(first.address);
  }

  async open(address) {
    settle(this);
    await this.session.queue;
    const ticket = (this.opening = fresh());
    Object.assign(this, { address, picture: null, reading: null, suggestions: [], comparison: null, selected: null, editing: null, growing: null, draft: null, cross: null, plane: { axis: 0, index: 0 } });
    window.history.replaceState(null, "", `#${address}`);
    const row = this.cases.find((one) => one.address === address);
    id("case-name").textContent = row.name;
    id("waiting").hidden = false;
    // Until the reading is there, what a click would start from belongs to another image.
    id("start").hidden = true;
    id("saved").textContent = "";
    this.notices = [];
    try {
      const answer = await this.session.get(`cases/${address}/opening`);
      const facts = JSON.parse(answer.headers.get("x-facts"));
      const picture = await pictureOf(answer);
      if (ticket !== this.opening) return;
      this.facts = facts;
      const [first] = facts.shape;
      this.planes = facts.shape.length === 3 ? first : 1;
      this.plane = { axis: 0, index: this.planes > 1 ? first >> 1 : 0 };
      this.showPicture(picture, true);
      await this.loadReading(ticket);
      if (ticket === this.opening) id("start").hidden = !facts.has_mask;
    } catch (error) {
      if (ticket !== this.opening) return;
      this.notices = ["cannot_open"];
      id("hint").textContent = error.detail ?? "";
      showNotices(this);
    }
    if (ticket !== this.opening) return;
    id("waiting").hidden = true;
    showList(this);
  }

  async loadPlane(ticket, whole) {
    const { axis, index } = this.plane;
    const picture = await pictureOf(await this.session.get(`cases/${this.address}/picture`, { axis, index }));
    if (ticket === this.opening && axis === this.plane.axis && index === this.plane.index) this.showPicture(picture, whole);
  }

  showPicture(picture, whole) {
    const { axis } = this.plane;
    this.picture = picture;
    const kept = this.facts.shape.length === 3 ? [0, 1, 2].filter((one) => one !== axis) : [0, 1];
    this.view.spacing = kept.map((one) => this.facts.spacing_mm[one]);
    this.view.shape = [picture.rows, picture.columns];
    this.view.mirrored = this.facts.sides[axis][0] === "L";
    if (whole) {
      this.fit("both");
      this.preset("whole");
    }
    this.showPlanes();
    this.show();
    performance.mark("picture-shown");
  }

  async loadReading(ticket) {
    if (this.session.unsaved) return; // the last of those that are sent asks again
    const reading = await this.session.json(`cases/${this.address}/reading`, this.plane);
    // Of answers that overtook each other the older one says nothing.
    if (ticket !== this.opening || this.session.unsaved || reading.revision < (this.reading?.revision ?? 0)) return;
    this.mayCompare = reading.compare;
    this.notices = this.notices.filter((one) => one === "changed_elsewhere");
    if (reading.others) this.notices.push("open_elsewhere");
    this.take(reading);
  }

  async showPlane(axis, index) {
    const count = this.facts?.shape.length === 3 ? this.facts.shape[axis] : 1;
    const within = Math.min(Math.max(index, 0), count - 1);
    if (count < 2 || (axis === this.plane.axis && within === this.plane.index)) return;
    const turned = axis !== this.plane.axis;
    settle(this);
    this.plane = { axis, index: within };
    this.planes = count;
    dropDraft(this);
    await Promise.all([this.loadPlane(this.opening, turned), this.loadReading(this.opening)]);
    if (this.comparison) await this.compare(true);
    this.say(text("plane_said", { index: within + 1, count }));
  }

  showPlanes() {
    const is3d = this.facts.shape.length === 3;
    id("planes").hidden = !is3d;
    if (!is3d) return;
    const letters = this.facts.sides;
    const name = (axis) => ["plane_axial", "plane_coronal", "plane_sagittal"].find((_, k) => {
      const shown = letters[axis].join("");
      return [/R.*A|L.*A|A.*R|A.*L|R.*P|L.*P|P.*R|P.*L/, /[RL].*[HF]|[HF].*[RL]/, /[AP].*[HF]|[HF].*[AP]/][k].test(shown);
    });
    id("axis").replaceChildren(...[0, 1, 2].map((axis) => new Option(name(axis) ? text(name(axis)) : String(axis + 1), axis, false, axis === this.plane.axis)));
    Object.assign(id("index"), { max: this.planes - 1, value: this.plane.index });
    id("index-said").textContent = `${this.plane.index + 1} / ${this.planes}`;
  }

  // ---- reading ---------------------------------------------------------------------------------

  take(reading) {
    // The revision counts on as operations are saved; what is shown is that of this answer.
    this.reading = { ...reading, shown: reading.revision };
    if (!this.mayCompare) this.comparison = null;
    id("state").value = reading.state;
    id("undo").disabled = !reading.undoable;
    id("redo").disabled = !reading.redoable;
    const row = this.cases.find((one) => one.address === this.address);
    if (row && (row.state !== reading.state)) {
      row.state = reading.state;
      showList(this);
    }
    const ids = [...reading.regions.map((one) => one.region_id), ...reading.measures.map((one) => one.measure_id)];
    if (this.selected?.id && !ids.includes(this.selected.id)) this.selected = null;
    this.showAll();
  }

  async operate(operation) {
    if (this.settling) settle(this); // a handle that was just moved by keys is saved first
    const { address } = this;
    let saved = false;
    // What was drawn stands at once, so that the next stroke joins it; it is saved when that is said.
    Object.assign(this.reading, applied(this.reading, operation));
    this.editing = null;
    try {
      saved = await this.session.send(address, () => this.reading, operation);
    } catch {
      this.showSaved("refused", "");
    }
    if (address !== this.address) return null;
    await this.loadReading(this.opening).catch(() => this.showNotSeen());
    return saved ? this.reading : null;
  }

  showNotSeen() {
    if (!this.notices.includes("not_seen")) this.notices.push("not_seen");
    showNotices(this);
  }

  undo(back) {
    if (back ? this.reading?.redoable : this.reading?.undoable) this.operate({ do: back ? "redo" : "undo" });
  }

  showSaved(state, detail = "") {
    const said = id("saved");
    said.textContent = `${text(`saved_${state}`)}${detail && state === "refused" ? ` ${detail}` : ""}`;
    said.dataset.state = state;
    if (state === "stale" && !this.notices.includes("changed_elsewhere")) this.notices.push("changed_elsewhere");
  }

  async look() {
    if (!this.address || !this.reading || this.session.unsaved) return;
    const found = await this.session.json(`cases/${this.address}/standing`);
    const elsewhere = this.notices.filter((one) => one !== "open_elsewhere");
    this.notices = found.others ? [...elsewhere, "open_elsewhere"] : elsewhere;
    if (found.revision !== this.reading.revision && !this.session.unsaved && !this.editing && !this.draft) {
      if (!this.notices.includes("changed_elsewhere")) this.notices.push("changed_elsewhere");
      await this.loadReading(this.opening);
    }
    showNotices(this);
  }

  async setState(state, reason = "") {
    const before = this.reading.state;
    const answer = await this.operate({ do: "set state", state, reason });
    if (!answer) id("state").value = before;
  }

  async mirror(region) {
    const found = await this.session.json(`cases/${this.address}/mirrored`, { region });
    const known = this.reading.regions.find((one) => one.side === found.side && one.name === found.name);
    const made = { ...found, region_id: known?.region_id ?? fresh("r") };
    if (await this.operate({ do: "put region", region: made })) this.select({ id: made.region_id, part: -1 });
  }

  async copy(regions) {
    for (const region of regions) await this.operate({ do: "put region", region });
  }

  async startFromMask() {
    const { regions } = await this.session.json(`cases/${this.address}/start`);
    await this.copy(regions);
  }

  async suggest() {
    this.say(text("looking"));
    id("hint").textContent = text("looking");
    const { suggestions } = await this.session.json(`cases/${this.address}/suggestions`, this.plane);
    // A film of one hip may not say which: it is the side that is being drawn.
    this.suggestions = suggestions.map((one) => ({ ...one, side: one.side || this.side || "R" }));
    if (suggestions.length) this.select({ suggestion: this.suggestions[0].side });
    showTool(this);
    this.say(text("suggested", { count: suggestions.length }));
    if (!suggestions.length) id("hint").textContent = text("suggested", { count: 0 });
    this.showAll();
  }

  refuse(side) {
    this.suggestions = this.suggestions.filter((one) => one.side !== side);
    this.select(this.suggestions.length ? { suggestion: this.suggestions[0].side } : null);
  }

  async compare(again = false) {
    if (this.comparison && !again) this.comparison = null;
    else this.comparison = await this.session.json(`cases/${this.address}/comparison`, this.plane);
    showComparison(this);
    this.draw();
  }

  // ---- what is chosen --------------------------------------------------------------------------

  select(what) {
    this.selected = what;
    if (what === null || what.id !== this.growing?.id) this.growing = null;
    if (this.reading) this.showAll();
  }

  choose(tool) {
    settle(this);
    this.tool = tool;
    dropDraft(this);
    showTool(this);
    this.say(`${text(`tool_${tool}`)}. ${text(`hint_${tool}`)}`);
  }

  escape() {
    if (this.editing) this.showSaved(this.session.unsaved ? "saving" : "saved");
    this.editing = null;
    if (this.draft || this.growing) dropDraft(this);
    else this.select(null);
  }

  setSide(side) {
    this.side = side;
    id("side").value = side;
    this.growing = null;
    this.say(id("side").selectedOptions[0].textContent);
  }

  setBrush(mm) {
    this.brush = Math.min(Math.max(Math.round(mm * 10) / 10, 0.2), 40);
    id("brush").value = this.brush;
  }

  saidOf(editing) {
    if (!editing) return "";
    if (editing.points) {
      const measure = this.reading.measures.find((one) => one.measure_id === editing.id);
      return measureSaid(this, measure);
    }
    const circle = circleOf(editing.shape, this.spacing);
    return circle ? text("circle_is", { mm: number(2 * circle.radius_mm), off: number(circle.residual_mm, 2) }) : "";
  }

  // ---- what is shown ---------------------------------------------------------------------------

  showAll() {
    showRegions(this);
    showMeasures(this);
    showNotices(this);
    showComparison(this);
    const shown = listed(this);
    id("case-count").textContent = text("case_count", { at: shown.findIndex((one) => one.address === this.address) + 1, all: shown.length });
    this.draw();
  }

  draw() {
    drawOverlay(this);
  }

  show() {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      if (this.picture) this.picture.draw(this.context, this.view, this.grey, this.ratio);
      drawOverlay(this);
      this.frames += 1;
    });
  }

  resize() {
    const { clientWidth, clientHeight } = this.viewport;
    this.ratio = Math.min(window.devicePixelRatio || 1, SHARPEST);
    this.canvas.width = Math.max(1, Math.round(clientWidth * this.ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * this.ratio));
    this.view.size = [clientWidth, clientHeight];
    if (this.picture && !this.placed) this.fit("both");
    this.show();
  }

  zoom(factor, at = [this.view.size[0] / 2, this.view.size[1] / 2]) {
    this.placed = true;
    this.view.zoomAt(factor, at);
    this.show();
  }

  fit(part) {
    this.placed = part !== "both";
    if (part === "both") this.view.fit();
    else {
      const right = (this.facts?.sides[this.plane.axis][0] || "R") === "R" ? "R" : "L";
      this.view.fit(...(part === right ? [0, 0.5] : [0.5, 1]));
    }
    this.show();
  }

  preset(name) {
    const ranges = { bone: [0.4, 0.998], whole: [0.005, 0.998], region: [0.01, 0.99] };
    const box = name === "region" ? this.regionBox() : null;
    const [low, high] = ranges[name].map((share) => this.picture.quantile(share, box));
    this.grey = { ...this.grey, level: (low + high) / 2, width: Math.max(2, high - low) };
    this.limits = [this.picture.quantile(0), Math.max(this.picture.quantile(1), this.picture.quantile(0) + 2)];
    this.showGrey();
  }

  regionBox() {
    const outlines = Object.values(this.reading?.outlines ?? {}).flat();
    const own = this.selected?.id ? this.reading?.outlines[this.selected.id] ?? outlines : outlines;
    const points = own.flat();
    if (!points.length) return null;
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    const [rows, columns] = this.view.shape;
    return [Math.max(0, Math.floor(Math.min(...ys))), Math.min(rows, Math.ceil(Math.max(...ys))), Math.max(0, Math.floor(Math.min(...xs))), Math.min(columns, Math.ceil(Math.max(...xs)))];
  }

  changeGrey(dx, dy) {
    const step = (this.limits[1] - this.limits[0]) / 600;
    const width = Math.max(2, this.grey.width + dx * step);
    this.grey = { ...this.grey, width, level: this.grey.level + dy * step };
    this.showGrey();
  }

  changeTo(values) {
    this.grey = { ...this.grey, ...values };
    this.show();
  }

  invert() {
    this.grey = { ...this.grey, inverted: !this.grey.inverted };
    id("invert").setAttribute("aria-pressed", String(this.grey.inverted));
    this.show();
  }

  showGrey() {
    const [low, high] = this.limits;
    Object.assign(id("level"), { min: low, max: high, value: this.grey.level });
    Object.assign(id("width"), { min: 2, max: 2 * (high - low), value: this.grey.width });
    this.show();
  }

  readOut([x, y]) {
    const value = this.picture?.at(x, y);
    const grey = value === null || value === undefined ? "–" : number(value * this.facts.step + this.facts.low, this.facts.step === 1 ? 0 : 2);
    id("readout").textContent = `x ${Math.round(x)}  y ${Math.round(y)}  ${grey}`;
  }

  step(by) {
    const shown = listed(this);
    const at = shown.findIndex((one) => one.address === this.address);
    const next = shown[at + by];
    if (next) this.open(next.address);
  }
}

function wire(app) {
  id("previous").addEventListener("click", () => app.step(-1));
  id("next").addEventListener("click", () => app.step(1));
  id("undo").addEventListener("click", () => app.undo(false));
  id("redo").addEventListener("click", () => app.undo(true));
  id("suggest").addEventListener("click", () => app.suggest());
  id("start").addEventListener("click", () => app.startFromMask());
  id("compare").addEventListener("click", () => app.compare());
  id("help").addEventListener("click", () => id("sheet").showModal());
  id("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  id("invert").addEventListener("click", () => app.invert());
  for (const one of document.querySelectorAll("[data-preset]")) one.addEventListener("click", () => app.preset(one.dataset.preset));
  for (const one of document.querySelectorAll("[data-shown]")) one.addEventListener("click", () => app.fit(one.dataset.shown));
  id("level").addEventListener("input", () => app.changeTo({ level: Number(id("level").value) }));
  id("width").addEventListener("input", () => app.changeTo({ width: Number(id("width").value) }));
  id("side").addEventListener("change", () => app.setSide(id("side").value));
  id("region").addEventListener("change", () => Object.assign(app, { regionName: id("region").value, growing: null }));
  id("mode").addEventListener("change", () => Object.assign(app, { mode: id("mode").value }));
  id("brush").addEventListener("change", () => app.setBrush(Number(id("brush").value)));
  id("smoothing").addEventListener("change", () => Object.assign(app, { smoothing: Number(id("smoothing").value) }));
  id("filter").addEventListener("change", () => showList(app));
  id("find").addEventListener("input", () => showList(app));
  id("axis").addEventListener("change", () => app.showPlane(Number(id("axis").value), app.facts.shape[Number(id("axis").value)] >> 1));
  id("index").addEventListener("input", () => app.showPlane(app.plane.axis, Number(id("index").value)));
  id("state").addEventListener("change", () => chooseState(app));
  id("excluding").addEventListener("close", () => {
    const reason = id("reason").value.trim();
    if (id("excluding").returnValue === "yes" && reason) app.setState("excluded", reason);
    else id("state").value = app.reading.state;
  });
  // Later, not at once: what is drawn anew while the focus moves to a handle would lose it.
  for (const name of ["focus", "blur"]) app.viewport.addEventListener(name, () => app.show());
}

function chooseState(app) {
  if (id("state").value !== "excluded") return app.setState(id("state").value);
  id("reason").value = app.reading.reason;
  return id("excluding").showModal();
}

const app = new App();
makePalette(app);
makeChoices();
makeSheet();
showTool(app);
wire(app);
followPointers(app);
followKeys(app);
new ResizeObserver(() => app.resize()).observe(app.viewport);
app.resize();
app.begin();
window.addEventListener("pagehide", () => app.session.leave(app.address));
setInterval(() => app.look().catch(() => {}), LOOK_EVERY_MS);
// Tests ask how many frames were drawn.
window.reading = { frames: () => app.frames, place: (x, y) => app.view.toScreen([x, y]), revision: () => app.reading?.shown ?? 0 };
