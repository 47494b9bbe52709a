// One package: what it is, what became of it, and what time will do to it.

import { get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { billing, brief, moment, plural, seconds, statusWord } from "./format.js";
import { paced } from "./live.js";
import { button, clockTime, facts, guid, json, pill, statusPill } from "./parts.js";

const FIELDS = {
  siteId: "site",
  catalogProductId: "product",
  discountCode: "discount",
  billing: "billing",
  failure: "failure",
  externalId: "external id",
};

export function packagePanel(app, close) {
  const heading = h("h2", { tabindex: "-1" }, "Package");
  const body = h("div", { class: "sections" });
  const element = h(
    "aside",
    { class: "card panel", "aria-label": "Package" },
    h(
      "header",
      {},
      heading,
      h("button", { type: "button", onclick: close, "aria-label": "Close the package" }, "Close"),
    ),
    body,
  );
  let id = null;
  let mark = "";

  const load = paced(async () => {
    const wanted = id;
    let found;
    try {
      found = await get(`inspector/packages/${encodeURIComponent(wanted)}`);
    } catch (error) {
      mark = "";
      fill(heading, "Not there");
      fill(body, h("p", { class: "muted" }, error.message));
      return;
    }
    const text = JSON.stringify(found);
    if (wanted !== id || text === mark) return;
    mark = text;
    show(found);
  }, 500);

  function show({ package: it, timeline, ahead }) {
    fill(heading, it.externalId ?? brief(it.id));
    const opened = [...body.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name);
    fill(
      body,
      facts([
        ["External id", it.externalId ?? h("span", { class: "muted" }, "none")],
        ["Package id", h("code", {}, it.id)],
        ["Account", h("code", {}, it.accountId)],
        ["Created", clockTime(it.createdDate, true)],
        ["Updated", clockTime(it.updatedDate, true)],
      ]),
      h(
        "section",
        {},
        h("h3", {}, plural(it.productInstances.length, "instance")),
        h(
          "div",
          {},
          it.productInstances.map((instance) => box(app, instance)),
        ),
      ),
      h(
        "section",
        {},
        h("h3", {}, "Time line"),
        h(
          "ol",
          { class: "timeline" },
          gathered(timeline).map((entry) => told(app, entry)),
          gatheredAhead(ahead).map((entry) => coming(app, entry)),
        ),
      ),
      h(
        "details",
        { "data-name": "json", open: opened.includes("json") },
        h("summary", {}, "As the API shows it"),
        json("Package", it),
      ),
    );
  }

  return {
    element,
    show(next) {
      id = next;
      mark = "";
      fill(heading, brief(id));
      fill(body, h("p", { class: "muted" }, "Loading…"));
      load.now();
      heading.focus({ preventScroll: true });
    },
    changed(topics) {
      if (topics.has("world")) mark = "";
      if (topics.has("packages") || topics.has("settings") || topics.has("world")) load();
    },
  };
}

function box(app, it) {
  const status = it.status === "ACTIVE" ? "ENABLED" : it.status;
  const paid = it.billingInfo ?? it.paymentInfo ?? it.contractDetails?.billingInfo;
  const isOver = status === "CANCELED" || status === "FAILED";
  return h(
    "div",
    { class: "box" },
    h(
      "div",
      { class: "row" },
      h("b", {}, app.productName(it.catalogProductId)),
      statusPill(status),
    ),
    facts([
      ["Instance", h("code", {}, it.instanceId)],
      ["Site", it.siteId ? h("code", {}, it.siteId) : isOver ? "" : "floating"],
      ["Billing", [billing(paid), it.countryCode && ` · ${it.countryCode}`]],
      ["Discount", it.discountCode],
      [
        "Free because of",
        it.referenceProductInstanceId && h("code", {}, it.referenceProductInstanceId),
      ],
      ["Expires", it.expirationDate && clockTime(it.expirationDate, true)],
      ["Failure", it.failure && `${it.failure.code}: ${it.failure.message}`],
    ]),
  );
}

// Lines that tell the same of several instances at the same moment become one.
function gathered(timeline) {
  const groups = new Map();
  for (const line of timeline) {
    const key = JSON.stringify([line.time, line.changes, line.requestId]);
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { ...line, instances: line.instanceId === null ? [] : [line.instanceId] });
    else group.instances.push(line.instanceId);
  }
  return [...groups.values()];
}

function told(app, { time, changes, instances, operation, requestId, request }) {
  const cause =
    operation === null
      ? requestId === null && changes.created === undefined
        ? "by time"
        : ""
      : request === null
        ? h("span", {}, operation, " (no longer in the journal)")
        : h("a", { href: `#/requests/${request}` }, `${operation}, request ${request}`);
  return h(
    "li",
    { class: operation === null ? "by-time" : "" },
    h(
      "div",
      { class: "row" },
      describe(app, changes),
      instances.length > 1 ? pill(plural(instances.length, "instance")) : null,
    ),
    h(
      "div",
      { class: "muted small" },
      clockTime(time, true),
      cause === "" ? "" : " · ",
      cause,
      instances.length === 1 ? [" · ", guid(instances[0])] : "",
    ),
  );
}

function describe(app, changes) {
  if (changes.created !== undefined)
    return h("b", {}, `Created with ${plural(changes.created, "instance")}`);
  const parts = [];
  for (const [name, value] of Object.entries(changes)) {
    if (name === "cancelAt")
      parts.push(h("span", {}, `Cancel asked for, done at ${moment(value[1])}`));
    else if (name === "status")
      parts.push(h("span", { class: "row" }, statusPill(value[0]), "→", statusPill(value[1])));
    else parts.push(changed(app, name, value));
  }
  return parts;
}

function changed(app, name, [before, after]) {
  if (name === "failure") return h("b", {}, after ?? "no failure");
  if (name === "siteId" && after === null)
    return h("span", {}, h("b", {}, "Left its site "), guid(before));
  if (name === "siteId")
    return h(
      "span",
      {},
      h("b", {}, before === null ? "Put on a site " : "Moved to a site "),
      guid(after),
    );
  const write = (value) =>
    value === null ? "none" : name === "catalogProductId" ? app.productName(value) : value;
  return h(
    "span",
    {},
    `New ${FIELDS[name] ?? name}: `,
    h("span", { class: "muted" }, write(before)),
    " → ",
    h("b", {}, write(after)),
  );
}

function gatheredAhead(ahead) {
  const groups = new Map();
  for (const { time, instanceId, status } of ahead) {
    const key = `${time} ${status}`;
    if (!groups.has(key)) groups.set(key, { time, status, instances: [] });
    groups.get(key).instances.push(instanceId);
  }
  return [...groups.values()];
}

function coming(app, { time, status, instances }) {
  const clock = app.state?.clock;
  const left = clock === undefined ? 0 : (Date.parse(time) - Date.parse(clock.now)) / 1000;
  return h(
    "li",
    { class: "ahead" },
    h(
      "div",
      { class: "row" },
      `Will be ${statusWord(status).toLowerCase()}`,
      instances.length > 1 ? pill(plural(instances.length, "instance")) : null,
      jump(time),
    ),
    h(
      "div",
      { class: "muted small" },
      clockTime(time, true),
      left > 0 ? ` · in ${seconds(left)}` : "",
    ),
  );
}

function jump(time) {
  return button(
    "Go there",
    async () => {
      const { now } = await get("clock");
      await post("clock", { advance: Math.max(0, Date.parse(time) - Date.parse(now)) / 1000 });
    },
    { kind: "plain", "aria-label": `Advance the clock to ${moment(time)}` },
  );
}
