// 涨停股: stocks that touched their limit, the ladder of consecutive boards, limit-ups by day.

import { watchStock } from '../changes.js';
import { DOWN, CONFIG, UP, layout, plotly } from '../charts.js';
import { bar, button, h } from '../dom.js';
import { UNKNOWN, amount, change, clock, count, percent, price, shownOf } from '../format.js';
import { openKline } from '../kline.js';
import { badge, changed, figure, figures, holdersButton, instrument, panel, part } from '../parts.js';
import { colour } from '../prefs.js';
import { table } from '../table.js';
import { t } from '../words.js';

const MOST_CHIPS = 60;
const DAYS = 120;

export const board = {
  key: 'board',
  asks: () => ({
    board: '/api/v2/board?limit=1000', ladder: '/api/v2/ladder', watched: '/api/v2/watchlist?limit=1000', days: `/api/v2/board-counts?limit=${DAYS}`,
  }),
  draw(data, page) {
    const again = () => page.load();
    return h('div', { class: 'split' },
      h('div', { class: 'stack' }, part(data.board, again, (found) => [summary(found), list(found, watchedOf(data), page)])),
      h('div', { class: 'stack' }, panel(t('ladder'), part(data.ladder, again, ladder)), data.days?.value && panel(t('history'), h('div', { class: 'plot small', id: 'days', role: 'img', 'aria-label': t('history') }))),
    );
  },
  drawn: (root, data) => data.days?.value && days(root, data.days.value.items),
};

function summary(found) {
  const known = (value) => (found.origin === 'none' ? UNKNOWN : count(value));
  return figures(
    figure(t('day'), found.day || UNKNOWN, { hint: t(`origin_${found.origin}`) }),
    figure(t('at_limit'), known(found.at_limit), { kind: found.at_limit ? 'up' : '' }),
    figure(t('sealed'), known(found.sealed)),
    figure(t('opened'), known(found.opened)),
    figure(t('seal_rate'), percent(found.seal_rate, 1)),
  );
}

function list(found, watched, page) {
  const columns = [
    { key: 'stock', title: t('stock'), value: (r) => r.symbol, cell: (r) => instrument(r.symbol, r.name, 'board'), search: (r) => `${r.symbol} ${r.name || ''}` },
    { key: 'price', title: t('price'), num: true, value: (r) => r.price, cell: (r) => price(r.price, r.symbol) },
    { key: 'change', title: t('change'), num: true, value: (r) => r.change, cell: (r) => changed(r.change) },
    { key: 'boards', title: t('boards'), num: true, value: (r) => (r.at_limit ? r.boards_in_row : null), cell: (r) => (r.at_limit && r.boards_in_row ? r.boards_in_row : UNKNOWN) },
    { key: 'state', title: t('state'), value: rankOf, cell: stateOf },
    { key: 'first', title: t('first_seal'), num: true, value: (r) => r.first_seal, cell: (r) => clock(r.first_seal) },
    { key: 'opened', title: t('times_opened'), num: true, value: (r) => r.times_opened, cell: (r) => count(r.times_opened) },
    { key: 'seal', title: t('seal_amount'), num: true, value: (r) => r.seal_amount, cell: (r) => amount(r.seal_amount) },
    { key: 'amount', title: t('amount'), num: true, value: (r) => r.amount, cell: (r) => amount(r.amount) },
    { key: 'turnover', title: t('turnover'), num: true, value: (r) => r.turnover, cell: (r) => percent(r.turnover) },
    { key: 'industry', title: t('industry'), class: 'clip', value: (r) => r.industry, cell: (r) => r.industry || UNKNOWN, search: (r) => r.industry },
    { key: 'do', title: t('actions'), class: 'do', cell: (r) => [addition(r, watched), holdersButton(r.symbol, r.name, 'board')] },
  ];
  const empty = found.day ? t('empty_board_day', { day: found.day }) : t('empty_board');
  const mark = (row) => (row.at_limit ? '' : 'dim');
  const made = table({ name: 'board', label: t('board'), columns, rows: found.items, empty, again: () => page.draw(), id: (r) => r.symbol, mark });
  return panel(t('board'), made, { note: shownOf(found) });
}

