// The switches for every point that Wix leaves open.

import { get, patch } from "./api.js";
import { fill, h, option } from "./dom.js";
import { count } from "./format.js";
import { paced } from "./live.js";
import { act, button, empty, field, pill } from "./parts.js";

const BASES = { documented: "note", observed: "good", guessed: "warn" };

export function switchesView() {
  const search = h("input", {
    type: "search",
    placeholder: "Name or meaning",
    autocomplete: "off",
  });
  const basis = h(
    "select",
    {},
    option("", "All"),
    option("guessed", "Guessed"),
    option("documented", "Documented"),
    option("observed", "Observed"),
    option("changed", "Changed"),
  );
  const summary = h("p", { class: "muted number", role: "status" });
  const list = h("div", { class: "card" });
  const reset = button(
    "All back to their defaults",
    () =>
      patch(
        "settings",
        Object.fromEntries(settings.map(({ name, default: usual }) => [name, usual])),
      ),
    { done: "All switches stand as they are by default" },
  );
  const element = h(
    "div",
    { class: "sections narrow" },
    h("div", { class: "head" }, h("h1", {}, "Switches"), h("div", { class: "row" }, reset)),
    h(
      "p",
      { class: "muted" },
      "Where Wix's documents are silent or disagree, the emulator had to choose. Turn a switch to see how your code takes the other possibility; it holds from the next request on.",
    ),
    h("div", { class: "filters", role: "search" }, field("Search", search), field("Show", basis)),
    h(
      "section",
      {},
      h("div", { class: "head" }, h("h2", { class: "hidden" }, "All switches"), summary),
      list,
    ),
  );
  let settings = [];
  const rows = new Map();

  const load = paced(async () => {
    settings = (await get("settings")).settings;
    show();
  }, 300);

  function show() {
    const text = search.value.trim().toLowerCase();
    const isWanted = (it) =>
      (basis.value === "" ||
        it.source === basis.value ||
        (basis.value === "changed" && isChanged(it))) &&
      `${it.name} ${it.doc}`.toLowerCase().includes(text);
    const wanted = settings.filter(isWanted);
    const changed = settings.filter(isChanged).length;
    for (const it of settings) {
      if (!rows.has(it.name)) rows.set(it.name, row(it));
      rows.get(it.name).update(it);
    }
    fill(
      summary,
      `${count(settings.length)} switches, ${changed === 0 ? "none" : count(changed)} changed`,
    );
    reset.hidden = changed === 0;
    if (settings.length > 0 && wanted.length === 0) {
      fill(
        list,
        empty(
          "No switch is like that",
          h(
            "p",
            { class: "muted" },
            basis.value === "changed"
              ? "All of them stand as they are by default."
              : "Try another word.",
          ),
          h("button", { type: "button", onclick: clear }, "Show all"),
        ),
      );
      return;
    }
    const shown = wanted.map(({ name }) => rows.get(name).element);
    // Only if it differs: an element that is moved loses the focus.
    if (
      shown.length !== list.children.length ||
      shown.some((line, index) => list.children[index] !== line)
    )
      fill(list, shown);
  }

  function clear() {
    search.value = basis.value = "";
    show();
  }

  search.addEventListener("input", show);
  basis.addEventListener("change", show);
  load();
  return {
    element,
    show() {},
    changed(topics) {
      if (topics.has("settings")) load();
    },
  };
}

const isChanged = ({ value, default: usual }) => value !== usual;

function row(it) {
  const id = `switch-${it.name}`;
  const set = (value) => patch("settings", { [it.name]: value });
  const control = makeControl(it, id, set);
  const back = button("Reset", () => set(it.default), {
    kind: "plain",
    "aria-label": `Reset ${it.name}`,
  });
  const element = h(
    "div",
    { class: "switch" },
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "row" },
        h("label", { for: id, class: "mono" }, h("b", {}, it.name)),
        pill(it.source, BASES[it.source]),
      ),
      h("span", {}, it.doc),
      h("span", { class: "muted small" }, `Default: ${word(it.default)}. Allowed: ${it.allowed}.`),
    ),
    h("div", { class: "control" }, back, control.element),
  );
  return {
    element,
    update(now) {
      back.hidden = !isChanged(now);
      element.classList.toggle("changed", isChanged(now));
      control.update(now.value);
    },
  };
}

const word = (value) => (typeof value === "boolean" ? (value ? "on" : "off") : String(value));

function makeControl(it, id, set) {
  if (it.choices.length > 0 || typeof it.default === "boolean") {
    const isFlag = typeof it.default === "boolean";
    const choices = isFlag ? ["on", "off"] : it.choices;
    const element = h(
      "select",
      { id },
      choices.map((choice) => option(choice, choice)),
    );
    element.addEventListener(
      "change",
      act(() => set(isFlag ? element.value === "on" : element.value)),
    );
    return { element, update: (value) => (element.value = word(value)) };
  }
  const isNumber = typeof it.default === "number";
  const element = h(
    "input",
    isNumber ? { id, type: "number", min: "0", step: "any" } : { id, spellcheck: "false" },
  );
  let known = "";
  element.addEventListener(
    "change",
    act(async () => {
      try {
        await set(isNumber ? Number(element.value) : element.value);
      } catch (error) {
        element.value = known;
        throw error;
      }
    }),
  );
  return {
    element,
    update(value) {
      known = String(value);
      if (document.activeElement !== element) element.value = known;
    },
  };
}
