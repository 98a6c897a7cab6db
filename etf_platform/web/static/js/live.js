// Live updates: the server's event stream while the page is looked at, asking at intervals when there is none.

const SLOWLY = 60_000; // ms, beside the stream: the clock, and what the stream does not tell
const TICK = 500; // ms

/**
 * Keep up with the server. `told(kind, data)` gets events `signal` and `scan`; `ask()` is to ask for everything again;
 * `pace()` gives the milliseconds between two asks while there is no stream; `changed(isLive)` tells which it is.
 */
export function follow({ told, ask, pace, changed }) {
  let stream = null;
  let isLive = false;
  let last = Date.now();

  const set = (now) => {
    if (now === isLive) return;
    isLive = now;
    changed(isLive);
  };
  const tick = () => {
    if (document.hidden || Date.now() - last < (isLive ? SLOWLY : pace())) return;
    last = Date.now();
    ask();
    if (stream?.readyState === EventSource.CLOSED) open();
  };
  const open = () => {
    stream?.close();
    stream = new EventSource('/api/v2/events');
    stream.addEventListener('open', () => set(true));
    stream.addEventListener('error', () => set(false));
    for (const kind of ['signal', 'scan']) {
      stream.addEventListener(kind, (event) => told(kind, JSON.parse(event.data)));
    }
  };
  // A hidden page holds no connection: browsers allow six to one server, over all its tabs.
  const look = () => {
    if (document.hidden) {
      stream?.close();
      set(false);
    } else {
      open();
      ask();
    }
  };
  document.addEventListener('visibilitychange', look);
  open();
  setInterval(tick, TICK);
}
