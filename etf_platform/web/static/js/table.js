// Sortable tables that can be searched, walked with the arrow keys, and scrolled inside on a narrow screen.

import { button, h } from './dom.js';
import { t } from './words.js';

const sorted = new Map(); // name of a table -> {column, down}
let wanted = '';

/** Show only rows whose text contains this (all tables). */
export function search(text) {
  wanted = text.trim().toLowerCase();
}

/**
 * A table of `rows`.
 *
 * `columns`: {key, title, value(row) to sort by, cell(row) what is shown, num, hint, search(row)}. The first one is the
 * row's header. `empty` is said when there are no rows at all. `again` draws the table anew after a click on a header.
 */
export function table({ name, label, columns, rows, empty, again, id, mark }) {
  if (!rows.length) return h('p', { class: 'empty' }, empty);
  const shown = order(rows.filter((row) => fits(row, columns)), columns, sorted.get(name));
  if (!shown.length) return h('p', { class: 'empty' }, t('nothing_fits', { text: wanted }));
  const head = h('tr', {}, columns.map((column) => heading(column, name, again)));
  const body = h('tbody', { on: { keydown: walk } }, shown.map((row) => line(row, columns, id, mark)));
  const grid = h('table', {}, h('caption', { class: 'only-heard' }, label), h('thead', {}, head), body);
  const box = { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label, 'data-scroll': name };
  return h('div', box, grid);
}

function line(row, columns, id, mark) {
  return h('tr', { 'data-id': id ? id(row) : null, class: mark ? mark(row) : null }, columns.map((column, place) => {
    const props = { class: `${column.num ? 'num' : ''} ${column.class || ''}` };
    return place === 0 ? h('th', { ...props, scope: 'row' }, column.cell(row)) : h('td', props, column.cell(row));
  }));
}

function heading(column, name, again) {
  const by = sorted.get(name);
  const mine = by && by.column === column.key;
  const props = { scope: 'col', class: `${column.num ? 'num' : ''} ${column.class || ''}`, title: column.hint };
  if (!column.value) return h('th', props, column.title);
  const turn = () => {
    sorted.set(name, { column: column.key, down: mine ? !by.down : Boolean(column.num) });
    again();
  };
  const sign = h('i', { class: 'sign', 'aria-hidden': 'true' }, mine ? (by.down ? '▼' : '▲') : '');
  const shown = [h('span', {}, column.title), sign];
  const sort = mine ? (by.down ? 'descending' : 'ascending') : null;
  return h('th', { ...props, 'aria-sort': sort }, button(shown, turn, { class: 'sort', 'data-key': `sort ${name} ${column.key}` }));
}

function order(rows, columns, by) {
  const column = by && columns.find((one) => one.key === by.column);
  if (!column) return rows;
  const turn = by.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const [none, noone] = [x === null || x === undefined, y === null || y === undefined];
    if (none || noone) return none - noone; // unknown stands last, whichever way
    return turn * (typeof x === 'string' ? x.localeCompare(String(y), 'zh') : x - y);
  });
}

function fits(row, columns) {
  if (!wanted) return true;
  return columns.some((column) => column.search && String(column.search(row) || '').toLowerCase().includes(wanted));
}

function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest('tr');
  if (!step || !row || !event.target.matches('button, a')) return;
  const place = [...row.querySelectorAll('button, a')].indexOf(event.target);
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const targets = next ? [...next.querySelectorAll('button, a')] : [];
  const target = targets[Math.min(place, targets.length - 1)];
  if (!target) return;
  event.preventDefault();
  target.focus();
}
