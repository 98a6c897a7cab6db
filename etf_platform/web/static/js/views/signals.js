// 信号: what was said, with its score, and how often such signals were right.

import { dialog } from '../dialogs.js';
import { bar, button, h } from '../dom.js';
import { UNKNOWN, amount, change, clock, count, number, percent, price, shortMoment, shownOf } from '../format.js';
import { badge, changed, choice, figure, figures, holdingsButton, instrument, panel, part, stateBadge, wordBadge } from '../parts.js';
import { table } from '../table.js';
import { has, t } from '../words.js';

const KINDS = { new: 'accent', notified: 'accent', invalidated: 'bad', expired: 'mute', evaluated: 'mute' };
let today = false;
let day = null; // the exchange's day, as the server says

export const signals = {
  key: 'signals',
  asks: () => ({
    rows: `/api/v2/signals?limit=200${today && day ? `&day=${day}` : ''}`,
    open: '/api/v2/hit-rate?measure=next_open',
    close: '/api/v2/hit-rate?measure=next_close',
  }),
  draw(data, page) {
    const again = () => page.load();
    return [part(data.open, again, (open) => rates(open, data.close?.value)), part(data.rows, again, (found) => list(found, page))];
  },
};

/** The exchange's day, for the filter. */
export function setDay(value) {
  day = value;
}

function rates(open, close) {
  return figures(hit(t('hit_open'), open), close && hit(t('hit_close'), close), figure(t('waiting'), count(open.waiting)));
}

function hit(label, found) {
  if (!found.signals) return figure(label, UNKNOWN, { hint: t('hit_none') });
  const values = { wins: found.wins, n: found.signals, low: percent(found.low, 1), high: percent(found.high, 1), mean: change(found.mean) };
  return figure(label, [percent(found.rate, 1), interval(found)], { hint: t('hit_small', values), kind: 'broad' });
}

// The interval on a scale from 0 to 100 %, with a mark at one half.
function interval(found) {
  const [span, dot] = [h('i', { class: 'span' }), h('i', { class: 'dot' })];
  span.style.left = `${found.low * 100}%`;
  span.style.width = `${(found.high - found.low) * 100}%`;
  dot.style.left = `${found.rate * 100}%`;
  return h('span', { class: 'interval', 'aria-hidden': 'true' }, span, dot);
}

function list(found, page) {
  const columns = [
    { key: 'time', title: t('time'), value: (r) => r.created_at, cell: (r) => detailsButton(r), search: (r) => r.signal_id },
    { key: 'stock', title: t('stock'), value: (r) => r.stock, cell: (r) => instrument(r.stock, r.stock_name, `signal ${r.signal_id}`), search: (r) => `${r.stock} ${r.stock_name || ''}` },
    { key: 'fund', title: t('fund'), value: (r) => r.etf, cell: (r) => instrument(r.etf, r.etf_name, `signal ${r.signal_id}`), search: (r) => `${r.etf} ${r.etf_name || ''}` },
    { key: 'weight', title: t('weight'), num: true, value: (r) => r.etf_weight, cell: (r) => percent(r.etf_weight) },
    { key: 'sum', title: t('sum_weight'), num: true, value: (r) => r.sum_weight, cell: (r) => percent(r.sum_weight) },
    { key: 'premium', title: t('premium'), num: true, value: (r) => r.etf_premium, cell: (r) => percent(r.etf_premium) },
    { key: 'edge', title: t('edge'), num: true, value: (r) => r.edge_bps, cell: (r) => number(r.edge_bps, 1) },
    { key: 'score', title: t('score'), num: true, value: (r) => r.score, cell: (r) => [h('span', {}, number(r.score, 0)), bar((r.score || 0) / 100)] },
    { key: 'confidence', title: t('confidence'), value: (r) => '低中高'.indexOf(r.confidence || '?'), cell: (r) => wordBadge(r.confidence, true) },
    { key: 'risk', title: t('risk'), value: (r) => '低中高'.indexOf(r.risk_level || '?'), cell: (r) => wordBadge(r.risk_level, false) },
    { key: 'decision', title: t('decision'), value: (r) => r.decision_state, cell: decision },
    { key: 'state', title: t('state'), value: (r) => r.state, cell: (r) => badge(t(r.state), KINDS[r.state]) },
    { key: 'outcome', title: t('outcome'), num: true, value: (r) => r.outcome?.next_open, cell: (r) => changed(r.outcome?.next_open) },
    { key: 'do', title: t('actions'), class: 'do', cell: (r) => holdingsButton(r.etf, r.etf_name, `signal ${r.signal_id}`, r.stock) },
  ];
  const made = table({ name: 'signals', label: t('signals'), columns, rows: found.items, empty: t('empty_signals'), again: () => page.draw(), id: (r) => r.signal_id });
  const pick = (value) => {
    today = value === 'today';
    page.load();
  };
  const tools = choice(t('day'), [['all', t('all_days')], ['today', t('only_today')]], today ? 'today' : 'all', pick, 'days');
  return panel(t('signals'), [made, h('p', { class: 'note below' }, t('disclaimer'))], { note: shownOf(found), tools });
}

