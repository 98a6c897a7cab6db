// Everything this page changes on the server: watch list, alerts, monitor. Asks for the token where one is wanted.

import { change } from './api.js';
import { askToken, toast } from './dialogs.js';
import { halves } from './format.js';
import { holdToken } from './prefs.js';
import { t } from './words.js';

/** Send a changing request; true when it was done. A refusal is told in the server's words. */
export async function send(method, path, body) {
  try {
    return await change(method, path, body);
  } catch (error) {
    if (error.wantsToken) {
      const token = await askToken();
      if (!token) return null;
      holdToken(token);
      return change(method, path, body).catch(refuse);
    }
    return refuse(error);
  }
}

// Whatever page is shown by then draws the list anew.
const tell = () => dispatchEvent(new Event('watchchange'));

/** Watch a stock by its house symbol; null when it was refused. Tells `watchchange`. */
export async function watchStock(symbol, name, notes = '') {
  const [code, market] = halves(symbol);
  const body = { code, market: market.toLowerCase(), name: (name || code).slice(0, 40), notes };
  const done = await send('POST', '/api/watchlist/add', body);
  if (!done) return null;
  toast(done.status === 'success' ? t('added', { name: body.name }) : done.message);
  tell();
  return done;
}

/** No longer watch a stock; it can be undone while the toast is shown. */
export async function unwatchStock(row) {
  const done = await send('DELETE', `/api/watchlist/${encodeURIComponent(row.code)}`);
  if (!done) return null;
  const run = () => watchStock(row.symbol, row.name, row.notes);
  tell();
  toast(t('removed', { name: row.name }), { act: { label: t('undo'), run } });
  return done;
}

/** Have a stock's signals told, or not. */
export async function setAlerts(code, alerts) {
  const done = await send('PUT', `/api/v2/watchlist/${encodeURIComponent(code)}`, { alerts });
  if (done) tell();
  return done;
}

/** start, stop or scan. */
export async function askMonitor(what) {
  const done = await send('POST', `/api/monitor/${what}`);
  if (done) toast(done.message, { kind: done.status === 'failed' ? 'bad' : 'plain' });
  return done;
}

function refuse(error) {
  toast(error.message, { kind: 'bad' });
  return null;
}
