// The journal of requests.

import { get, query, remove } from "./api.js";
import { h } from "./dom.js";
import { brief, count, milliseconds, plural } from "./format.js";
import { listing } from "./listing.js";
import { button, clockTime, confirm, empty, guid, pill } from "./parts.js";
import { requestPanel } from "./request.js";
import { OPERATIONS } from "./rules.js";

const CODES = [
  ["", "Any status"],
  ["2xx", "2xx, done"],
  ["4xx", "4xx, refused"],
  ["429", "429, throttled"],
  ["5xx", "5xx, failed"],
  ["3xx", "3xx, redirected"],
  ["none", "No answer"],
];

export function requestsView(app) {
  return listing(app, {
    name: "requests",
    title: "Requests",
    topic: "requests",
    search: "Anything in a path, a body or an answer",
    columns: [["No."], ["Time"], ["Status"], ["Request"], ["Account", "wide-only"], ["ms", "end"]],
    filters: [
      {
        name: "operation",
        label: "Operation",
        choices: () => [["", "Any operation"], ...OPERATIONS.map((name) => [name, name])],
      },
      { name: "status", label: "Status", choices: () => CODES },
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
        name: "kind",
        label: "Only",
        choices: () => [
          ["", "Everything"],
          ["committed", "Changed something"],
          ["replayed", "Replayed"],
          ["fault", "Hit by a fault"],
        ],
      },
    ],
    buttons: [button("Empty the journal", emptyJournal)],
    load: async (filters) => {
      const { requests, more, kept, dropped } = await get(`inspector/requests${query(filters)}`);
      const gone = dropped > 0 ? `, ${count(dropped)} older ones made room` : "";
      return { items: requests, more, kept: `${plural(kept, "request")}${gone}` };
    },
    keyOf: ({ number, time }) => `${number} ${time}`,
    placeOf: ({ number }) => number,
    idOf: ({ number }) => number,
    line,
    empty: nothing,
    panel: requestPanel,
  });
}

export function statusMark({ status }) {
  if (status === null) return pill("no answer", "bad");
  const kind = status < 300 ? "good" : status < 400 ? "note" : status < 500 ? "warn" : "bad";
  return pill(status, kind);
}

export function marks({ fault, replayed, deprecated }) {
  return [
    replayed && pill("replayed", "note"),
    fault !== null && pill(fault.fault, "bad"),
    deprecated && pill("deprecated", "warn"),
  ];
}

function line(entry) {
  const {
    number,
    time,
    method,
    operation,
    path,
    externalId,
    account,
    milliseconds: took,
    idempotencyKey,
  } = entry;
  return [
    h("span", { class: "muted small number seq" }, number),
    h("span", { class: "muted small" }, clockTime(time)),
    h("span", { class: "status" }, statusMark(entry)),
    h(
      "span",
      { class: "stack what" },
      h(
        "span",
        { class: "row" },
        h("span", { class: "name" }, operation ?? "unknown route"),
        externalId !== null && h("span", { class: "wrap" }, externalId),
        marks(entry),
      ),
      h(
        "span",
        { class: "muted small cut", title: path },
        h("span", { class: "method" }, method),
        " ",
        path,
      ),
      idempotencyKey !== null &&
        h(
          "span",
          { class: "muted small cut", title: `idempotency key ${idempotencyKey}` },
          "key ",
          h("span", { class: "mono" }, idempotencyKey),
        ),
    ),
    h("span", { class: "wide-only about muted small" }, account === null ? "" : guid(account)),
    h("span", { class: "muted small number end", title: `${took} ms` }, milliseconds(took)),
  ];
}

function nothing(isFiltered, clear) {
  if (isFiltered) {
    return empty(
      "No request is like that",
      h("p", { class: "muted" }, "The journal holds the last 10,000 requests."),
      h("button", { type: "button", onclick: clear }, "Clear filters"),
    );
  }
  return empty(
    "No requests yet",
    h(
      "p",
      { class: "muted" },
      "Every request of your code appears here as it is answered, with its body, its answer, and a button that copies it as curl or as Python. How to point your code at the emulator stands under Packages.",
    ),
    h("a", { class: "button", href: "#/packages" }, "Show me"),
  );
}

async function emptyJournal() {
  if (
    await confirm(
      "Empty the journal?",
      "All requests are forgotten, and counted from 1 again. Packages stay as they are.",
      "Empty the journal",
    )
  ) {
    await remove("requests");
  }
}
