// A picture of 16 bits, windowed into a canvas; only what the window shows is computed.

/** Return a picture of half the size, each pixel the mean of four. */
function halved({ rows, columns, values }) {
  const [high, wide] = [rows >> 1, columns >> 1];
  const half = new Uint16Array(high * wide);
  for (let y = 0; y < high; y += 1) {
    let from = 2 * y * columns;
    let to = y * wide;
    for (let x = 0; x < wide; x += 1, from += 2, to += 1) {
      half[to] = (values[from] + values[from + 1] + values[from + columns] + values[from + columns + 1] + 2) >> 2;
    }
  }
  return { rows: high, columns: wide, values: half };
}

/** Return the picture of an answer. */
export async function pictureOf(answer) {
  const [rows, columns] = ["x-rows", "x-columns"].map((name) => Number(answer.headers.get(name)));
  return new Picture(rows, columns, new Uint16Array(await answer.arrayBuffer()));
}

class Picture {
  constructor(rows, columns, values) {
    this.levels = [{ rows, columns, values }];
    while (Math.min(this.levels.at(-1).rows, this.levels.at(-1).columns) > 256) this.levels.push(halved(this.levels.at(-1)));
    this.sorted = null;
    this.table = new Uint32Array(65536);
  }

  get rows() {
    return this.levels[0].rows;
  }

  get columns() {
    return this.levels[0].columns;
  }

  /** Return the grey below which a share of a sample of pixels lies. */
  quantile(share, box = null) {
    if (box === null && this.sorted !== null) return this.sorted[Math.floor(share * (this.sorted.length - 1))];
    const { rows, columns, values } = this.levels[0];
    const [top, bottom, left, right] = box ?? [0, rows, 0, columns];
    const step = Math.max(1, Math.floor(Math.sqrt(((bottom - top) * (right - left)) / 60000)));
    const sample = [];
    for (let y = top; y < bottom; y += step) for (let x = left; x < right; x += step) sample.push(values[y * columns + x]);
    const sorted = Uint16Array.from(sample).sort();
    if (box === null) this.sorted = sorted;
    return sorted.length ? sorted[Math.floor(share * (sorted.length - 1))] : 0;
  }

  at(x, y) {
    const { rows, columns, values } = this.levels[0];
    const [column, row] = [Math.round(x), Math.round(y)];
    const inside = column >= 0 && row >= 0 && column < columns && row < rows;
    return inside ? values[row * columns + column] : null;
  }

  #fillTable({ level, width, inverted }) {
    const low = level - width / 2;
    for (let value = 0; value < 65536; value += 1) {
      let grey = ((value - low) / width) * 255;
      grey = grey < 0 ? 0 : grey > 255 ? 255 : grey | 0;
      if (inverted) grey = 255 - grey;
      this.table[value] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
    }
  }

  /** Draw what a view shows. */
  draw(context, view, grey, ratio) {
    const { canvas } = context;
    const [wide, high] = [canvas.width, canvas.height];
    this.#fillTable(grey);
    const image = this.image?.width === wide && this.image.height === high ? this.image : context.createImageData(wide, high);
    this.image = image;
    const out = new Uint32Array(image.data.buffer);
    out.fill(0xff000000);
    // The finest level whose pixels are no smaller than half a screen pixel.
    let depth = 0;
    while (depth + 1 < this.levels.length && view.perPixel * ratio * 2 ** depth < 0.75) depth += 1;
    const level = this.levels[depth];
    const scale = 2 ** depth;
    const [x0, y0] = view.toPicture([0, 0]);
    const [x1, y1] = view.toPicture([1 / ratio, 1 / ratio]);
    const places = [(x0 + (x1 - x0) / 2 + 0.5) / scale - 0.5, (x1 - x0) / scale, (y0 + (y1 - y0) / 2 + 0.5) / scale - 0.5, (y1 - y0) / scale];
    if (view.perPixel * ratio * scale > 3) this.#nearest(out, wide, high, level, places);
    else this.#between(out, wide, high, level, places);
    context.putImageData(image, 0, 0);
  }

  #nearest(out, wide, high, { rows, columns, values }, [left, dx, top, dy]) {
    const xs = new Int32Array(wide);
    for (let i = 0; i < wide; i += 1) xs[i] = Math.round(left + i * dx);
    for (let j = 0; j < high; j += 1) {
      const y = Math.round(top + j * dy);
      if (y < 0 || y >= rows) continue;
      const row = y * columns;
      const to = j * wide;
      for (let i = 0; i < wide; i += 1) {
        const x = xs[i];
        if (x >= 0 && x < columns) out[to + i] = this.table[values[row + x]];
      }
    }
  }

  #between(out, wide, high, { rows, columns, values }, [left, dx, top, dy]) {
    const xs = new Int32Array(wide);
    const us = new Int32Array(wide);
    for (let i = 0; i < wide; i += 1) {
      const x = left + i * dx;
      const inside = x >= -0.5 && x <= columns - 0.5;
      const floor = Math.min(Math.max(Math.floor(x), 0), columns - 2);
      xs[i] = inside ? floor : -1;
      us[i] = Math.min(Math.max((x - floor) * 256, 0), 256) | 0;
    }
    const { table } = this;
    for (let j = 0; j < high; j += 1) {
      const y = top + j * dy;
      if (y < -0.5 || y > rows - 0.5) continue;
      const floor = Math.min(Math.max(Math.floor(y), 0), rows - 2);
      const v = Math.min(Math.max((y - floor) * 256, 0), 256) | 0;
      const row = floor * columns;
      const to = j * wide;
      for (let i = 0; i < wide; i += 1) {
        const x = xs[i];
        if (x < 0) continue;
        const u = us[i];
        const at = row + x;
        const above = values[at] * (256 - u) + values[at + 1] * u;
        const below = values[at + columns] * (256 - u) + values[at + columns + 1] * u;
        out[to + i] = table[((above * (256 - v) + below * v) / 65536) | 0];
      }
    }
  }
}