const watchedOf = (data) => new Set((data.watched?.value?.items || []).map((row) => row.symbol));

const rankOf = (row) => (row.sealed ? 3 : 0) + (row.at_limit ? 2 : 0) + (row.one_word ? 1 : 0);

function stateOf(row) {
  const word = row.sealed ? badge(t('sealed'), 'up') : row.at_limit ? badge(t('at_limit'), 'up') : row.opened ? badge(t('opened'), 'warn') : UNKNOWN;
  return [word, row.one_word && badge(t('one_word'), 'up')];
}

function addition(row, watched) {
  if (watched.has(row.symbol)) return h('span', { class: 'quiet watched', title: t('watch') }, '★', h('span', { class: 'only-heard' }, t('watch')));
  const act = () => watchStock(row.symbol, row.name, row.industry || '');
  const label = t('add_of', { name: row.name || row.symbol });
  return button('＋', act, { class: 'small plus', title: label, 'aria-label': label, 'data-key': `add ${row.symbol}` });
}

function ladder(found) {
  if (!found.rungs.length) return h('p', { class: 'empty' }, t('empty_ladder'));
  const most = Math.max(...found.rungs.map((rung) => rung.stocks.length));
  return h('ol', { class: 'ladder', 'data-scroll': 'ladder', tabindex: '0', 'aria-label': t('ladder') }, found.rungs.map((rung) => {
    const left = rung.stocks.length - MOST_CHIPS;
    const label = rung.boards > 1 ? t('boards_n', { n: rung.boards }) : t('first_board');
    return h('li', {},
      h('div', { class: 'rung' }, h('b', {}, label), h('span', { class: 'quiet' }, `× ${rung.stocks.length}`), bar(rung.stocks.length / most, { class: 'up' })),
      h('div', { class: 'chips' }, rung.stocks.slice(0, MOST_CHIPS).map(chip), left > 0 && h('span', { class: 'quiet' }, t('more', { n: left }))));
  }));
}

function chip(row) {
  const name = row.name || row.symbol;
  return button(name, () => openKline(row.symbol, row.name), {
    class: 'chip', 'data-key': `rung ${row.symbol}`, title: `${row.symbol} ${change(row.change)}`, 'aria-label': t('kline_of', { name }),
  });
}

async function days(root, newestFirst) {
  const rows = [...newestFirst].reverse();
  const node = root.querySelector('#days');
  const library = await plotly().catch(() => null);
  if (!library || !node?.isConnected || !rows.length) return;
  const x = rows.map((row) => row.date);
  const bars = { type: 'bar', x, y: rows.map((row) => row.at_limit), marker: { color: UP, opacity: 0.8 }, name: t('at_limit'), hovertemplate: '%{y}' };
  const lost = { type: 'bar', x, y: rows.map((row) => -row.opened), marker: { color: DOWN, opacity: 0.7 }, name: t('opened'), customdata: rows.map((row) => row.opened), hovertemplate: '%{customdata}' };
  const rate = { type: 'scatter', mode: 'lines', x, y: rows.map((row) => row.seal_rate), yaxis: 'y2', line: { color: colour('--accent'), width: 1.2 }, name: t('seal_rate'), hovertemplate: '%{y:.1%}' };
  const axes = { yaxis: { nticks: 4 }, yaxis2: { overlaying: 'y', side: 'right', tickmode: 'array', tickvals: [0, 0.5, 1], ticktext: ['0', '50%', '100%'], range: [0, 1.02], showgrid: false } };
  const shape = layout({ ...axes, xaxis: { type: 'category', nticks: 3, tickangle: 0 }, barmode: 'relative', bargap: 0.15, hovermode: 'x unified', margin: { l: 34, r: 40, t: 8, b: 24 } });
  library.newPlot(node, [bars, lost, rate], shape, CONFIG);
}
