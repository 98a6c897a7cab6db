// Plotly, loaded when the first chart is wanted, and what all charts share. The library is served by this server.

import { h } from './dom.js';
import { colour } from './prefs.js';
import { t } from './words.js';

export const UP = '#ef4444';
export const DOWN = '#10b981';
export const AVERAGES = { ma5: '#f59e0b', ma10: '#3b82f6', ma20: '#8b5cf6', ma60: '#64748b' };
export const SERIES = ['#3b82f6', '#f59e0b', '#8b5cf6', '#14b8a6', '#ec4899', '#84cc16'];
const ADDRESS = '/static/vendor/plotly.min.js';

let loading = null;

/** The library; the same promise for everybody, a new one after a failure. */
export function plotly() {
  loading ??= new Promise((done, failed) => {
    const script = h('script', { src: ADDRESS });
    script.addEventListener('load', () => done(window.Plotly));
    script.addEventListener('error', () => {
      loading = null;
      script.remove();
      failed(new Error(t('chart_missing')));
    });
    document.head.append(script);
  });
  return loading;
}

/** A layout in the page's colours. */
export function layout(more = {}) {
  const [text, line] = [colour('--muted'), colour('--line')];
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, fixedrange: true };
  const { xaxis, ...rest } = more;
  const axes = Object.fromEntries(Object.entries(rest).filter(([name]) => name.startsWith('yaxis')).map(([name, own]) => [name, { ...axis, ...own }]));
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: text },
    margin: { l: 52, r: 12, t: 8, b: 28 },
    showlegend: false,
    hoverlabel: { bgcolor: colour('--raised'), bordercolor: line, font: { color: colour('--text') } },
    ...rest,
    ...axes,
    xaxis: { ...axis, ...xaxis },
  };
}

export const CONFIG = { displayModeBar: false, responsive: true, displaylogo: false, doubleClick: false };

/** Whether people asked for less movement, or the screen is narrow. */
export const isNarrow = () => matchMedia('(max-width: 640px)').matches;
