// Dialogs and toasts. The browser's own modal dialog keeps the focus inside, closes on Escape and gives focus back.

import { add, button, h } from './dom.js';
import { t } from './words.js';

const SHOWN_MS = 8000;
const MOST = 4;

/** Open a modal dialog; `body` is what it holds. Gives {box, close}; `closed` is called when it is gone. */
export function dialog({ title, body, wide = false, closed = () => {} }) {
  const before = document.activeElement;
  const name = h('h2', { id: `d${Date.now()}` }, title);
  const shut = button('×', () => box.close(), { class: 'shut', 'aria-label': t('close'), title: `${t('close')} (Esc)` });
  const box = h('dialog', { class: wide ? 'wide' : '', 'aria-labelledby': name.id }, h('header', {}, name, shut), body);
  box.addEventListener('close', () => {
    box.remove();
    closed();
    if (before?.isConnected) before.focus();
    else refocus(before);
  });
  box.addEventListener('click', (event) => event.target === box && box.close());
  box.addEventListener('keydown', trap);
  document.body.append(box);
  box.showModal();
  return { box, close: () => box.close() };
}

/** Say something in a corner for some seconds; `act` is {label, run} of a button in it. */
export function toast(text, { kind = 'plain', act = null } = {}) {
  const root = document.getElementById('toasts');
  const note = h('div', { class: `toast ${kind}` }, h('span', {}, text));
  const gone = () => note.remove();
  if (act) add(note, button(act.label, () => (gone(), act.run())));
  add(note, button('×', gone, { 'aria-label': t('close'), class: 'shut' }));
  let timer = setTimeout(gone, SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const leave = () => (timer = setTimeout(gone, SHOWN_MS));
  for (const kind of ['mouseenter', 'focusin']) note.addEventListener(kind, stay);
  for (const kind of ['mouseleave', 'focusout']) note.addEventListener(kind, leave);
  root.append(note);
  while (root.children.length > MOST) root.firstElementChild.remove();
}

/** Ask for the token; '' when the person would rather not. */
export function askToken() {
  return new Promise((answered) => {
    let value = '';
    const field = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true, autofocus: true });
    const submit = (event) => {
      event.preventDefault();
      value = field.value.trim();
      asked.close();
    };
    const buttons = h('div', { class: 'row' }, h('button', { type: 'submit', class: 'main' }, t('send')), button(t('cancel'), () => asked.close()));
    const form = h('form', { class: 'ask', on: { submit } }, h('p', {}, t('token_text')), h('label', { for: 'token' }, t('token')), field, buttons);
    const asked = dialog({ title: t('token_title'), body: form, closed: () => answered(value) });
  });
}

// The page behind may have been drawn again meanwhile: go to what has the same name now.
function refocus(before) {
  const key = before?.dataset?.key;
  const same = key && [...document.querySelectorAll('[data-key]')].find((node) => node.dataset.key === key);
  (same || document.getElementById('main')).focus({ preventScroll: true });
}

// A modal dialog lets Tab leave for the browser's own bars; here it goes round inside.
function trap(event) {
  if (event.key !== 'Tab') return;
  const stops = [...event.currentTarget.querySelectorAll('button, a[href], input, select, [tabindex="0"]')].filter((n) => !n.disabled && n.offsetParent);
  const [first, last] = [stops[0], stops.at(-1)];
  if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}
