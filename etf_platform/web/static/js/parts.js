// Small pieces that several views share: panels, figures, badges, the cell of an instrument.

import { button, h } from './dom.js';
import { UNKNOWN, change, direction, halves } from './format.js';
import { openHolders, openHoldings } from './funds.js';
import { openKline } from './kline.js';
import { t } from './words.js';

/** A titled part of a page; `tools` stand at the right of the title. */
export function panel(title, content, { tools = [], note = '', area = '' } = {}) {
  const head = h('header', {}, h('h2', {}, title), note && h('span', { class: 'note' }, note), h('div', { class: 'tools' }, tools));
  return h('section', { class: `panel ${area}` }, head, content);
}

/** One figure with its name, and what explains it. */
export function figure(label, value, { hint = '', kind = '' } = {}) {
  return h('div', { class: `figure ${kind}` }, h('dt', {}, label), h('dd', {}, value), hint && h('dd', { class: 'hint' }, hint));
}

/** Figures in a row. */
export const figures = (...list) => h('dl', { class: 'figures' }, list);

/** A small label; `kind` chooses its colour. */
export const badge = (text, kind = '', hint = null) => h('span', { class: `badge ${kind}`, title: hint }, text);

/** State of a fuse or source as a badge. */
export const stateBadge = (state) => badge(state, { PASS: 'good', HEALTHY: 'good', WARN: 'warn', DEGRADED: 'warn', FAIL: 'bad', FAILED: 'bad', BLOCKED: 'bad' }[state] || '');

/** 高, 中 or 低 as a badge; `highIsGood` chooses which end is green. */
export function wordBadge(word, highIsGood) {
  if (!word) return UNKNOWN;
  const kinds = highIsGood ? { 高: 'good', 中: 'warn', 低: 'mute' } : { 高: 'bad', 中: 'warn', 低: 'good' };
  return badge(word, kinds[word] || '');
}

/** A change in the market's colours: red is up. */
export const changed = (value) => h('span', { class: direction(value) }, change(value));

/** An instrument: its name opens the chart. `place` tells where, so that the keyboard finds it again. */
export function instrument(symbol, name, place) {
  const [code, exchange] = halves(symbol);
  const label = t('kline_of', { name: name || symbol });
  const shown = h('span', { class: 'name' }, name || UNKNOWN);
  return [
    button(shown, () => openKline(symbol, name), { class: 'link', 'data-key': `${place} ${symbol}`, title: label, 'aria-label': label }),
    h('span', { class: 'code' }, code, h('small', {}, exchange ? `.${exchange}` : '')),
  ];
}

/** A button that opens the funds of a stock. */
export function holdersButton(symbol, name, place) {
  const label = t('related_of', { name: name || symbol });
  return button(t('related'), () => openHolders(symbol, name), { class: 'small', 'data-key': `${place} funds ${symbol}`, 'aria-label': label });
}

/** A button that opens the holdings of a fund, with one stock highlighted. */
export function holdingsButton(symbol, name, place, stock = null) {
  const label = t('holdings_of', { name: name || symbol });
  return button(t('holdings'), () => openHoldings(symbol, name, stock), { class: 'small', 'data-key': `${place} stocks ${symbol}`, 'aria-label': label });
}

/** Buttons of which one is chosen; `choices` is [[value, label], ...]. */
export function choice(label, choices, chosen, act, name) {
  const buttons = choices.map(([value, text]) =>
    button(text, () => act(value), { 'aria-pressed': String(value === chosen), 'data-key': `${name} ${value}`, 'data-value': value }));
  return h('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons);
}

/** What a part shows when its answer is there, is not there yet, or was refused. */
export function part(asked, again, shown) {
  if (!asked) return h('p', { class: 'empty' }, t('loading'));
  if (asked.error) return failure(asked.error, again);
  return shown(asked.value);
}

/** A refusal in the server's words, and a way to try again. */
export function failure(error, again) {
  return h('div', { class: 'failure', role: 'alert' }, h('p', {}, error.message), button(t('retry'), again, { 'data-key': 'retry' }));
}
