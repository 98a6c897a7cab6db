// 总览: pools with figures, their accounts, fuses with reasons, sources, the report and Dagster.

import { h } from '../dom.js';
import { UNKNOWN, change, count, moment, number, percent } from '../format.js';
import { badge, choice, figure, figures, panel, part, stateBadge } from '../parts.js';
import { table } from '../table.js';
import { t } from '../words.js';
import { drawAccounts } from './accounts.js';

const WORST = { BLOCKED: 0, FAIL: 1, WARN: 2, PASS: 3 };
let years = 'all';
let openOnly = true;
let pools = [];

export const overview = {
  key: 'overview',
  asks: () => ({
    pools: '/api/v2/pools', checks: '/api/v2/checks?limit=1000', links: '/api/v2/links', sources: '/api/v2/sources', board: '/api/v2/board?limit=1', monitor: '/api/v2/monitor',
    ...Object.fromEntries(pools.map((name) => [`equity ${name}`, `/api/v2/pools/${encodeURIComponent(name)}/equity?limit=10000`])),
  }),
  draw(data, page) {
    const again = () => page.load();
    learn(data.pools?.value, page);
    const links = data.links?.value || {};
    return [
      summary(data, links),
      panel(t('pools'), part(data.pools, again, (found) => poolTable(found.items, links, page))),
      h('div', { class: 'split' },
        panel(t('equity'), accountBox(data), { tools: choice(t('range'), [['1', t('r_1')], ['3', t('r_3')], ['all', t('r_all')]], years, (value) => ((years = value), page.draw()), 'years') }),
        panel(t('fuses'), part(data.checks, again, (found) => fuses(found.items, links, page)), { tools: fuseTools(page) })),
      panel(t('sources'), part(data.sources, again, (found) => sourceTable(found.items, page))),
    ];
  },
  drawn: (root, data) => drawAccounts(root.querySelector('#accounts'), accountsOf(data), years),
};

// The accounts are asked for once it is known which pools there are.
function learn(found, page) {
  const names = (found?.items || []).map((row) => row.pool);
  if (names.join() === pools.join()) return;
  pools = names;
  page.load();
}

const accountsOf = (data) => pools.map((name) => ({ name, rows: data[`equity ${name}`]?.value?.items || [] })).filter((one) => one.rows.length);

function accountBox(data) {
  const found = accountsOf(data);
  if (!found.length) return h('p', { class: 'empty' }, pools.some((name) => !data[`equity ${name}`]) ? t('loading') : t('empty_equity'));
  const names = found.map((one) => one.name).join(', ');
  return h('div', { class: 'plot tall', id: 'accounts', role: 'img', 'aria-label': t('equity_label', { names }) });
}

function summary(data, links) {
  const [seen, watch] = [data.board?.value, data.monitor?.value];
  const report = links.report ? outside(`/api/v2/reports/${links.report}`, t('today_report')) : h('span', { class: 'quiet' }, t('no_report'));
  return figures(
    figure(t('at_limit'), count(seen?.origin === 'none' ? null : seen?.at_limit), { hint: seen?.day || '', kind: seen?.at_limit ? 'up' : '' }),
    figure(t('seal_rate'), percent(seen?.seal_rate, 1)),
    figure(t('signals_today'), count(watch?.signals_today)),
    figure(t('last_scan'), moment(watch?.last_finished)),
    h('div', { class: 'links' }, report, links.dagster && outside(links.dagster, 'Dagster'), outside(links.docs || '/docs', t('api_docs'))),
  );
}

function poolTable(rows, links, page) {
  const of = (name) => (row) => row.metrics[name];
  const shown = { annual_return: change, annual_volatility: percent, max_drawdown: percent, sharpe: number, total_return: change, monthly_win_rate: (v) => percent(v, 0), annual_turnover: (v) => (number(v, 1) === UNKNOWN ? UNKNOWN : `${number(v, 1)} ×`) };
  const isBare = rows.every((row) => Object.values(row.metrics).every((value) => value === null));
  const columns = [
    { key: 'pool', title: t('pool'), value: (r) => r.pool, cell: (r) => poolName(r, links), search: (r) => `${r.pool} ${r.name}` },
    { key: 'state', title: t('state'), value: (r) => WORST[r.state], cell: (r) => [stateBadge(r.state), r.reason && h('span', { class: 'why', title: r.reason }, r.reason)] },
    ...Object.entries(shown).filter(([name]) => isBare || rows.some((row) => row.metrics[name] !== null)).map(([name, say]) => ({ key: name, title: t(name), num: true, value: of(name), cell: (r) => say(of(name)(r)) })),
    { key: 'members', title: t('members'), num: true, value: (r) => r.members, cell: (r) => (r.members ? count(r.members) : UNKNOWN) },
    { key: 'last', title: t('last_session'), num: true, value: (r) => r.last_session, cell: (r) => r.last_session || UNKNOWN },
  ];
  return table({ name: 'pools', label: t('pools'), columns, rows, empty: t('empty_pools'), again: () => page.draw(), id: (r) => r.pool });
}

