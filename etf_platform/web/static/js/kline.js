// The dialog with candles of a stock or fund: period, adjustment, zoom, and a line of figures under the pointer.

import { get } from './api.js';
import { CONFIG, isNarrow, plotly } from './charts.js';
import { watchStock } from './changes.js';
import { dialog } from './dialogs.js';
import { button, h } from './dom.js';
import { isFund, price } from './format.js';
import { openHolders, openHoldings } from './funds.js';
import { figure, heightOf, rangeOf, readout } from './candles.js';
import { choice, failure } from './parts.js';
import { noteSources } from './simulated.js';
import { t } from './words.js';

const COUNTS = { day: 250, week: 160, month: 120 };
const HALF = 0.5;

/** Open the chart of a symbol. */
export function openKline(symbol, name) {
  const chart = new Chart(symbol, name);
  chart.open();
  return chart;
}

class Chart {
  constructor(symbol, name) {
    Object.assign(this, { symbol, name: name || symbol, period: 'day', adjust: 'none', share: HALF, turn: 0, place: null });
  }

  open() {
    this.tools = h('div', { class: 'row tools' });
    this.line = h('p', { class: 'readout', 'aria-live': 'polite' }, t('loading'));
    this.plot = h('div', { class: 'plot', tabindex: '0', role: 'img', 'data-key': 'plot', on: { keydown: (event) => this.key(event) } });
    this.holder = h('div', { class: 'holder' }, this.plot);
    this.note = h('p', { class: 'note' });
    const again = () => this.data && this.draw();
    const body = h('div', { class: 'chart' }, this.tools, this.line, this.holder, this.note);
    const title = [h('span', { class: 'name' }, this.name), ' ', h('span', { class: 'code' }, this.symbol)];
    const closed = () => {
      removeEventListener('themechange', again);
      this.turn += 1;
      if (this.isDrawn) window.Plotly.purge(this.plot);
    };
    this.dialog = dialog({ title, body, wide: true, closed });
    addEventListener('themechange', again);
    this.controls();
    this.tools.querySelector('button').focus();
    this.load();
  }

  controls() {
    const periods = ['day', 'week', 'month'].map((name) => [name, t(`p_${name}`)]);
    const zooms = [[HALF, t('zoom_half')], [1, t('zoom_all')]];
    const held = this.tools.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const adjusted = button(t('adjusted'), () => this.ask({ adjust: this.adjust === 'qfq' ? 'none' : 'qfq' }), {
      role: 'switch', 'aria-checked': String(this.adjust === 'qfq'), class: 'switch', 'data-key': 'adjust',
    });
    const fund = isFund(this.symbol);
    const funds = button(t(fund ? 'holdings' : 'related'), () => (fund ? openHoldings : openHolders)(this.symbol, this.name), { 'data-key': 'funds' });
    const watch = !fund && button(t('add'), () => watchStock(this.symbol, this.name), { 'data-key': 'add' });
    this.tools.replaceChildren(
      choice(t('period'), periods, this.period, (period) => this.ask({ period }), 'period'),
      adjusted,
      choice(t('zoom'), zooms, this.share, (share) => this.zoom(share), 'zoom'),
      h('span', { class: 'gap' }), funds, ...(watch ? [watch] : []),
    );
    if (held) [...this.tools.querySelectorAll('[data-key]')].find((node) => node.dataset.key === held)?.focus();
  }

  ask(changes) {
    Object.assign(this, changes, { place: null });
    this.controls();
    this.load();
  }

  async load() {
    const turn = ++this.turn;
    const asked = new URLSearchParams({ period: this.period, adjust: this.adjust, count: Math.round(COUNTS[this.period] / (isNarrow() ? 2 : 1)) });
    this.holder.classList.add('busy');
    try {
      const [data] = await Promise.all([get(`/api/v2/klines/${encodeURIComponent(this.symbol)}?${asked}`), plotly()]);
      if (turn === this.turn) this.show(data);
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
    if (turn === this.turn) this.holder.classList.remove('busy');
  }

  show(data) {
    this.data = data;
    noteSources(JSON.stringify({ source: data.source }));
    this.holder.replaceChildren(this.plot);
    const kind = data.premium_kind ? ` · ${t(`premium_${data.premium_kind}`)}` : '';
    this.note.replaceChildren(document.createTextNode(`${t('source')}: ${data.source || '—'}${kind}`));
    this.draw();
  }

  fail(error) {
    this.data = null;
    this.line.replaceChildren();
    this.holder.replaceChildren(failure(error, () => this.load()));
  }

  async draw() {
    const { data } = this;
    this.plot.style.height = `${heightOf(data)}px`;
    const view = this.view || rangeOf(data, this.share);
    const made = figure(data, view);
    const values = { name: this.name, period: t(`p_${data.period}`), n: data.dates.length, first: data.dates[0], last: data.dates.at(-1), close: price(data.values.at(-1)?.[1], this.symbol) };
    this.plot.setAttribute('aria-label', t('chart_label', values));
    this.read(this.place ?? data.dates.length - 1);
    await window.Plotly.react(this.plot, made.data, made.layout, { ...CONFIG, scrollZoom: true });
    if (this.isDrawn) return;
    this.isDrawn = true;
    this.plot.on('plotly_hover', (event) => this.read(event.points[0].pointNumber ?? event.points[0].pointIndex));
    this.plot.on('plotly_relayout', (change) => this.moved(change));
  }

  zoom(share) {
    this.share = share;
    this.view = null;
    this.controls();
    if (this.data) this.draw();
  }

  // After a drag or a turn of the wheel the prices that are now in view fill the height.
  moved(change) {
    if (!Object.keys(change).some((name) => name.startsWith('xaxis.range'))) return;
    const [from, to] = this.plot.layout.xaxis.range;
    const last = this.data.dates.length - 0.5;
    this.view = [Math.max(-0.5, from), Math.min(last, to)];
    this.draw();
    this.view = null;
  }

  read(place) {
    this.line.replaceChildren(...readout(this.data, place, this.symbol));
  }

  key(event) {
    if (!this.data) return;
    const last = this.data.dates.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      this.place = Math.max(0, Math.min(last, (this.place ?? last) + step));
      this.read(this.place);
      window.Plotly.Fx.hover(this.plot, [{ curveNumber: 0, pointNumber: this.place }], ['xy']);
    } else if (event.key === '+' || event.key === '=') this.zoom(Math.max(0.1, this.share / 2));
    else if (event.key === '-') this.zoom(Math.min(1, this.share * 2));
    else return;
    event.preventDefault();
  }
}
