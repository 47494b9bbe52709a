// Listen to what changes, and keep asking for it no more often than the emulator can bear.

const STREAM = "/_emulator/inspector/live";
const RETRY_MS = 2000;
// However long it takes to ask, nobody waits longer than that for what is new.
const MOST_MS = 2000;

// Calls `hear(state, isNew)` for every event, and `tell(word)` when the connection changes. A page
// that nobody sees does not listen: browsers allow six connections to one address, over all tabs.
export function listen(hear, tell) {
  let source = null;
  let retry = null;

  function open() {
    clearTimeout(retry);
    source?.close();
    if (document.hidden) {
      source = null;
      tell("paused");
      return;
    }
    source = new EventSource(STREAM);
    source.addEventListener("open", () => tell("on"));
    source.addEventListener("state", (event) => hear(JSON.parse(event.data), false));
    source.addEventListener("resync", (event) => hear(JSON.parse(event.data), true));
    source.addEventListener("error", () => {
      tell("off");
      // A browser gives up on an answer that is no stream; the emulator may come back all the same.
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    });
  }

  document.addEventListener("visibilitychange", open);
  open();
}

// Run `load` when asked, one at a time: at once after a silence, and then with a pause that grows
// with the time that it takes. What is asked for in a pause is done once, at its end.
export function paced(load, leastMs = 250, share = 15) {
  let isRunning = false;
  let isWanted = false;
  let next = 0;
  let timer = null;

  async function run() {
    timer = null;
    isRunning = true;
    isWanted = false;
    const began = performance.now();
    try {
      await load();
    } finally {
      isRunning = false;
      const now = performance.now();
      next = now + Math.max(leastMs, Math.min((now - began) * share, MOST_MS));
      if (isWanted) ask();
    }
  }

  function ask() {
    isWanted = true;
    if (isRunning || timer !== null) return;
    timer = setTimeout(run, Math.max(0, next - performance.now()));
  }

  // At once: somebody has just clicked.
  ask.now = () => {
    next = 0;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    ask();
  };
  return ask;
}
