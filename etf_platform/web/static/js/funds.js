// The dialogs between stocks and funds: which funds hold a stock, which stocks a fund holds.

import { get } from './api.js';
import { dialog } from './dialogs.js';
import { bar, h, redraw } from './dom.js';
import { UNKNOWN, amount, percent, price } from './format.js';
import { badge, changed, failure, holdingsButton, instrument } from './parts.js';
import { noteSources } from './simulated.js';
import { table } from './table.js';
import { t } from './words.js';

/** Funds that hold a stock, largest weight first. */
export function openHolders(stock, name) {
  show(t('related_of', { name: name || stock }), `/api/v2/stocks/${encodeURIComponent(stock)}/holders?limit=500`, (found, again) =>
    holders(found.items, stock, again));
}

/** The published holdings of a fund; `stock` is highlighted, stocks at their limit are marked. */
export function openHoldings(fund, name, stock = null) {
  show(t('holdings_of', { name: name || fund }), `/api/v2/etfs/${encodeURIComponent(fund)}/holdings?limit=1000`, (found, again) =>
    [report(found), holdings(found.items, stock, again)]);
}

function show(title, path, drawn) {
  const root = h('div', { class: 'filled' }, h('p', { class: 'empty' }, t('loading')));
  dialog({ title, body: root, wide: true });
  const load = () => get(path).then((found) => {
    noteSources(JSON.stringify(found));
    const draw = () => redraw(root, drawn(found, draw));
    draw();
  }, (error) => redraw(root, failure(error, load)));
  load();
}

function holders(rows, stock, again) {
  const most = Math.max(...rows.map((row) => row.weight), 0);
  const columns = [
    { key: 'fund', title: t('fund'), value: (r) => r.etf, cell: (r) => instrument(r.etf, r.name, 'holder') },
    { key: 'weight', title: t('weight'), num: true, class: 'wide', value: (r) => r.weight, cell: (r) => weighed(r.weight, most) },
    { key: 'rank', title: t('rank'), num: true, value: (r) => r.rank, cell: (r) => r.rank },
    { key: 'price', title: t('price'), num: true, value: (r) => r.price, cell: (r) => price(r.price, r.etf) },
    { key: 'change', title: t('change'), num: true, value: (r) => r.change, cell: (r) => changed(r.change) },
    { key: 'premium', title: t('premium'), num: true, value: (r) => r.premium, cell: (r) => percent(r.premium) },
    { key: 'amount', title: t('amount'), num: true, value: (r) => r.amount, cell: (r) => amount(r.amount) },
    { key: 'as_of', title: t('as_of'), value: (r) => r.as_of, cell: (r) => r.as_of },
    { key: 'do', title: t('actions'), cell: (r) => holdingsButton(r.etf, r.name, 'holder', stock) },
  ];
  return table({ name: 'holders', label: t('related'), columns, rows, empty: t('empty_holders'), again, id: (r) => r.etf });
}

function holdings(rows, stock, again) {
  const most = Math.max(...rows.map((row) => row.weight), 0);
  const columns = [
    { key: 'stock', title: t('stock'), value: (r) => r.stock, cell: (r) => [instrument(r.stock, r.stock_name, 'holding'), r.is_at_limit && badge(t('at_limit'), 'up')] },
    { key: 'weight', title: t('weight'), num: true, class: 'wide', value: (r) => r.weight, cell: (r) => weighed(r.weight, most) },
    { key: 'rank', title: t('rank'), num: true, value: (r) => r.rank, cell: (r) => r.rank },
  ];
  const mark = (row) => (row.stock === stock ? 'current' : '');
  return table({ name: 'holdings', label: t('holdings'), columns, rows, empty: t('empty_holdings'), again, id: (r) => r.stock, mark });
}

function report(found) {
  if (!found.total) return null;
  const facts = [[t('as_of'), found.as_of], [t('published'), found.published_at], [t('completeness'), t(found.completeness || '')], [t('weight'), percent(found.weight_sum)], [t('source'), found.source]];
  return h('p', { class: 'facts' }, facts.map(([label, value]) => h('span', {}, h('small', {}, label), ` ${value || UNKNOWN}`)));
}

const weighed = (weight, most) => [h('span', {}, percent(weight)), bar(most ? weight / most : 0)];
