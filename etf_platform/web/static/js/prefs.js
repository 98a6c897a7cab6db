// What this browser remembers: language, theme (for good), and the token (until its tab closes).

/** A remembered text; null where nothing is, or storage is switched off. */
export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Remember a text; null forgets it. */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // storage is switched off: it holds until the page is left
  }
}

let token = '';

/** The token of this tab, '' for none. */
export function heldToken() {
  try {
    return sessionStorage.getItem('token') || token;
  } catch {
    return token;
  }
}

/** Keep the token until the tab closes. */
export function holdToken(value) {
  token = value;
  try {
    sessionStorage.setItem('token', value);
  } catch {
    // kept in memory only
  }
}

export const THEMES = ['auto', 'light', 'dark'];

/** The chosen theme: auto follows the system. */
export function theme() {
  return document.documentElement.dataset.theme || 'auto';
}

/** Choose a theme, and remember it. */
export function chooseTheme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  remember('theme', name === 'auto' ? null : name);
}

/** A colour of the style sheet by its name, e.g. `--up`, as the current theme has it. */
export function colour(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
