// Elements from data. Text always becomes a text node: nothing here, or anywhere on this page, parses markup.

/** An element. `on` holds listeners, `class` class names; true sets a bare attribute, null and false set none. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [kind, act] of Object.entries(value)) node.addEventListener(kind, act);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  return add(node, children);
}

/** Append nodes and texts; null, undefined and false are left out, lists are flattened. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** A button; `key` names it, so that the keyboard stays on it when its surroundings are drawn again. */
export function button(label, act, props = {}) {
  return h('button', { type: 'button', ...props, on: { click: act } }, label);
}

/** A length as a bar beside its figure: `share` from 0 to 1. The width is set through the object model. */
export function bar(share, props = {}) {
  const fill = h('i');
  fill.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
  return h('span', { 'aria-hidden': 'true', ...props, class: `bar ${props.class || ''}` }, fill);
}

/** Put new content in place of the old; focus, and how far parts were scrolled, stay. */
export function redraw(root, ...children) {
  const held = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const places = [...root.querySelectorAll('[data-scroll]')].map((n) => [n.dataset.scroll, n.scrollLeft, n.scrollTop]);
  root.replaceChildren();
  add(root, children);
  for (const [name, left, top] of places) {
    const node = find(root, 'scroll', name);
    if (node) Object.assign(node, { scrollLeft: left, scrollTop: top });
  }
  if (held) find(root, 'key', held)?.focus({ preventScroll: true });
}

function find(root, name, value) {
  return [...root.querySelectorAll(`[data-${name}]`)].find((node) => node.dataset[name] === value);
}
