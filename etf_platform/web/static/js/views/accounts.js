// The accounts of all pools in one figure: value with its start as 1, and drawdown below.

import { CONFIG, SERIES, isNarrow, layout, plotly } from '../charts.js';
import { t } from '../words.js';

const SESSIONS = { 1: 244, 3: 732 };

/** Draw accounts ({name, rows: [{date, value, drawdown}]}) of the last years into a node. */
export async function drawAccounts(node, accounts, years) {
  if (!node || !accounts.length) return;
  const library = await plotly().catch((error) => void (node.textContent = error.message));
  if (!library || !node.isConnected) return;
  const traces = accounts.flatMap((one, place) => pair(one, place, years));
  const axes = {
    yaxis: { domain: [0.36, 1], type: 'linear', nticks: 6, tickformat: '.2f' },
    yaxis2: { domain: [0, 0.28], tickformat: '.0%', nticks: 4, rangemode: 'tozero' },
  };
  const legend = { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom' };
  const xaxis = { type: 'date', nticks: isNarrow() ? 4 : 8, anchor: 'y2', hoverformat: '%Y-%m-%d', tickformat: '%Y-%m' };
  library.newPlot(node, traces, layout({ ...axes, xaxis, showlegend: true, legend, hovermode: 'x unified', margin: { l: 44, r: 10, t: 26, b: 24 } }), CONFIG);
}

function pair({ name, rows }, place, years) {
  const kept = SESSIONS[years] ? rows.slice(-SESSIONS[years]) : rows;
  const x = kept.map((row) => row.date);
  const look = { type: 'scatter', mode: 'lines', x, name, legendgroup: name };
  const shade = SERIES[place % SERIES.length];
  const first = kept[0].value;
  const value = { ...look, y: kept.map((row) => row.value / first), line: { color: shade, width: 1.5 }, hovertemplate: '%{y:.3f}' };
  const down = { ...look, y: kept.map((row) => row.drawdown), yaxis: 'y2', showlegend: false, line: { color: shade, width: 1 }, fill: 'tozeroy', fillcolor: `${shade}22`, hovertemplate: `${t('drawdown')} %{y:.1%}` };
  return [value, down];
}
