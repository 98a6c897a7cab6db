// Numbers and times as a person reads them; unknown is `—`, never 0. Fractions come in, percent goes out.

import { language } from './words.js';

export const UNKNOWN = '—';
const ZONE = 'Asia/Shanghai';

const isKnown = (value) => typeof value === 'number' && Number.isFinite(value);

/** A number with a fixed count of decimals. */
export function number(value, decimals = 2) {
  if (!isKnown(value)) return UNKNOWN;
  const text = Math.abs(value).toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** A whole number. */
export const count = (value) => number(value, 0);

/** How many rows are shown, and of how many. */
export const shownOf = (found) => (found.items.length < found.total ? `${count(found.items.length)} / ${count(found.total)}` : count(found.total));

/** A fraction as percent: 0.0123 is 1.23 %. */
export function percent(value, decimals = 2) {
  return isKnown(value) ? `${number(value * 100, decimals)} %` : UNKNOWN;
}

/** A change as percent with its sign. */
export function change(value, decimals = 2) {
  if (!isKnown(value)) return UNKNOWN;
  const text = number(Math.abs(value) * 100, decimals);
  const sign = Number(text) === 0 ? '' : value > 0 ? '+' : '−';
  return `${sign}${text} %`;
}

/** The class of a change: up, down or flat. */
export function direction(value) {
  return !isKnown(value) || value === 0 ? 'flat' : value > 0 ? 'up' : 'down';
}

/** Whether a house symbol is that of a fund (its tick is 0.001). */
export const isFund = (symbol) => /^5\d{5}\.SH$|^1[56]\d{4}\.SZ$/.test(symbol || '');

/** A price in yuan with the decimals of the instrument's tick. */
export const price = (value, symbol) => number(value, isFund(symbol) ? 3 : 2);

/** An amount of yuan, or a count of shares: 亿 and 万, or bn, m and k. */
export function amount(value) {
  if (!isKnown(value)) return UNKNOWN;
  const steps = language() === 'zh' ? [[1e8, ' 亿'], [1e4, ' 万']] : [[1e9, ' bn'], [1e6, ' m'], [1e3, ' k']];
  const [size, unit] = steps.find(([least]) => Math.abs(value) >= least) || [1, ''];
  const scaled = value / size;
  return number(scaled, size === 1 ? 0 : Math.abs(scaled) >= 100 ? 1 : 2) + unit;
}

/** HH:MM:SS at the exchange of an ISO time; a bare time stays as it is. */
export function clock(value) {
  if (!value) return UNKNOWN;
  if (/^\d\d:\d\d/.test(value)) return value;
  return new Date(value).toLocaleTimeString('en-GB', { timeZone: ZONE });
}

/** YYYY-MM-DD HH:MM at the exchange of an ISO time. */
export function moment(value) {
  if (!value) return UNKNOWN;
  return `${new Date(value).toLocaleDateString('sv-SE', { timeZone: ZONE })} ${clock(value).slice(0, 5)}`;
}

/** MM-DD HH:MM, where the year is clear. */
export const shortMoment = (value) => (value ? moment(value).slice(5) : UNKNOWN);

/** A duration in seconds as h:mm. */
export function duration(seconds) {
  if (!isKnown(seconds)) return UNKNOWN;
  const minutes = Math.ceil(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** `600519.SH` in two parts: the code, and its exchange. */
export const halves = (symbol) => [(symbol || '').split('.')[0], (symbol || '').split('.')[1] || ''];