function poolName(row, links) {
  const shown = [h('span', { class: 'name' }, row.name), row.name !== row.pool && h('span', { class: 'code' }, row.pool)];
  if (!links.dagster) return shown;
  const address = `${links.dagster.replace(/\/$/, '')}/assets/backtest/${encodeURIComponent(row.pool)}/rotation`;
  return [shown, ' ', outside(address, '↗', `${t('in_dagster')}: ${row.name}`)];
}

function fuseTools(page) {
  return choice(t('fuses'), [['open', t('only_open')], ['all', t('all_days')]], openOnly ? 'open' : 'all', (value) => ((openOnly = value === 'open'), page.draw()), 'fuses');
}

function fuses(rows, links, page) {
  if (!rows.length) return h('p', { class: 'empty' }, t('empty_fuses'));
  const open = rows.filter((row) => row.state !== 'PASS');
  const counts = Object.keys(WORST).map((state) => [state, rows.filter((row) => row.state === state).length]).filter(([, n]) => n);
  const head = h('p', { class: 'counts' }, counts.map(([state, n]) => [stateBadge(state), h('span', {}, ` ${n} `)]));
  if (openOnly && !open.length) return [head, h('p', { class: 'empty good' }, t('all_passed', { n: rows.length }))];
  const columns = [
    { key: 'fuse', title: t('fuse'), value: (r) => r.fuse, cell: (r) => [h('span', { class: 'name' }, r.fuse), h('span', { class: 'code' }, `${r.universe} · ${r.guards}`)], search: (r) => `${r.fuse} ${r.universe} ${r.reason}` },
    { key: 'state', title: t('state'), value: (r) => WORST[r.state], cell: (r) => stateBadge(r.state) },
    { key: 'why', title: t('reason_col'), class: 'text', value: (r) => r.reason || null, cell: (r) => r.reason || UNKNOWN },
    { key: 'observed', title: `${t('observed')} / ${t('limit')}`, num: true, value: (r) => r.observed, cell: (r) => `${plain(r.observed)} / ${plain(r.limit)}` },
    { key: 'day', title: t('day'), num: true, value: (r) => r.as_of, cell: (r) => r.as_of },
  ];
  const kept = [...(openOnly ? open : rows)].sort((a, b) => WORST[a.state] - WORST[b.state]);
  return [head, table({ name: 'fuses', label: t('fuses'), columns, rows: kept, empty: t('empty_fuses'), again: () => page.draw(), id: (r) => `${r.universe} ${r.guards} ${r.fuse}` })];
}

function sourceTable(rows, page) {
  const columns = [
    { key: 'source', title: t('source'), value: (r) => r.source, cell: (r) => r.source, search: (r) => r.source },
    { key: 'state', title: t('state'), value: (r) => r.state, cell: (r) => stateBadge(r.state) },
    { key: 'latency', title: t('latency'), num: true, value: (r) => r.latency, cell: (r) => number(r.latency, 2) },
    { key: 'error', title: t('last_error'), class: 'text', value: (r) => r.last_error || null, cell: (r) => r.last_error || UNKNOWN },
    { key: 'at', title: t('updated'), num: true, value: (r) => r.updated_at, cell: (r) => moment(r.updated_at) },
  ];
  return table({ name: 'sources', label: t('sources'), columns, rows, empty: t('empty_sources'), again: () => page.draw(), id: (r) => r.source });
}

const plain = (value) => (value === null ? UNKNOWN : Number(value.toPrecision(4)).toString().replace('-', '−'));

/** A link that opens beside this page; only http(s) and paths of this server. */
function outside(address, text, label = null) {
  if (!/^(https?:\/\/|\/)/.test(address)) return badge(text);
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer', 'aria-label': label, title: label }, text);
}
