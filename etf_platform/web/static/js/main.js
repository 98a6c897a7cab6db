// Starts the page and ties its parts together: which page is shown, when it is asked for again, what is told.

import { get } from './api.js';
import { toast } from './dialogs.js';
import { follow } from './live.js';
import { Page } from './pages.js';
import { draw as drawBanner, noteServer } from './simulated.js';
import { topBar } from './top.js';
import { board } from './views/board.js';
import { exposure } from './views/exposure.js';
import { overview } from './views/overview.js';
import { openSignal, setDay, signals } from './views/signals.js';
import { watch } from './views/watch.js';
import { announce, t } from './words.js';

const STOCKS_MS = 5000;
const GATHER_MS = 300; // events that come together are answered by one question
const root = document.getElementById('main');
const pages = Object.fromEntries([overview, watch, board, signals, exposure].map((view) => [view.key, new Page(view, root)]));
const state = { views: Object.values(pages).map((page) => page.view), current: 'overview', monitor: null, isLive: false, unseen: 0 };
const told = new Set();
const bar = topBar(document.getElementById('top'), { go, again, asked: ask });
let gather = null;

function go(key) {
  if (location.hash !== `#${key}`) location.hash = key;
  else show();
}

function show() {
  const key = location.hash.slice(1);
  if (key === 'main') return; // the skip link
  const before = pages[state.current];
  state.current = pages[key] ? key : 'overview';
  if (state.current === 'signals') state.unseen = 0;
  root.setAttribute('aria-labelledby', `tab-${state.current}`);
  root.setAttribute('role', 'tabpanel');
  root.className = state.current;
  before.turn += 1; // an answer to the page left behind is not drawn
  bar.draw(state);
  pages[state.current].draw();
  ask();
}

/** Draw everything anew: another language or theme. */
function again() {
  announce();
  drawBanner();
  bar.draw(state);
  pages[state.current].draw();
  document.getElementById('skip').textContent = t('skip');
}

/** Ask for the page that is shown, and for the monitor. */
async function ask() {
  const page = pages[state.current];
  const [monitor] = await Promise.all([get('/api/v2/monitor').catch(() => null), page.load(), state.isLive ? null : compare()]);
  if (!monitor) return;
  setDay(monitor.today);
  noteServer(monitor.is_simulated);
  state.monitor = monitor;
  bar.draw(state);
}

function soon() {
  clearTimeout(gather);
  gather = setTimeout(ask, GATHER_MS);
}

/** Without a stream: new signals are those that were not there before. */
async function compare() {
  const found = await get('/api/v2/signals?limit=20').catch(() => null);
  const first = !told.size;
  for (const row of [...(found?.items || [])].reverse()) {
    if (told.has(row.signal_id)) continue;
    told.add(row.signal_id);
    if (!first) say(row);
  }
  told.add('');
}

function hear(kind, data) {
  if (kind === 'signal' && !told.has(data.signal_id) && ['new', 'notified'].includes(data.state)) {
    told.add(data.signal_id);
    say(data);
  }
  soon();
}

function say(row) {
  if (state.current !== 'signals') state.unseen += 1;
  const text = `${t('new_signal')}: ${row.stock_name || row.stock} → ${row.etf_name || row.etf} ${row.confidence ? `(${row.confidence})` : ''}`;
  const run = () => get(`/api/v2/signals/${encodeURIComponent(row.signal_id)}`).then(openSignal, (error) => toast(error.message, { kind: 'bad' }));
  toast(text, { kind: 'signal', act: { label: t('show'), run } });
  bar.draw(state);
}

function pace() {
  const { monitor, current } = state;
  const usual = (monitor?.refresh?.frontend_refresh_interval || 10) * 1000;
  return monitor?.wanted === 'running' && ['watch', 'board'].includes(current) ? Math.min(STOCKS_MS, usual) : usual;
}

addEventListener('hashchange', show);
addEventListener('searchchange', () => pages[state.current].draw());
addEventListener('watchchange', ask);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  dispatchEvent(new Event('themechange'));
  again();
});
again();
show();
follow({ told: hear, ask, pace, changed: (isLive) => ((state.isLive = isLive), bar.draw(state)) });
