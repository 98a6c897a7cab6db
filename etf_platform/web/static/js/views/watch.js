// 自选股: the watch list with quotes; adding is done from the search box or the limit-up page.

import { setAlerts, unwatchStock } from '../changes.js';
import { button, h } from '../dom.js';
import { UNKNOWN, amount, clock, price } from '../format.js';
import { badge, changed, figure, figures, holdersButton, instrument, panel, part } from '../parts.js';
import { table } from '../table.js';
import { t } from '../words.js';

export const watch = {
  key: 'watch',
  asks: () => ({ rows: '/api/v2/watchlist?limit=1000' }),
  draw: (data, page) => part(data.rows, () => page.load(), (found) => [summary(found.items), list(found.items, page)]),
};

function summary(rows) {
  const known = rows.filter((row) => row.change !== null);
  const [up, down] = [known.filter((row) => row.change > 0).length, known.filter((row) => row.change < 0).length];
  const limit = rows.filter((row) => row.is_limit_up).length;
  const mean = known.length ? known.reduce((sum, row) => sum + row.change, 0) / known.length : null;
  return figures(
    figure(t('watch'), String(rows.length)),
    figure(t('at_limit'), String(limit), { kind: limit ? 'up' : '' }),
    figure('▲ / ▼', `${up} / ${down}`),
    figure(`⌀ ${t('change')}`, changed(mean)),
  );
}

function list(rows, page) {
  const columns = [
    { key: 'stock', title: t('stock'), value: (r) => r.code, cell: (r) => instrument(r.symbol, r.name, 'watch'), search: (r) => `${r.symbol} ${r.name}` },
    { key: 'price', title: t('price'), num: true, value: (r) => r.price, cell: (r) => price(r.price, r.symbol) },
    { key: 'change', title: t('change'), num: true, value: (r) => r.change, cell: (r) => changed(r.change) },
    { key: 'state', title: t('state'), value: (r) => rankOf(r), cell: stateOf },
    { key: 'amount', title: t('amount'), num: true, value: (r) => r.amount, cell: (r) => amount(r.amount) },
    { key: 'notes', title: t('notes'), class: 'clip', value: (r) => r.notes || null, cell: (r) => r.notes || UNKNOWN, search: (r) => r.notes },
    { key: 'at', title: t('updated'), num: true, value: (r) => r.at, cell: (r) => clock(r.at) },
    { key: 'alerts', title: t('alerts'), value: (r) => Number(r.alerts), cell: alerts },
    { key: 'do', title: t('actions'), class: 'do', cell: (r) => [holdersButton(r.symbol, r.name, 'watch'), removal(r)] },
  ];
  const again = () => page.draw();
  const mark = (row) => (row.is_limit_up ? 'hot' : '');
  const made = table({ name: 'watch', label: t('watch'), columns, rows, empty: t('empty_watch'), again, id: (r) => r.symbol, mark });
  return panel(t('watch'), made, { note: String(rows.length) });
}

function stateOf(row) {
  if (row.is_limit_up === null) return UNKNOWN;
  if (!row.is_limit_up) return h('span', { class: 'quiet' }, t('below'));
  const boards = row.boards_in_row > 1 ? badge(t('boards_n', { n: row.boards_in_row }), 'up') : null;
  return [badge(t(row.is_sealed ? 'sealed' : 'at_limit'), 'up'), boards];
}

const rankOf = (row) => (row.is_limit_up === null ? null : row.is_limit_up ? 1 + (row.boards_in_row || 0) : 0);

function alerts(row) {
  const act = () => setAlerts(row.code, !row.alerts);
  return button(t(row.alerts ? 'alerts_on' : 'alerts_off'), act, {
    role: 'switch', 'aria-checked': String(row.alerts), 'aria-label': t('alerts_switch', { name: row.name }), class: 'switch small', 'data-key': `alerts ${row.code}`,
  });
}

function removal(row) {
  return button(t('remove'), () => unwatchStock(row), { class: 'small', 'aria-label': t('remove_of', { name: row.name }), 'data-key': `remove ${row.code}` });
}
