// Loading and drawing a page: what it asks for, what came, and drawing only where something changed.

import { get } from './api.js';
import { redraw } from './dom.js';
import { noteSources } from './simulated.js';

const MOVING = new Set(['now', 'seconds_to_close']); // what differs in every answer and is shown elsewhere

/**
 * A page of the application.
 *
 * `view`: {key, asks() -> {name: path}, draw(data, page) -> nodes, drawn(root, data)}. `data[name]` is {value} or {error}.
 */
export class Page {
  constructor(view, root) {
    Object.assign(this, { view, root, data: {}, seen: '', turn: 0 });
  }

  /** Ask for everything again, and draw when an answer differs. */
  async load() {
    const turn = ++this.turn;
    const asks = Object.entries(this.view.asks());
    const answers = await Promise.all(asks.map(([, path]) => get(path).then((value) => ({ value }), (error) => ({ error }))));
    if (turn !== this.turn) return;
    const data = Object.fromEntries(asks.map(([name], place) => [name, answers[place]]));
    const seen = JSON.stringify(answers.map((one) => one.value ?? one.error.message), still);
    if (seen === this.seen) return;
    Object.assign(this, { data, seen });
    noteSources(seen);
    this.draw();
  }

  /** Draw what is known. */
  draw() {
    redraw(this.root, this.view.draw(this.data, this));
    this.view.drawn?.(this.root, this.data);
  }
}

const still = (name, value) => (MOVING.has(name) ? undefined : value);
