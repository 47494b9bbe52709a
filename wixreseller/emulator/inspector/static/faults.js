// The fault rules: add, watch, remove.

import { get, remove } from "./api.js";
import { fill, h, option } from "./dom.js";
import { brief, count, plural } from "./format.js";
import { paced } from "./live.js";
import { act, button, empty, field, pill } from "./parts.js";
import { KINDS, OPERATIONS, addRule, kindTitle, sentence } from "./rules.js";

const QUICK = [
  ["Drop after commit", { fault: "drop_after_commit" }],
  ["Drop before commit", { fault: "drop_before_commit" }],
  ["429", { fault: "status", status: 429 }],
  ["500, no body", { fault: "empty_500" }],
  ["502 as HTML", { fault: "html_502" }],
  ["502 after commit", { fault: "html_502", when: "after_commit" }],
  ["Delay of 5 s", { fault: "delay", seconds: 5 }],
];

export function faultsView(app) {
  const target = h(
    "select",
    {},
    option("createPackageV2", "createPackageV2", "createPackageV2"),
    option("", "any request"),
    OPERATIONS.slice(1).map((name) => option(name, name)),
  );
  const quick = h(
    "section",
    { class: "card padded" },
    h("h2", {}, "Spoil the next request"),
    h(
      "p",
      { class: "muted" },
      "One click, one request: the next one that fits is spoilt, then the rule is spent.",
    ),
    h(
      "div",
      { class: "quick" },
      field("Which", target),
      QUICK.map(([text, rule], index) =>
        button(
          text,
          () => addRule({ ...rule, ...(target.value ? { operation: target.value } : {}) }),
          { kind: index === 0 ? "primary" : "" },
        ),
      ),
    ),
  );
  const summary = h("p", { class: "muted number", role: "status" });
  const list = h("div", { class: "card", role: "list", "aria-label": "Fault rules" });
  const all = button("Remove all", () => remove("faults"), {
    kind: "danger",
    done: "All rules are gone",
  });
  const element = h(
    "div",
    { class: "sections narrow" },
    h("div", { class: "head" }, h("h1", {}, "Faults"), h("div", { class: "row" }, all)),
    quick,
    h("section", {}, h("div", { class: "head" }, h("h2", {}, "Rules"), summary), list),
    form(app),
  );
  let rows = new Map();

  const load = paced(async () => show((await get("faults")).faults), 300);

  function show(rules) {
    const active = rules.filter(({ spent }) => !spent).length;
    fill(
      summary,
      rules.length === 0
        ? ""
        : `${plural(active, "rule")} active, ${count(rules.length - active)} spent`,
    );
    all.hidden = rules.length === 0;
    const next = new Map();
    for (const rule of rules) {
      const mark = JSON.stringify(rule);
      const known = rows.get(rule.id);
      if (known === undefined) next.set(rule.id, { mark, row: row(rule) });
      else {
        if (known.mark !== mark) known.row.update(rule);
        next.set(rule.id, { mark, row: known.row });
      }
    }
    rows = next;
    if (rules.length === 0) fill(list, nothing());
    else
      fill(
        list,
        [...next.values()].map(({ row: { element: line } }) => line),
      );
  }

  load();
  return {
    element,
    show() {},
    changed(topics) {
      if (topics.has("faults")) load();
    },
  };
}

function row(rule) {
  const state = h("span", {});
  const matches = h("b", {});
  const hits = h("b", {});
  const rest = { ...rule };
  for (const name of ["id", "fault", "matches", "hits", "spent"]) delete rest[name];
  const element = h(
    "div",
    { class: "rule", role: "listitem" },
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "row" },
        h("b", {}, kindTitle(rule.fault)),
        state,
        h("span", { class: "muted small mono" }, rule.id),
      ),
      h("span", { class: "muted" }, sentence(rule)),
    ),
    h(
      "div",
      { class: "hits" },
      h("span", { class: "figure" }, matches, "matches"),
      h("span", { class: "figure" }, hits, rule.times === null ? "hits" : `hits of ${rule.times}`),
      button("Remove", () => remove(`faults/${encodeURIComponent(rule.id)}`), {
        "aria-label": `Remove ${rule.id}`,
      }),
    ),
  );
  const update = ({ spent, matches: fitted, hits: spoilt }) => {
    fill(
      state,
      spent ? pill("spent") : pill(spoilt > 0 ? "active" : "waiting", spoilt > 0 ? "bad" : "warn"),
    );
    fill(matches, count(fitted));
    fill(hits, count(spoilt));
  };
  update(rule);
  return { element, update };
}