function detailsButton(row) {
  const label = t('details_of', { name: `${row.stock_name || row.stock} → ${row.etf_name || row.etf}` });
  return button(shortMoment(row.created_at), () => openSignal(row), { class: 'link', 'aria-label': label, title: t('details'), 'data-key': `details ${row.signal_id}` });
}

function decision(row) {
  if (row.actionable) return badge(t('actionable'), 'good', row.decision_state);
  const state = ['WARN', 'BLOCKED'].includes(row.decision_state) ? stateBadge(row.decision_state) : null;
  return [badge(t('watch_only'), 'mute'), state];
}

/** Everything a signal said. */
export function openSignal(row) {
  const facts = [
    [t('stock'), `${row.stock_name || UNKNOWN} ${row.stock}`], [t('fund'), `${row.etf_name || UNKNOWN} ${row.etf}`],
    [t('limit_time'), clock(row.limit_time)], [t('seal_amount'), amount(row.seal_amount)], [t('price'), `${price(row.stock_price, row.stock)} / ${price(row.etf_price, row.etf)}`],
    [t('weight'), percent(row.etf_weight)], [t('sum_weight'), `${percent(row.sum_weight)} (${count(row.stocks_at_limit)})`], [t('premium'), percent(row.etf_premium)],
    [t('edge'), number(row.edge_bps, 1)], [t('score'), number(row.score, 0)], [t('confidence'), row.confidence], [t('risk'), row.risk_level],
    [t('settlement'), row.settlement], [t('as_of'), row.as_of], [t('published'), row.published_at], [t('source'), row.source],
  ];
  const grid = h('dl', { class: 'grid' }, facts.map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value || UNKNOWN))));
  const body = h('div', { class: 'filled' }, row.reason && h('p', { class: 'reason' }, row.reason), grid, parts(row.components), others(row.others), h('p', { class: 'note' }, `${row.signal_id} · ${t('disclaimer')}`));
  dialog({ title: `${row.stock_name || row.stock} → ${row.etf_name || row.etf}`, body, wide: true });
}

function parts(components) {
  const known = Object.entries(components || {}).filter(([, one]) => one && typeof one === 'object' && 'points' in one);
  if (!known.length) return null;
  return [h('h3', {}, t('components')), h('ul', { class: 'parts' }, known.map(([name, one]) => h('li', {},
    h('span', {}, has(`part_${name}`) ? t(`part_${name}`) : name),
    bar(one.points === null || !one.of ? 0 : one.points / one.of),
    h('span', { class: 'num' }, one.points === null ? t('missing') : `${number(one.points, 1)}${one.of ? ` / ${number(one.of, 0)}` : ''}`))))];
}

function others(list) {
  if (!list?.length) return null;
  return [h('h3', {}, t('others')), h('p', { class: 'chips' }, list.map((one) => h('span', { class: 'chip' }, `${one.name || one.etf} ${percent(one.weight)}`)))];
}
