// The bar at the top: pages, the exchange's clock, the monitor, language and theme.

import { askMonitor } from './changes.js';
import { button, h, redraw } from './dom.js';
import { clock, duration } from './format.js';
import { THEMES, chooseTheme, theme } from './prefs.js';
import { searchBox } from './search.js';
import { language, speak, t } from './words.js';

/** Build the bar once; gives {draw(state)} to show a state {views, current, monitor, isLive}. */
export function topBar(root, { go, again, asked }) {
  const tabs = h('div', { class: 'tabs', role: 'tablist' });
  const status = h('div', { class: 'status' });
  const found = searchBox();
  const switches = h('div', { class: 'switches' });
  root.append(h('strong', { class: 'brand' }), tabs, found.node, status, switches);
  const draw = (state) => {
    root.querySelector('.brand').textContent = t('brand');
    tabs.setAttribute('aria-label', t('tabs'));
    found.translate();
    redraw(tabs, state.views.map((view) => tab(view, state, go)));
    tabs.querySelector('[aria-selected=true]').scrollIntoView({ block: 'nearest', inline: 'nearest' });
    redraw(status, state.monitor && statusOf(state, asked));
    redraw(switches, languageSwitch(again), themeSwitch(again));
  };
  tabs.addEventListener('keydown', (event) => walk(event, tabs));
  return { draw };
}

function tab(view, state, go) {
  const chosen = view.key === state.current;
  const badge = view.key === 'signals' && state.unseen ? h('span', { class: 'dot-count', 'aria-label': `${state.unseen}` }, String(state.unseen)) : null;
  return button([t(view.key), badge], () => go(view.key), {
    role: 'tab', id: `tab-${view.key}`, 'aria-selected': String(chosen), 'aria-controls': 'main', tabindex: chosen ? '0' : '-1', 'data-key': `tab ${view.key}`,
  });
}

// Arrow keys choose the next page, as tabs do everywhere.
function walk(event, tabs) {
  const all = [...tabs.querySelectorAll('[role=tab]')];
  const place = all.indexOf(event.target);
  const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: all.length - 1 }[event.key];
  if (place < 0 || next === undefined) return;
  event.preventDefault();
  const target = all[(next + all.length) % all.length];
  target.focus();
  target.click();
}

function statusOf(state, asked) {
  const { monitor, isLive } = state;
  const running = monitor.wanted === 'running';
  const market = monitor.is_trading ? `${t('trading')} · ${t('to_close', { time: duration(monitor.seconds_to_close) })}` : t('not_trading');
  const said = monitor.is_late ? t('late') : `${t(running ? 'running' : 'stopped')}${monitor.last_finished ? ` · ${clock(monitor.last_finished)}` : ''}`;
  const kind = monitor.is_late ? 'bad' : running ? 'good' : 'mute';
  const act = (what) => async () => (await askMonitor(what)) && asked();
  return [
    h('span', { class: `pill ${monitor.is_trading ? 'good' : 'mute'}` }, market),
    h('span', { class: `pill ${kind}`, title: monitor.is_late ? t('late_hint') : monitor.last_scan?.detail || null }, said),
    h('span', { class: `pill ${isLive ? 'good' : 'warn'}`, title: t(isLive ? 'live_hint' : 'poll_hint') }, t(isLive ? 'live_on' : 'live_off')),
    button(t(running ? 'stop' : 'start'), act(running ? 'stop' : 'start'), { 'data-key': 'monitor', 'aria-label': `${t(running ? 'stop' : 'start')}: ${t('monitor')}` }),
    button(t('scan'), act('scan'), { 'data-key': 'scan', class: 'main' }),
  ];
}

function languageSwitch(again) {
  const act = () => (speak(language() === 'zh' ? 'en' : 'zh'), again());
  return button(t('language_to'), act, { 'data-key': 'language', 'aria-label': t('language_label'), lang: language() === 'zh' ? 'en' : 'zh-CN' });
}

function themeSwitch(again) {
  const now = theme();
  const act = () => {
    chooseTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
    dispatchEvent(new Event('themechange'));
    again();
  };
  const sign = { auto: '◐', light: '☀', dark: '☾' }[now];
  const label = `${t('theme')}: ${t(`theme_${now}`)}`;
  return button(sign, act, { 'data-key': 'theme', 'aria-label': label, title: label, class: 'icon' });
}
