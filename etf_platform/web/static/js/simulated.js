// The banner that says that data are simulated: by the server's word, or because a row's `source` says so.

import { t } from './words.js';

let known = false;

/** The server says whether its source is simulated. */
export function noteServer(isSimulated) {
  if (isSimulated) known = true;
  draw();
}

/** Look for a `source` that says simulated in an answer's text. */
export function noteSources(text) {
  if (/"source":"[^"]*simulated/i.test(text)) known = true;
  draw();
}

/** Show the banner in the current language, or hide it. */
export function draw() {
  const banner = document.getElementById('banner');
  banner.hidden = !known;
  if (known && banner.textContent !== t('simulated')) banner.textContent = t('simulated');
}
