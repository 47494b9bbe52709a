// The packages and their instances.

import { get, query } from "./api.js";
import { fill, h } from "./dom.js";
import { STATUSES, brief, count, plural, statusWord } from "./format.js";
import { listing } from "./listing.js";
import { paced } from "./live.js";
import { packagePanel } from "./package.js";
import { clockTime, code, empty, guid, statusPill } from "./parts.js";

const DEMO_ACCOUNT = "a0000000-0000-4000-8000-000000000000";

export function packagesView(app) {
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Status" });
  let view = null;
  let wanted = {};
  let choose = () => {};

  const load = paced(
    async () => {
      const filters = wanted;
      const counts = await get(`inspector/counts${query(filters)}`);
      if (filters === wanted) showCounts(counts);
    },
    1000,
    20,
  );

  function showCounts({ total, matching, instances }) {
    view.say(
      total === matching
        ? plural(total, "package")
        : `${count(matching)} of ${plural(total, "package")}`,
    );
    const all = Object.values(instances).reduce((sum, number) => sum + number, 0);
    const chosen = wanted.status ?? "";
    const focused = chips.contains(document.activeElement)
      ? document.activeElement.dataset.status
      : null;
    fill(
      chips,
      [
        ["", "All instances", all],
        ...STATUSES.map((status) => [status, statusWord(status), instances[status]]),
      ].map(([status, word, number]) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(chosen === status),
            "data-status": status,
            onclick: () => choose({ status }),
          },
          word,
          " ",
          h("span", { class: "number" }, count(number)),
        ),
      ),
    );
    if (focused !== null) chips.querySelector(`[data-status="${focused}"]`)?.focus();
  }

  view = listing(app, {
    name: "packages",
    title: "Packages",
    topic: "packages",
    search: "External id, or the beginning of an id",
    columns: [
      ["Package"],
      ["Account", "wide-only"],
      ["Instances"],
      ["Created"],
      ["Updated", "wide-only"],
    ],
    filters: [
      {
        name: "product",
        label: "Product",
        choices: ({ world }) => [
          ["", "Any product"],
          ...world.products.map(({ id, name }) => [id, name]),
        ],
      },
      {
        name: "account",
        label: "Account",
        choices: ({ world }) => [
          ["", "Any account"],
          ...world.accounts.map(({ id, parentId }) => [
            id,
            `${brief(id)}${parentId ? "" : " (parent)"}`,
          ]),
        ],
      },
      {
        name: "floating",
        label: "Place",
        choices: () => [
          ["", "Anywhere"],
          ["yes", "Floating"],
          ["no", "On a site"],
        ],
      },
    ],
    extra: {
      element: chips,
      show(filters, filterBy) {
        wanted = filters;
        choose = filterBy;
      },
      refresh: (_, isNew) => (isNew ? load.now() : load()),
    },
    load: async (filters) => {
      const { packages, more } = await get(`inspector/packages${query(filters)}`);
      return { items: packages, more };
    },
    keyOf: ({ seq }) => seq,
    placeOf: ({ seq }) => seq,
    idOf: ({ id }) => id,
    line: (item) => line(app, item),
    empty: (isFiltered, clear) => (isFiltered ? nothingFound(clear) : nothingYet(app)),
    panel: packagePanel,
  });
  return view;
}

function line(
  app,
  { id, accountId, externalId, createdDate, updatedDate, instances, instanceCount },
) {
  const more = instanceCount - instances.length;
  return [
    h(
      "span",
      { class: "stack" },
      h("span", { class: "name" }, externalId ?? brief(id)),
      h("span", { class: "muted small mono" }, externalId === null ? "no external id" : brief(id)),
    ),
    h("span", { class: "wide-only muted small" }, guid(accountId)),
    h(
      "span",
      { class: "things" },
      instances.map(({ status, productId, siteId, failure }) =>
        h(
          "span",
          { class: "thing" },
          statusPill(status),
          h("span", {}, app.productName(productId)),
          h(
            "span",
            { class: "muted small" },
            failure ??
              (siteId === null ? (status === "CANCELED" ? "" : "floating") : ["on ", guid(siteId)]),
          ),
        ),
      ),
      more > 0 &&
        h(
          "span",
          { class: "muted small" },
          `and ${plural(more, "more instance", "more instances")}`,
        ),
    ),
    h("span", { class: "muted small" }, clockTime(createdDate)),
    h("span", { class: "wide-only muted small" }, clockTime(updatedDate)),
  ];
}

function nothingFound(clear) {
  return empty(
    "No package is like that",
    h(
      "p",
      { class: "muted" },
      "A status, a product and a place are looked for in one and the same instance. The search looks in external ids, and for package, instance and site ids.",
    ),
    h("button", { type: "button", onclick: clear }, "Clear filters"),
  );
}

function nothingYet(app) {
  const isDemo = app.world.accounts.some(({ id }) => id === DEMO_ACCOUNT);
  const key = isDemo ? "EMU.demo" : "a key of your seed";
  const account = isDemo
    ? "a0000000-0000-4000-8000-000000000001"
    : (app.world.accounts[0]?.id ?? "an account of your seed");
  const where = `export WIXRESELLER_BASE_URL=${location.origin} WIX_API_KEY=${isDemo ? key : `'${key}'`} WIX_ACCOUNT_ID=${isDemo ? account : `'${account}'`}`;
  const create =
    "wixreseller packages create --product c0000000-0000-4000-8000-000000000001 --country BR --billing-type RECURRING --cycle-unit YEAR --cycle-count 1 --external-id sub-42";
  return empty(
    "No packages yet",
    h(
      "p",
      { class: "muted" },
      "Point your code at this emulator, and what it buys appears here while it runs:",
    ),
    code("In your shell", where),
    isDemo && [
      h("p", { class: "muted" }, "Or buy something by hand:"),
      code("A first package", create),
    ],
  );
}
