// Candles, averages, volume, marks and premium as a Plotly figure, and a candle as a line of text. Asks nothing.

import { AVERAGES, DOWN, UP, isNarrow, layout } from './charts.js';
import { h } from './dom.js';
import { UNKNOWN, amount, change, direction, percent, price } from './format.js';
import { colour } from './prefs.js';
import { t } from './words.js';

const LOW_SHARE = 0.04; // room below and above the prices in view

/** Whether a premium is known for any candle. */
const hasPremium = (data) => data.premium.some((value) => value !== null);

/** Height of the plot in pixels. */
export const heightOf = (data) => Math.min(innerHeight - 250, 560) + (hasPremium(data) ? 40 : 0) - (isNarrow() ? 20 : 0);

/** The candles in view: the last `share` of them, as a range of the axis. */
export function rangeOf(data, share) {
  const n = data.dates.length;
  return [Math.max(0, n - Math.max(10, Math.round(n * share))) - 0.5, n - 0.5];
}

/** The whole figure for the candles of `view`. */
export function figure(data, view) {
  const premium = hasPremium(data);
  const traces = [candlesticks(data), ...averages(data), volumes(data), marks(data), ...(premium ? [premiums(data)] : [])];
  const [price0, volume1, volume0, premium1] = premium ? [0.4, 0.36, 0.2, 0.16] : [0.25, 0.2, 0, 0];
  const spike = { showspikes: true, spikemode: 'across', spikethickness: 1, spikedash: 'dot', spikecolor: colour('--muted') };
  const axes = {
    yaxis: { domain: [price0, 1], range: prices(data, view), side: 'right', ...spike },
    yaxis2: { domain: [volume0, volume1], side: 'right', nticks: 3, tickformat: '~s', rangemode: 'tozero', title: '' },
  };
  if (premium) axes.yaxis3 = { domain: [0, premium1], side: 'right', nticks: 3, tickformat: '.1%', zeroline: true };
  const xaxis = { type: 'category', range: view, nticks: isNarrow() ? 3 : 8, tickangle: 0, rangeslider: { visible: false }, fixedrange: false, anchor: premium ? 'y3' : 'y2', ...spike };
  return { data: traces, layout: layout({ ...axes, xaxis, margin: { l: isNarrow() ? 26 : 12, r: isNarrow() ? 48 : 56, t: 6, b: 26 }, dragmode: 'pan', hovermode: 'x', bargap: 0.25 }) };
}

/** What a candle says, as nodes. */
export function readout(data, place, symbol) {
  const [open, close, low, high] = data.values[place] || [];
  const before = place > 0 ? data.values[place - 1][1] : null;
  const moved = before ? close / before - 1 : null;
  const pairs = [[t('o'), price(open, symbol)], [t('hi'), price(high, symbol)], [t('lo'), price(low, symbol)], [t('c'), price(close, symbol)]];
  const parts = [h('b', {}, data.dates[place] || UNKNOWN), ...pairs.map(([label, value]) => pair(label, value))];
  parts.push(h('span', { class: direction(moved) }, change(moved)), pair(t('v'), `${amount(data.volumes[place])} ${t('shares')}`));
  for (const name of Object.keys(AVERAGES)) parts.push(averaged(name, price(data[name][place], symbol)));
  if (data.premium[place] !== null && data.premium[place] !== undefined) parts.push(pair(t('premium'), percent(data.premium[place])));
  if (data.limit_up[place]) parts.push(h('span', { class: 'badge up' }, t('limit_mark')));
  if (data.partial[place]) parts.push(h('span', { class: 'badge' }, t('partial')));
  return parts;
}

function pair(label, value) {
  return h('span', {}, h('small', {}, label), ` ${value}`);
}

function averaged(name, value) {
  const node = h('span', {}, h('small', {}, name.toUpperCase()), ` ${value}`);
  node.style.setProperty('--line-colour', AVERAGES[name]);
  node.className = 'average';
  return node;
}

function candlesticks(data) {
  const [open, close, low, high] = [0, 1, 2, 3].map((place) => data.values.map((row) => row[place]));
  const look = (shade) => ({ line: { color: shade, width: 1 }, fillcolor: shade });
  return { type: 'candlestick', x: data.dates, open, high, low, close, increasing: look(UP), decreasing: look(DOWN), hoverinfo: 'none', name: '' };
}

function averages(data) {
  return Object.entries(AVERAGES).map(([name, shade]) => ({
    type: 'scatter', mode: 'lines', x: data.dates, y: data[name], line: { color: shade, width: 1.2 }, hoverinfo: 'none', name: name.toUpperCase(),
  }));
}

function volumes(data) {
  const shades = data.values.map(([open, close]) => (close >= open ? UP : DOWN));
  return { type: 'bar', x: data.dates, y: data.volumes, yaxis: 'y2', marker: { color: shades, opacity: 0.75 }, hoverinfo: 'none', name: t('volume') };
}

// A triangle above every candle that closed at its upper limit.
function marks(data) {
  const places = data.dates.map((_, place) => place).filter((place) => data.limit_up[place]);
  return {
    type: 'scatter', mode: 'markers', x: places.map((place) => data.dates[place]), y: places.map((place) => data.values[place][3] * 1.012),
    marker: { symbol: 'triangle-down', size: 7, color: UP, line: { width: 1, color: colour('--surface') } }, hoverinfo: 'none', name: t('limit_mark'),
  };
}

function premiums(data) {
  return { type: 'scatter', mode: 'lines+markers', x: data.dates, y: data.premium, yaxis: 'y3', connectgaps: false, line: { color: '#06b6d4', width: 1.3 }, marker: { size: 3 }, hoverinfo: 'none', name: t('premium') };
}

// Lowest and highest price of the candles in view, with some room; marks stand in it too.
function prices(data, [from, to]) {
  const shown = data.values.slice(Math.max(0, Math.ceil(from)), Math.floor(to) + 1);
  if (!shown.length) return undefined;
  const [low, high] = [Math.min(...shown.map((row) => row[2])), Math.max(...shown.map((row) => row[3]))];
  const room = (high - low || high * 0.02 || 1) * LOW_SHARE;
  return [low - room, high + room * 2];
}
