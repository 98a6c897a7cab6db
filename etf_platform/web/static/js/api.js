// Asking the server, and only this server. A failure carries the server's own sentence.

import { heldToken } from './prefs.js';
import { t } from './words.js';

/** Why something was not answered; `message` is a sentence for the person. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }

  /** Whether the token is missing or wrong. */
  get wantsToken() {
    return this.status === 401;
  }
}

/** Read JSON. */
export const get = (path, signal) => ask(path, { signal });

/** Have something changed; sends the token when one is held. */
export function change(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  if (heldToken()) headers.Authorization = `Bearer ${heldToken()}`;
  return ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function ask(path, how) {
  let answer;
  try {
    answer = await fetch(path, how);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, t('no_server'));
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, sentence(body) || t('bad_answer', { status: answer.status }));
  return body;
}

function sentence(body) {
  return body && typeof body.detail === 'string' ? body.detail : '';
}
