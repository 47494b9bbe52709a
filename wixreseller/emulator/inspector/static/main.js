// Put the page together: the views, the address that says which one is shown, and the news.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { faultsView } from "./faults.js";
import { head } from "./head.js";
import { helpButton, keys } from "./keys.js";
import { listen, paced } from "./live.js";
import { toast } from "./parts.js";
import { packagesView } from "./packages.js";
import { requestsView } from "./requests.js";
import { dropNextCreate } from "./rules.js";
import { switchesView } from "./switches.js";
import { worldView } from "./world.js";

const VIEWS = [
  { name: "packages", title: "Packages", make: packagesView },
  { name: "requests", title: "Requests", make: requestsView },
  { name: "faults", title: "Faults", make: faultsView },
  { name: "switches", title: "Switches", make: switchesView },
  { name: "world", title: "World", make: worldView },
];

// What all views know: the newest state, the labels of the world, and how to go somewhere else.
const app = {
  state: null,
  versions: {},
  isPaused: false,
  world: { accounts: [], products: [], sites: [], apiKeys: 0 },
  names: new Map(),
  go(hash) {
    location.hash = hash;
  },
  productName: (id) => app.names.get(id) ?? id,
};

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
const live = document.getElementById("live");
const top = head(app);
let shown = null;

function parse() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  return {
    name: name || "packages",
    id: rest.join("/") || null,
    filters: Object.fromEntries(new URLSearchParams(search)),
  };
}

function route() {
  const place = parse();
  const view = VIEWS.find(({ name }) => name === place.name) ?? VIEWS[0];
  if (shown?.name !== view.name) {
    const isFirst = shown === null;
    shown?.made.leave?.();
    shown = { name: view.name, made: view.make(app) };
    document.title = `${view.title} · Emulator`;
    fill(main, shown.made.element);
    for (const tab of tabs.children) {
      if (tab.dataset.view === view.name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    if (!isFirst) {
      scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
  }
  shown.made.show(place);
}

async function readWorld() {
  const world = await get("inspector/world");
  if (JSON.stringify(world) === JSON.stringify(app.world)) return;
  app.world = world;
  app.names = new Map(world.products.map(({ id, name }) => [id, name]));
  shown?.made.changed?.(new Set(["world"]));
}

const loadWorld = paced(readWorld, 1000);

function hear(state, isNew) {
  const changed = new Set(
    Object.keys(state.versions).filter(
      (topic) =>
        isNew || app.state?.run !== state.run || app.versions[topic] !== state.versions[topic],
    ),
  );
  app.state = state;
  app.versions = state.versions;
  top.show(state);
  showTabs(state);
  // A loose world grows with every account and product that is named.
  if (changed.has("world") || changed.has("packages")) loadWorld();
  if (changed.size > 0) shown?.made.changed?.(changed);
}

function tell(word) {
  live.className = `live ${word}`;
  const words = { on: "live", off: "connection lost, trying again…", paused: "paused" };
  if (live.textContent !== words[word]) fill(live, words[word]);
}

function showTabs(state) {
  const { requests, faults, switched } = { switched: 0, ...state };
  const badges = { requests: requests.kept || "", faults: faults || "", switches: switched || "" };
  for (const tab of tabs.children) {
    const badge = tab.querySelector(".badge");
    const text = badges[tab.dataset.view] ?? "";
    fill(badge, text === "" ? "" : text.toLocaleString("en-US"));
    badge.classList.toggle("hot", tab.dataset.view === "faults");
    badge.classList.toggle("on", tab.dataset.view === "switches");
  }
}

fill(
  tabs,
  VIEWS.map(({ name, title }) =>
    h("a", { href: `#/${name}`, "data-view": name }, title, h("span", { class: "badge" })),
  ),
);
fill(document.getElementById("actions"), dropNextCreate(), helpButton());
keys(
  VIEWS.map(
    ({ name }) =>
      () =>
        app.go(`/${name}`),
  ),
  () => shown.made,
);
addEventListener("hashchange", route);
addEventListener("unhandledrejection", (event) => {
  toast(event.reason?.message ?? "Something went wrong.", true);
  event.preventDefault();
});
// The names of products stand in every line. Without them there is still something to show.
await readWorld().catch(() => {});
route();
listen(hear, tell);
