// Words of the page in Chinese and English. Data stay as they are: names, reasons, 高/中/低, states of fuses.

import { remember, remembered } from './prefs.js';
import { WORDS } from './dictionary.js';

const LANGUAGES = ['zh', 'en'];
let current = pick();

/** zh or en. */
export const language = () => current;

/** A word or sentence in the current language; `{name}` is replaced. An unknown key shows itself. */
export function t(key, values = {}) {
  const found = WORDS[key] ? WORDS[key][LANGUAGES.indexOf(current)] : key;
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** Whether there is a word for a key. */
export const has = (key) => Object.hasOwn(WORDS, key);

/** Choose a language, and remember it. */
export function speak(name) {
  current = name;
  remember('language', name);
  announce();
}

/** Tell the browser (and a screen reader) the language of the page. */
export function announce() {
  document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
}

function pick() {
  const chosen = remembered('language');
  if (LANGUAGES.includes(chosen)) return chosen;
  return (navigator.language || 'zh').toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
