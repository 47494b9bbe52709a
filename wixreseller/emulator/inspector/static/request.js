// One request: what was asked, what was answered, and how to ask it again.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { moment, milliseconds } from "./format.js";
import { clockTime, code, facts, json, pill } from "./parts.js";
import { marks, statusMark } from "./requests.js";
import { dropNextLike } from "./rules.js";

export function requestPanel(app, close) {
  const heading = h("h2", { tabindex: "-1" }, "Request");
  const body = h("div", { class: "sections" });
  const element = h(
    "aside",
    { class: "card panel", "aria-label": "Request" },
    h(
      "header",
      {},
      heading,
      h("button", { type: "button", onclick: close, "aria-label": "Close the request" }, "Close"),
    ),
    body,
  );
  let number = null;

  async function load() {
    const wanted = number;
    let found;
    try {
      found = await get(`inspector/requests/${encodeURIComponent(wanted)}`);
    } catch (error) {
      fill(body, h("p", { class: "muted" }, error.message));
      return;
    }
    if (wanted === number) show(found);
  }

  function show(it) {
    fill(heading, it.operation ?? "Unknown route");
    fill(
      body,
      h(
        "div",
        { class: "row" },
        statusMark(it),
        marks(it),
        it.committed ? pill("changed something", "accent") : pill("changed nothing"),
        it.cut && pill("bodies cut", "warn"),
      ),
      facts([
        ["Request", [h("span", { class: "method" }, it.method), " ", h("code", {}, it.path)]],
        ["Account", it.account && h("code", {}, it.account)],
        ["External id", it.externalId],
        [
          "Idempotency key",
          it.idempotencyKey && [
            h("code", {}, it.idempotencyKey),
            it.replayed && " (answered as the first time)",
          ],
        ],
        ["Fault", it.fault && `${it.fault.fault} (${it.fault.id})`],
        ["Time", clockTime(it.time, true)],
        ["Took", `${milliseconds(it.milliseconds)} ms`],
        ["Request id", it.requestId && h("code", {}, it.requestId)],
        ["Number", it.number],
      ]),
      packageLink(it),
      it.requestBody === null
        ? h("p", { class: "muted small" }, "Sent without a body.")
        : json("Sent", it.requestBody),
      it.status === null
        ? h("p", { class: "muted small" }, "Nothing was answered: the connection was closed.")
        : it.responseBody === null
          ? h("p", { class: "muted small" }, "Answered without a body.")
          : json("Answered", it.responseBody),
      h(
        "details",
        {},
        h("summary", {}, "Headers"),
        h(
          "div",
          { class: "sections" },
          json("Sent", it.requestHeaders),
          it.responseHeaders && json("Answered", it.responseHeaders),
        ),
      ),
      h(
        "section",
        {},
        code("As curl", it.curl),
        it.python === null
          ? h(
              "p",
              { class: "muted small" },
              "The Python library never sends a request like this one; use curl.",
            )
          : code("As Python", it.python),
      ),
      it.operation !== null && h("div", { class: "row" }, dropNextLike(it)),
    );
  }

  return {
    element,
    show(next) {
      number = next;
      fill(heading, `Request ${next}`);
      fill(body, h("p", { class: "muted" }, "Loading…"));
      load();
      heading.focus({ preventScroll: true });
    },
    changed() {},
  };
}

function packageLink({ responseBody }) {
  const found =
    responseBody?.package ?? responseBody?.updatedPackage ?? responseBody?.updated_package;
  if (typeof found?.id !== "string") return null;
  return h(
    "p",
    {},
    h(
      "a",
      {
        href: `#/packages/${encodeURIComponent(found.id)}`,
        title: found.createdDate && moment(found.createdDate),
      },
      "Show the package",
    ),
  );
}
