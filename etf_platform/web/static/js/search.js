// The search box: thins out the tables at hand, and finds any listed stock or fund (arrow keys, Enter, Escape).

import { get } from './api.js';
import { watchStock } from './changes.js';
import { button, h } from './dom.js';
import { openKline } from './kline.js';
import { search } from './table.js';
import { t } from './words.js';

const PAUSE_MS = 180;

/** The box; {node, translate()}. Tells `searchchange` when the tables have to be drawn again. */
export function searchBox() {
  const field = h('input', { id: 'search', type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false', maxlength: '20', 'aria-controls': 'found', 'aria-expanded': 'false', 'aria-autocomplete': 'list' });
  const list = h('ul', { id: 'found', role: 'listbox', hidden: true });
  const said = h('span', { class: 'only-heard', 'aria-live': 'polite' });
  const state = { field, list, said, rows: [], place: -1, turn: 0 };
  let timer = null;
  field.addEventListener('input', () => {
    search(field.value);
    dispatchEvent(new Event('searchchange'));
    clearTimeout(timer);
    timer = setTimeout(() => look(state), PAUSE_MS);
  });
  field.addEventListener('keydown', (event) => key(event, state));
  const node = h('div', { class: 'search', role: 'search' }, field, list, said);
  node.addEventListener('focusout', (event) => node.contains(event.relatedTarget) || hide(state));
  document.addEventListener('keydown', (event) => shortcut(event, field));
  const translate = () => {
    field.placeholder = t('search_hint');
    field.setAttribute('aria-label', t('search'));
    list.setAttribute('aria-label', t('search'));
  };
  return { node, translate };
}

async function look(state) {
  const turn = ++state.turn;
  const asked = state.field.value.trim();
  if (!asked) return hide(state);
  const rows = await get(`/api/v2/search?${new URLSearchParams({ q: asked, limit: 10 })}`).catch(() => []);
  if (turn !== state.turn || document.activeElement !== state.field) return;
  Object.assign(state, { rows, place: -1 });
  show(state);
}

function show(state) {
  const { list, field, rows, place, said } = state;
  list.replaceChildren(...(rows.length ? rows.map((row, at) => option(state, row, at)) : [h('li', { class: 'empty' }, t('found_none'))]));
  list.hidden = false;
  field.setAttribute('aria-expanded', 'true');
  if (place >= 0) field.setAttribute('aria-activedescendant', `found-${place}`);
  else field.removeAttribute('aria-activedescendant');
  said.textContent = rows.length ? t('found', { n: rows.length }) : t('found_none');
}

function option(state, row, at) {
  const add = row.kind === 'stock' && button(t('add'), () => watch(row), { class: 'small', tabindex: '-1', 'aria-label': t('add_of', { name: row.name }) });
  const text = [h('span', { class: 'name' }, row.name), h('span', { class: 'code' }, row.symbol), h('span', { class: 'quiet' }, t(row.kind), row.industry ? ` · ${row.industry}` : '')];
  const open = (event) => event.target.closest('button') || choose(state, row);
  return h('li', { role: 'option', id: `found-${at}`, 'aria-selected': String(at === state.place), on: { mousedown: (event) => event.preventDefault(), click: open } }, text, add);
}

function key(event, state) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && state.rows.length && !state.list.hidden) {
    event.preventDefault();
    state.place = (state.place + step + state.rows.length) % state.rows.length;
    show(state);
  } else if (event.key === 'Enter' && state.rows.length && !state.list.hidden) {
    event.preventDefault();
    const row = state.rows[Math.max(0, state.place)];
    if (event.shiftKey && row.kind === 'stock') watch(row);
    else choose(state, row);
  } else if (event.key === 'Escape') {
    event.preventDefault();
    if (state.list.hidden) clear(state);
    hide(state);
  }
}

function choose(state, row) {
  hide(state);
  clear(state);
  openKline(row.symbol, row.name);
}

const watch = (row) => watchStock(row.symbol, row.name, row.industry || '');

function clear(state) {
  state.field.value = '';
  search('');
  dispatchEvent(new Event('searchchange'));
}

function hide(state) {
  state.turn += 1;
  Object.assign(state, { rows: [], place: -1 });
  state.list.hidden = true;
  state.field.setAttribute('aria-expanded', 'false');
  state.field.removeAttribute('aria-activedescendant');
}

function shortcut(event, field) {
  if (event.key !== '/' || event.target.matches('input, textarea') || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  field.focus();
}
