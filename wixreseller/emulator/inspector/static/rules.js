// Fault rules: what there is to choose from, and what they say in words.

import { post } from "./api.js";
import { h } from "./dom.js";
import { brief, seconds } from "./format.js";
import { button, toast } from "./parts.js";

export const OPERATIONS = [
  "createPackageV2",
  "getPackage",
  "cancelPackage",
  "queryPackages",
  "updatePackageExternalId",
  "assignProductInstanceToSite",
  "unassignProductInstanceFromSite",
  "cancelProductInstance",
  "adjustProductInstanceSpecifications",
  "createPackage",
];

// What each kind does, and which fields it takes beyond what it matches.
export const KINDS = {
  drop_after_commit: {
    title: "Drop after commit",
    text: "The request is done, and the connection closed without an answer.",
  },
  drop_before_commit: {
    title: "Drop before commit",
    text: "The request is read and nothing done; the connection is closed.",
  },
  status: {
    title: "Answer with a status",
    text: "An error of Wix's form, with or without a code.",
    fields: ["status", "code", "message", "when"],
  },
  delay: {
    title: "Delay",
    text: "The answer waits, by the emulator's clock: frozen, until the clock is advanced.",
    fields: ["seconds", "when"],
  },
  html_502: { title: "502 as HTML", text: "What a proxy in between says.", fields: ["when"] },
  empty_500: { title: "500 without a body", text: "What a broken machine says.", fields: ["when"] },
  reset: {
    title: "Reset the connection",
    text: "The connection is reset (RST).",
    fields: ["when"],
  },
  truncate: {
    title: "Break off the answer",
    text: "The request is done; only some bytes of its answer arrive.",
    fields: ["bytes"],
  },
  unreadable: {
    title: "Unreadable answer",
    text: "The request is done; its answer is no JSON object.",
    fields: ["body"],
  },
  redirect: {
    title: "Redirect",
    text: "The answer points elsewhere.",
    fields: ["location", "when"],
  },
  stale_read: {
    title: "Stale read",
    text: "A get or query answers as of some time ago.",
    fields: ["seconds"],
  },
  strip_delete_body: {
    title: "Strip the body of a DELETE",
    text: "The body, with its idempotency key, is lost on the way.",
  },
};

export const kindTitle = (kind) => KINDS[kind]?.title ?? kind;

export async function addRule(rule) {
  const made = await post("faults", rule);
  toast(`${made.id}: ${sentence(made)}`);
  return made;
}

// Say in words which requests a rule hits.
export function sentence({
  operation,
  account,
  externalId,
  nth,
  times,
  seconds: long,
  status,
  when,
}) {
  const which = times === null ? "every" : times === 1 ? "one" : `${times}`;
  const parts = [`hits ${which} ${operation ?? "request"}`];
  if (account) parts.push(`of account ${brief(account)}`);
  if (externalId) parts.push(`about ${externalId}`);
  if (nth > 1) parts.push(`from number ${nth} on`);
  if (status) parts.push(`with ${status}`);
  if (long !== undefined) parts.push(`by ${seconds(long)}`);
  if (when === "after_commit") parts.push("after it is done");
  if (when === "half_way") parts.push("half-way");
  return parts.join(" ");
}

export function dropNextCreate() {
  return button(
    [
      h("span", { "aria-hidden": "true" }, "⚡"),
      h("span", { class: "words" }, "Drop the next create"),
    ],
    () => addRule({ fault: "drop_after_commit", operation: "createPackageV2" }),
    {
      "aria-label": "Drop the next create after commit",
      title: "The next create is done, and its answer lost (drop_after_commit)",
    },
  );
}

export function dropNextLike({ operation, account }) {
  return button(`Drop the next ${operation} after commit`, () =>
    addRule({ fault: "drop_after_commit", operation, ...(account ? { account } : {}) }),
  );
}