function nothing() {
  return empty(
    "No rules",
    h(
      "p",
      { class: "muted" },
      "Nothing goes wrong by itself here. Choose above what should go wrong next, or write a rule below; then run your code and watch it being hit.",
    ),
  );
}

// A whole rule, field by field.
function form(app) {
  const kind = h(
    "select",
    {},
    Object.entries(KINDS).map(([name, { title }]) => option(name, title)),
  );
  const about = h("p", { class: "muted wide" });
  const operation = h(
    "select",
    {},
    option("", "Any operation"),
    OPERATIONS.map((name) => option(name, name)),
  );
  const account = h("select", {});
  const inputs = {
    externalId: h("input", { autocomplete: "off", spellcheck: "false" }),
    nth: h("input", { type: "number", min: "1", value: "1" }),
    times: h("input", { type: "number", min: "1", value: "1", placeholder: "for ever" }),
    status: h("input", { type: "number", min: "400", max: "599", value: "500" }),
    code: h("input", { placeholder: "none", spellcheck: "false" }),
    message: h("input", { placeholder: "none" }),
    seconds: h("input", { type: "number", min: "0", step: "any", value: "5" }),
    bytes: h("input", { type: "number", min: "0", placeholder: "half of them" }),
    body: h("input", { placeholder: "a broken object", spellcheck: "false" }),
    location: h("input", { value: "https://example.com/", spellcheck: "false" }),
    when: h("select", {}),
  };
  const names = {
    status: "Status",
    code: "Code",
    message: "Message",
    seconds: "Seconds",
    bytes: "Bytes that arrive",
    body: "Body",
    location: "Location",
    when: "When",
  };
  const own = Object.fromEntries(
    Object.entries(names).map(([name, title]) => [name, field(title, inputs[name])]),
  );
  const numbers = ["nth", "times", "status", "seconds", "bytes"];

  function adapt() {
    const { text, fields = [] } = KINDS[kind.value];
    fill(about, text);
    for (const [name, element] of Object.entries(own)) element.hidden = !fields.includes(name);
    const chosen = inputs.when.value;
    const whens = [
      ["", "as usual"],
      ["before_commit", "before commit"],
      ["after_commit", "after commit"],
    ];
    if (operation.value === "assignProductInstanceToSite" && kind.value !== "delay")
      whens.push(["half_way", "half-way"]);
    fill(
      inputs.when,
      whens.map(([value, title]) => option(value, title, chosen)),
    );
  }

  function adaptAccounts() {
    fill(
      account,
      option("", "Any account"),
      app.world.accounts.map(({ id }) => option(id, brief(id), account.value)),
    );
  }

  async function add() {
    const rule = { fault: kind.value };
    if (operation.value) rule.operation = operation.value;
    if (account.value) rule.account = account.value;
    for (const name of ["externalId", "nth", ...(KINDS[kind.value].fields ?? [])]) {
      const text = inputs[name].value;
      if (text !== "") rule[name] = numbers.includes(name) ? Number(text) : text;
    }
    rule.times = inputs.times.value === "" ? null : Number(inputs.times.value);
    await addRule(rule);
  }

  kind.addEventListener("change", adapt);
  operation.addEventListener("change", adapt);
  account.addEventListener("focus", adaptAccounts);
  adapt();
  adaptAccounts();
  return h(
    "form",
    { class: "card padded", onsubmit: act(add), "aria-label": "A rule of your own" },
    h("h2", {}, "A rule of your own"),
    h(
      "div",
      { class: "form" },
      field("What happens", kind, { class: "wide" }),
      about,
      Object.values(own),
      field("Operation", operation),
      field("Account", account),
      field("External id", inputs.externalId),
      field("From match number", inputs.nth),
      field("How many times (empty: for ever)", inputs.times),
      h(
        "div",
        { class: "row wide" },
        h("button", { type: "submit", class: "primary" }, "Add the rule"),
      ),
    ),
  );
}
