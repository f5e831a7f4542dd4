// What the server knows of a reading: nothing counts as saved before it says so.

const WAIT_MS = [500, 1000, 2000, 4000, 8000];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Return a name that is a window's or a region's own. */
export function fresh(stem = "") {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return stem + [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export class Session {
  constructor(settings) {
    this.base = settings.base;
    this.mark = settings.mark;
    this.window = fresh();
    this.queue = Promise.resolve();
    this.unsaved = 0;
    this.onState = () => {};
  }

  async get(path, query = {}) {
    const answer = await fetch(`${this.base}/${path}?${new URLSearchParams({ ...query, window: this.window })}`);
    if (!answer.ok) throw Object.assign(new Error(path), { status: answer.status, detail: await this.#detail(answer) });
    return answer;
  }

  /** Say that this window is closed; nothing waits for an answer. */
  leave(address) {
    if (!address) return;
    const query = new URLSearchParams({ window: this.window, leaving: "true" });
    fetch(`${this.base}/cases/${address}/standing?${query}`, { keepalive: true }).catch(() => {});
  }

  async json(path, query = {}) {
    return (await this.get(path, query)).json();
  }

  /** Send an operation after those before it; resolve to whether it is on the server's disk. */
  send(address, reading, operation) {
    this.unsaved += 1;
    this.onState("saving");
    const sent = this.queue.then(() => this.#send(address, reading(), operation));
    this.queue = sent.catch(() => {});
    return sent.finally(() => {
      this.unsaved -= 1;
    });
  }

  async #detail(answer) {
    try {
      return (await answer.json()).detail ?? "";
    } catch {
      return "";
    }
  }

  async #send(address, reading, operation) {
    const body = JSON.stringify({ operation, revision: reading.revision });
    const path = `${this.base}/cases/${address}/operations`;
    for (let attempt = 0; ; attempt += 1) {
      let answer = null;
      try {
        answer = await fetch(path, { method: "POST", body, headers: { "x-trephine-csrf": this.mark, "content-type": "application/json" } });
      } catch {
        this.onState("offline");
        await pause(WAIT_MS[Math.min(attempt, WAIT_MS.length - 1)]);
        continue;
      }
      if (answer.ok) {
        reading.revision = (await answer.json()).revision;
        this.onState("saved");
        return true;
      }
      const detail = await this.#detail(answer);
      this.onState(answer.status === 409 ? "stale" : answer.status === 401 || answer.status === 403 ? "closed" : "refused", detail);
      return false;
    }
  }
}
