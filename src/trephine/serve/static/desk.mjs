// What the desk's pages do beside being pages: follow work, take dropped files, say that they wait.

const progress = document.getElementById("progress");

/** Show progress as the server sends it; its HTML is our own template's. */
function follow(place) {
  const stream = new EventSource(place.dataset.events);
  stream.addEventListener("message", (event) => {
    place.innerHTML = event.data;
  });
  stream.addEventListener("end", () => {
    stream.close();
    window.location.reload();
  });
}

/** Let a file that is dropped on a form's field be the one that the field chose. */
function takeDrops(form) {
  const [field, input] = [form.querySelector(".drop"), form.querySelector("input[type=file]")];
  for (const name of ["dragover", "dragleave", "drop"]) {
    field.addEventListener(name, (event) => {
      event.preventDefault();
      field.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
}

/** Say that the server works, and send a form once. */
function sayBusy(form) {
  form.addEventListener("submit", () => {
    const said = form.querySelector("[role=status]");
    if (said) said.textContent = form.dataset.busy;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
}

// ---- the data page: every choice is saved as it is made --------------------------------------

let waiting = null;
let sending = false;
let again = false;

/** Return what was changed in a form since its values were sent, and what is not whole yet. */
function changedSince(form, sent) {
  const now = [...new FormData(form)];
  const rater = now.filter(([name]) => name === "rater-new" || name === "masks-new");
  const half = rater.some(([, value]) => value) && !rater.every(([, value]) => value);
  return now.filter(([name, value]) => sent.get(name) !== value || (half && name.endsWith("-new")));
}

/** Put what the server answered in the place of what is shown, but for what was changed since. */
function replaceMain(page, sent) {
  const [before, fresh] = [document.getElementById("main"), page.getElementById("main")];
  const active = document.activeElement;
  const [id, caret] = [before.contains(active) ? active.id : "", active?.selectionStart ?? null];
  const later = changedSince(document.getElementById("choices"), sent);
  before.replaceWith(document.importNode(fresh, true));
  const form = document.getElementById("choices");
  for (const [name, value] of later) if (form.elements[name]) form.elements[name].value = value;
  const field = id && document.getElementById(id);
  if (field) {
    field.focus({ preventScroll: true });
    if (caret !== null && field.setSelectionRange) field.setSelectionRange(caret, caret);
  }
  const badge = page.querySelector(".rooms .stand");
  if (badge) document.querySelector(".rooms .stand").replaceWith(document.importNode(badge, true));
  prepare();
}

async function save() {
  if (sending) {
    again = true;
    return;
  }
  sending = true;
  const form = document.getElementById("choices");
  const said = () => document.getElementById("saved");
  said().textContent = said().dataset.saving;
  try {
    const sent = new FormData(form);
    const body = new URLSearchParams(sent);
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("choices")) throw new Error("no form");
    replaceMain(page, sent);
    said().textContent = answer.ok ? said().dataset.saved : "";
  } catch {
    said().textContent = said().dataset.failed;
  }
  sending = false;
  if (again) {
    again = false;
    await save();
  }
}

function saveSoon(after) {
  clearTimeout(waiting);
  waiting = setTimeout(save, after);
}

/** Keep the study file's text that is typed and not saved, until it is saved or typed back. */
function keepText(form) {
  const [text, said] = [form.querySelector("textarea"), document.getElementById("typed")];
  const key = `trephine:${form.dataset.text}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept !== null && kept !== text.value) {
    text.value = kept;
    said.textContent = said.dataset.typed;
  }
  text.addEventListener("input", () => {
    const same = text.value === text.defaultValue;
    if (same) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(text.value));
    said.textContent = same ? "" : said.dataset.typed;
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}

function prepare() {
  const choices = document.querySelector("form[data-saves]");
  if (choices) {
    choices.addEventListener("change", () => saveSoon(0));
    choices.addEventListener("input", (event) => {
      if (event.target.matches("input")) saveSoon(900);
    });
    choices.addEventListener("submit", (event) => {
      event.preventDefault();
      saveSoon(0);
    });
  }
  const text = document.querySelector("form[data-text]");
  if (text) keepText(text);
}

prepare();
if (progress) follow(progress);
for (const form of document.querySelectorAll("form[data-drop]")) takeDrops(form);
for (const form of document.querySelectorAll("form[data-busy]")) sayBusy(form);
// A page that the browser kept must not come back with its buttons off.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
