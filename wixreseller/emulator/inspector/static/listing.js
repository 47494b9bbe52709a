// A live list with filters, pages, and a panel for the line that is open. What is filtered for
// stands in the address, so that a list can be sent to a colleague.

import { query } from "./api.js";
import { fill, forget, h, reconcile, setOptions } from "./dom.js";
import { count } from "./format.js";
import { paced } from "./live.js";
import { field } from "./parts.js";

const PAGE = 50;

// `kind` says: name, title, topic, columns, filters [{name, label, choices(app)}], search, load,
// keyOf, line(item, address), empty(isFiltered), panel(app, close), extra.
export function listing(app, kind) {
  let place = { id: null, filters: {} };
  let pages = [null];
  let isOtherPage = true;
  let isPaused = false;
  let hasNews = false;
  let asked = 0;

  const title = h("h1", {}, kind.title);
  const summary = h("p", { class: "muted number", role: "status" });
  const pauseButton = h(
    "button",
    { type: "button", "aria-pressed": "false", onclick: pause },
    "Pause",
  );
  const search = h("input", {
    type: "search",
    placeholder: kind.search,
    autocomplete: "off",
    spellcheck: "false",
  });
  const selects = kind.filters.map((filter) => {
    const select = h("select", {});
    select.addEventListener("change", () => filterBy({ [filter.name]: select.value }));
    return { ...filter, select };
  });
  const clear = h(
    "button",
    { type: "button", class: "plain", onclick: () => go(null, {}) },
    "Clear filters",
  );
  const list = h("ul", { class: kind.name });
  const none = h("div", {});
  const range = h("span", { class: "number" });
  const newest = h("button", { type: "button", onclick: () => turn(0) }, "Newest");
  const newer = h("button", { type: "button", onclick: () => turn(pages.length - 2) }, "Newer");
  const older = h("button", { type: "button", onclick: () => turn(pages.length) }, "Older");
  const pager = h(
    "nav",
    { class: "pager", "aria-label": "Pages" },
    range,
    h("div", { class: "row" }, newest, newer, older),
  );
  const columns = h(
    "div",
    { class: "columns", "aria-hidden": "true" },
    kind.columns.map(([text, css = ""]) => h("span", { class: css }, text)),
  );
  const card = h("div", { class: `card list ${kind.name}` }, columns, list, none, pager);
  const master = h(
    "div",
    { class: "master" },
    h(
      "div",
      { class: "head" },
      title,
      h("div", { class: "row" }, clear, kind.buttons ?? [], pauseButton),
    ),
    h(
      "div",
      { class: "filters", role: "search" },
      field("Search", search),
      selects.map(({ label, select }) => field(label, select)),
    ),
    kind.extra?.element,
    h("div", { class: "head" }, summary),
    card,
  );
  const panel = kind.panel(app, close);
  const split = h("div", { class: "split" }, master);
  let lastPlace = null;
  let typing = null;

  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => filterBy({ text: search.value.trim() }), 200);
  });

  function address(id, filters = place.filters) {
    return `#/${kind.name}${id === null ? "" : `/${encodeURIComponent(id)}`}${query(filters)}`;
  }

  function go(id, filters) {
    app.go(address(id, filters).slice(1));
  }

  function filterBy(change) {
    go(place.id, { ...place.filters, ...change });
  }

  function close() {
    if (place.id === null) return;
    const line = [...list.querySelectorAll("a.line")].find((link) => link.dataset.key === place.id);
    go(null, place.filters);
    (line ?? title).focus();
  }

  function pause() {
    isPaused = !isPaused;
    showPause();
    if (!isPaused && hasNews) refresh.now();
  }

  function showPause() {
    fill(pauseButton, isPaused ? (hasNews ? "Go on: there is news" : "Go on") : "Pause");
    pauseButton.classList.toggle("primary", isPaused && hasNews);
    pauseButton.setAttribute("aria-pressed", String(isPaused));
  }

  function turn(to) {
    pages = to >= pages.length ? [...pages, lastPlace] : pages.slice(0, Math.max(1, to + 1));
    turnedTo();
    title.scrollIntoView({ block: "nearest" });
  }

  // What is there stays until the other page has come.
  function turnedTo() {
    isOtherPage = true;
    list.setAttribute("aria-busy", "true");
    refresh.now();
  }

  const refresh = paced(async () => {
    hasNews = false;
    const mine = ++asked;
    const filters = place.filters;
    const page = await kind.load({ ...filters, before: pages.at(-1), limit: PAGE });
    if (mine !== asked) return;
    show(page, filters);
  }, 800);

  function show({ items, more, kept }, filters) {
    const isFiltered = Object.keys(filters).length > 0;
    const first = (pages.length - 1) * PAGE + 1;
    if (isOtherPage) forget(list);
    isOtherPage = false;
    list.removeAttribute("aria-busy");
    reconcile(list, items, kind.keyOf, (item) => line(item));
    markOpen();
    lastPlace = items.length === 0 ? null : kind.placeOf(items.at(-1));
    columns.hidden = pager.hidden = items.length === 0 && pages.length === 1;
    fill(none, items.length === 0 ? kind.empty(isFiltered, () => go(null, {})) : null);
    fill(
      range,
      items.length === 0 ? "Nothing further" : `${count(first)}–${count(first + items.length - 1)}`,
    );
    newest.disabled = newer.disabled = pages.length === 1;
    older.disabled = !more;
    if (kept !== undefined) fill(summary, kept);
  }

  function line(item) {
    const id = String(kind.idOf(item));
    return h("a", { class: "line", href: address(id), "data-key": id }, kind.line(item));
  }

  function markOpen() {
    for (const link of list.querySelectorAll("a.line")) {
      link.setAttribute("href", address(link.dataset.key));
      if (link.dataset.key === place.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  function showFilters() {
    if (document.activeElement !== search) search.value = place.filters.text ?? "";
    for (const { name, select, choices } of selects)
      setOptions(select, choices(app), place.filters[name] ?? "");
    clear.hidden = Object.keys(place.filters).length === 0;
    kind.extra?.show(place.filters, filterBy);
  }

  return {
    element: split,
    pause,
    close,
    show(next) {
      const isNewList =
        JSON.stringify(next.filters) !== JSON.stringify(place.filters) || isOtherPage;
      const isNewPanel = next.id !== place.id;
      place = next;
      showFilters();
      if (isNewList) {
        pages = [null];
        turnedTo();
        kind.extra?.refresh(place.filters, true);
      }
      if (isNewPanel) {
        split.classList.toggle("open", place.id !== null);
        if (place.id === null) panel.element.remove();
        else {
          split.append(panel.element);
          panel.show(place.id);
        }
      }
      markOpen();
    },
    changed(topics) {
      if (topics.has("world")) {
        // Names may have changed in any line.
        showFilters();
        turnedTo();
      }
      if (topics.has(kind.topic)) {
        hasNews = true;
        if (isPaused) showPause();
        else refresh();
        kind.extra?.refresh(place.filters, false);
      }
      if (place.id !== null) panel.changed(topics);
    },
    say: (text) => fill(summary, text),
  };
}
