// Where the picture lies in the window: zoom, place, and which way it is turned.

export class View {
  constructor() {
    this.size = [1, 1];
    this.zoom = 1; // screen pixels per mm
    this.middle = [0, 0]; // mm
    this.mirrored = false;
    this.spacing = [1, 1];
    this.shape = [1, 1];
  }

  /** Return the place on the screen of a place of the picture. */
  toScreen([x, y]) {
    const way = this.mirrored ? -1 : 1;
    return [
      this.size[0] / 2 + way * (x * this.spacing[1] - this.middle[0]) * this.zoom,
      this.size[1] / 2 + (y * this.spacing[0] - this.middle[1]) * this.zoom,
    ];
  }

  /** Return the place of the picture of a place on the screen. */
  toPicture([left, top]) {
    const way = this.mirrored ? -1 : 1;
    return [
      (this.middle[0] + (way * (left - this.size[0] / 2)) / this.zoom) / this.spacing[1],
      (this.middle[1] + (top - this.size[1] / 2) / this.zoom) / this.spacing[0],
    ];
  }

  /** Return the matrix that leads from picture to screen, as SVG writes it. */
  matrix() {
    const way = this.mirrored ? -1 : 1;
    const [ax, ay] = [way * this.spacing[1] * this.zoom, this.spacing[0] * this.zoom];
    const [left, top] = this.toScreen([0, 0]);
    return `matrix(${ax} 0 0 ${ay} ${left} ${top})`;
  }

  /** Show the whole picture, or the half of columns from `first` to `last` (shares of the width). */
  fit(first = 0, last = 1) {
    const [high, wide] = [this.shape[0] * this.spacing[0], this.shape[1] * this.spacing[1]];
    const across = wide * (last - first);
    this.zoom = Math.min(this.size[0] / across, this.size[1] / high) * 0.98;
    if (last - first < 1) this.zoom = Math.max(this.zoom, (this.size[0] / across) * 0.98);
    this.middle = [wide * ((first + last) / 2) - this.spacing[1] / 2, high / 2 - this.spacing[0] / 2];
  }

  /** Zoom by a factor with a place on the screen held still. */
  zoomAt(factor, [left, top]) {
    const before = this.toPicture([left, top]);
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.2), 400);
    const [x, y] = this.toScreen(before);
    this.move(left - x, top - y);
  }

  /** Move the picture by screen pixels. */
  move(dx, dy) {
    const way = this.mirrored ? -1 : 1;
    this.middle = [this.middle[0] - (way * dx) / this.zoom, this.middle[1] - dy / this.zoom];
  }

  /** Return screen pixels per pixel of the picture, across. */
  get perPixel() {
    return this.zoom * this.spacing[1];
  }
}
