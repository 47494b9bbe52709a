// The world: clock, rate limit, snapshots, seed, and what there is in it.

import { get, patch, post } from "./api.js";
import { fill, h } from "./dom.js";
import { brief, count, moment, plural, seconds } from "./format.js";
import { paced } from "./live.js";
import { act, button, clockTime, confirm, facts, field, guid, meter } from "./parts.js";

export function worldView(app) {
  const columns = [
    [clockCard(app), limitCard(app)],
    [snapshotCard(), resetCard(), contentCard(app)],
    [seedCard()],
  ];
  const parts = columns.flat();
  const element = h(
    "div",
    { class: "sections" },
    h("div", { class: "head" }, h("h1", {}, "World")),
    h(
      "div",
      { class: "cards" },
      columns.map((column) =>
        h(
          "div",
          { class: "sections" },
          column.map((part) => part.element),
        ),
      ),
    ),
  );
  return {
    element,
    show() {
      for (const part of parts) part.show();
    },
    changed(topics) {
      for (const part of parts) if (part.topics.some((topic) => topics.has(topic))) part.show();
    },
  };
}

function card(title, text, ...content) {
  return h(
    "section",
    { class: "card padded" },
    h("h2", {}, title),
    text && h("p", { class: "muted" }, text),
    content,
  );
}

function clockCard(app) {
  const now = h("p", { class: "number" });
  const at = h("input", { type: "datetime-local", step: "1" });
  const by = h("input", { type: "number", min: "0", step: "any", value: "3600" });
  const resume = button("Let it run", () => post("clock", { resume: true }));
  const freezeAt = () => {
    if (at.value === "") throw new Error("Choose a time first.");
    return post("clock", { freeze: `${at.value}${at.value.length === 16 ? ":00" : ""}Z` });
  };
  return {
    topics: ["clock"],
    element: card(
      "Clock",
      "Deliveries, expiries, rate windows and delays follow it. It only goes forward by itself, or by a push.",
      now,
      h(
        "div",
        { class: "form" },
        field("Seconds", by),
        h(
          "div",
          { class: "field" },
          h("span", {}, "\u00a0"),
          button("Advance", () => post("clock", { advance: Number(by.value) })),
        ),
      ),
      h(
        "div",
        { class: "form" },
        field("Time (UTC)", at),
        h("div", { class: "field" }, h("span", {}, "\u00a0"), button("Freeze there", freezeAt)),
      ),
      h(
        "div",
        { class: "row" },
        button("Freeze now", () => post("clock", { freeze: true })),
        button("+1 minute", () => post("clock", { advance: 60 })),
        button("+1 day", () => post("clock", { advance: 86_400 })),
        resume,
      ),
    ),
    show() {
      if (app.state === null) return;
      const { now: time, frozen } = app.state.clock;
      fill(
        now,
        frozen
          ? ["Stands at ", h("b", {}, `${moment(time)} UTC`)]
          : ["Runs. It was ", h("b", {}, `${moment(time)} UTC`), " at the last change."],
      );
      resume.disabled = !frozen;
      if (at.value === "") at.value = time.slice(0, 19);
    },
  };
}

function limitCard(app) {
  const body = h("div", { class: "things" });
  const text = h("input", { placeholder: "200/60, or off", spellcheck: "false" });
  const set = (event) => {
    event.preventDefault();
    return patch("settings", { rate_limit: text.value.trim() });
  };
  return {
    topics: ["limits", "settings"],
    element: card(
      "Rate limit",
      null,
      body,
      h(
        "form",
        { class: "form", onsubmit: act(set, "The rate limit is changed") },
        field("Requests/seconds", text),
        h(
          "div",
          { class: "field" },
          h("span", {}, "\u00a0"),
          h("button", { type: "submit" }, "Change"),
        ),
      ),
    ),
    show() {
      if (app.state === null) return;
      const { count: most, seconds: window, gauges, refused, kind, scope } = app.state.limits;
      if (document.activeElement !== text) text.value = most === null ? "off" : `${most}/${window}`;
      fill(
        body,
        h(
          "p",
          { class: "muted" },
          most === null
            ? "Off: nothing is refused."
            : `${count(most)} requests in ${seconds(window)} for each ${scope}, counted as ${kind}.`,
        ),
        gauges.map(({ caller, used, refused: no }) =>
          h(
            "div",
            { class: "stack" },
            h(
              "div",
              { class: "row small" },
              h("span", {}, caller),
              h("b", { class: "number" }, `${count(used)} / ${count(most)}`),
              no > 0 && h("span", { class: "pill bad" }, `${count(no)} × 429`),
            ),
            meter(used, most),
          ),
        ),
        most !== null &&
          gauges.length === 0 &&
          h("p", { class: "muted small" }, "Nobody has sent anything yet."),
        h(
          "p",
          { class: "small" },
          refused === 0
            ? "No request was refused with 429."
            : h(
                "a",
                { href: "#/requests?status=429" },
                `Show the ${plural(refused, "request")} refused with 429`,
              ),
        ),
      );
    },
  };
}

