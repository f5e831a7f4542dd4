// The page's texts in its language.

const words = JSON.parse(document.getElementById("words").textContent);

/** Return a text with its places filled in. */
export function text(key, values = {}) {
  const found = words[key];
  if (found === undefined) throw new Error(`no text ${key}`);
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** Return a number with so many decimals, or a dash where there is none. */
export function number(value, decimals = 1) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toFixed(decimals);
}

/** Return the letter and name of a region, such as "R head". */
export function regionLabel(region) {
  const known = ["head", "lesion", "ring", "acetabulum"].includes(region.name);
  const name = known ? text(`region_${region.name}`) : region.name;
  return region.side ? `${region.side} ${name}` : name;
}
