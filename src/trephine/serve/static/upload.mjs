// The part of the served page that uploads a radiograph; the server measures it and keeps nothing.

import { calculator } from "./page.mjs";

const at = (id) => document.getElementById(id);
const form = at("upload");
const { say, list, settings } = calculator;

function told(said, wrong = "") {
  at("upload-said").textContent = said;
  at("upload-wrong").textContent = wrong;
}

/** Show what the server warns of: it has seen the image and the mask. */
function warn(warnings) {
  const items = warnings.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  });
  at("upload-warnings").replaceChildren(...items);
}

async function answerOf(body) {
  const answer = await fetch(settings.images, {
    method: "POST",
    headers: { "X-Trephine-CSRF": settings.mark },
    body,
  });
  const content = await answer.json().catch(() => ({ detail: String(answer.status) }));
  if (!answer.ok) throw new Error(content.detail);
  return content;
}

// One picture, or one for each image of a case under its name.
function show(pictures) {
  at("seen").hidden = !Object.keys(pictures).length;
  at("saliency").replaceChildren(
    ...Object.entries(pictures).flatMap(([name, picture]) => {
      const shown = Object.assign(document.createElement("img"), {
        className: "seen",
        src: `data:image/png;base64,${picture}`,
        alt: `${name} ${say("saliency")}`.trim(),
      });
      const called = Object.assign(document.createElement("p"), { className: "small", textContent: name });
      return name ? [called, shown] : [shown];
    }),
  );
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const parts = [...form.querySelectorAll("input.part")].filter((one) => one.files.length);
  // Of several images of a case, some may be missing: whether it can do without, the server says.
  const all = parts.length === form.querySelectorAll("input.part").length;
  if (!parts.length || !(all || calculator.content.images.length)) return told("", say("upload_missing"));
  const { model, values, wrong } = calculator.clinical();
  if (wrong.length) return told("", say("upload_fields", { fields: list(wrong) }));
  const body = new FormData();
  // The files' own names stay here: they may name a patient.
  for (const one of parts) body.append(one.name, one.files[0], one.name);
  body.append("model", model);
  body.append("clinical", JSON.stringify(values));
  for (const name of ["side", "centre"]) if (at(name)?.value) body.append(name, at(name).value);
  at("measure").disabled = true;
  told(say("measuring"));
  try {
    const { prediction, saliency_png: one, saliency_pngs: several } = await answerOf(body);
    calculator.fill(prediction);
    warn(prediction.warnings);
    show(one ? { "": one } : several);
    told(say("measured"));
  } catch (error) {
    told("", `${say("upload_failed")} ${error.message}`);
  }
  at("measure").disabled = false;
  return undefined;
});