function snapshotCard() {
  const name = h("input", {
    placeholder: "before-the-migration",
    maxlength: "100",
    autocomplete: "off",
  });
  const list = h("ul", { class: "things plain" });
  const take = async (event) => {
    event.preventDefault();
    await post("snapshot", name.value.trim() === "" ? {} : { name: name.value.trim() });
    name.value = "";
  };
  const load = paced(async () => {
    const { snapshots } = await get("snapshots");
    fill(
      list,
      snapshots.length === 0 &&
        h(
          "li",
          { class: "muted small" },
          "None yet. Take one before something that you want to undo.",
        ),
      snapshots.map(({ name: known, time }) =>
        h(
          "li",
          {},
          h(
            "span",
            { class: "stack" },
            h("b", {}, known),
            h("span", { class: "muted small" }, clockTime(time, true)),
          ),
          button("Restore", () => post("restore", { name: known }), {
            done: `${known} is back`,
            "aria-label": `Restore ${known}`,
          }),
        ),
      ),
    );
  }, 200);
  return {
    topics: ["snapshots"],
    element: card(
      "Snapshots",
      "Everything but the journal, kept in memory: packages, settings, faults, clock.",
      h(
        "form",
        { class: "form", onsubmit: act(take, "The snapshot is taken") },
        field("Name (or none)", name),
        h(
          "div",
          { class: "field" },
          h("span", {}, "\u00a0"),
          h("button", { type: "submit" }, "Take a snapshot"),
        ),
      ),
      list,
    ),
    show: () => load.now(),
  };
}

function seedCard() {
  const text = h("textarea", {
    spellcheck: "false",
    placeholder: '{"accounts": [], "apiKeys": [], "sites": [], "products": []}',
  });
  const file = h("input", { type: "file", accept: "application/json,.json" });
  file.addEventListener("change", async () => {
    if (file.files.length > 0) text.value = await file.files[0].text();
  });
  const plant = async () => {
    JSON.parse(text.value);
    if (
      !(await confirm(
        "Begin another world?",
        "All packages, accounts and sites are replaced by those of this seed. Later resets go back to it.",
        "Plant the seed",
      ))
    )
      return;
    await post("seed", text.value);
    location.hash = "/packages";
  };
  const template = async () => {
    text.value = JSON.stringify(await get("inspector/seed"), null, 2);
  };
  return {
    topics: [],
    element: card(
      "Seed",
      "Accounts, keys, sites and products to begin with. Start from the default world and change it, or load a file.",
      field("Seed (JSON)", text),
      field("From a file", file),
      h(
        "div",
        { class: "row" },
        button("Insert the default seed", template),
        button("Plant the seed…", plant, { kind: "danger" }),
      ),
    ),
    show() {},
  };
}

function resetCard() {
  const reset = async () => {
    if (
      !(await confirm(
        "Reset the emulator?",
        "All packages, faults and requests are forgotten; switches, clock and rate limit go back to how the emulator was started. Snapshots stay.",
        "Reset",
      ))
    )
      return;
    await post("reset");
    location.hash = "/packages";
  };
  return {
    topics: [],
    element: card(
      "Reset",
      "Back to the seed: no packages, no faults, an empty journal, the same ids to come. Snapshots stay.",
      h("div", { class: "row" }, button("Reset…", reset, { kind: "danger" })),
    ),
    show() {},
  };
}

function contentCard(app) {
  const body = h("div", { class: "sections" });
  return {
    topics: ["world"],
    element: card("What there is", null, body),
    show() {
      const { accounts, products, sites, apiKeys } = app.world;
      fill(
        body,
        facts([
          ["Accounts", count(accounts.length)],
          ["Products", count(products.length)],
          ["Sites", count(sites.length)],
          ["API keys", count(apiKeys)],
        ]),
        h(
          "details",
          {},
          h("summary", {}, "Products"),
          h(
            "ul",
            { class: "things plain" },
            products.map(({ id, name, type }) =>
              h(
                "li",
                {},
                h("span", { class: "stack" }, h("b", {}, name), h("code", { class: "small" }, id)),
                h("span", { class: "muted small" }, type),
              ),
            ),
          ),
        ),
        h(
          "details",
          {},
          h("summary", {}, "Accounts and sites"),
          h(
            "ul",
            { class: "things plain" },
            accounts.map(({ id, parentId }) =>
              h(
                "li",
                {},
                h(
                  "span",
                  { class: "stack" },
                  h("code", { class: "small" }, id),
                  h(
                    "span",
                    { class: "muted small" },
                    parentId ? ["child of ", guid(parentId)] : "parent account",
                  ),
                ),
                h(
                  "span",
                  { class: "muted small" },
                  sites
                    .filter(({ accountId }) => accountId === id)
                    .map(({ id: site }) => h("code", { title: site }, `${brief(site)} `)),
                ),
              ),
            ),
          ),
        ),
      );
    },
  };
}
