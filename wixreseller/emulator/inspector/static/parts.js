// Pieces that several views show.

import { fill, h } from "./dom.js";
import { brief, moment, statusWord, time } from "./format.js";

export function pill(text, kind = "", hasDot = false) {
  return h("span", { class: `pill ${kind}${hasDot ? " dot" : ""}` }, text);
}

export const statusPill = (status) => pill(statusWord(status), status, true);

export function guid(id) {
  return h("span", { class: "mono", title: id }, brief(id));
}

export function clockTime(iso, isLong = false) {
  return h(
    "time",
    { datetime: iso, title: `${moment(iso)} UTC`, class: "number" },
    isLong ? moment(iso) : time(iso),
  );
}

export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

export function field(name, control, extra = {}) {
  return h("label", extra, h("span", {}, name), control);
}

export function copyButton(text, label = "Copy") {
  const button = h("button", { type: "button" }, label);
  button.addEventListener("click", async () => {
    await copyText(text);
    fill(button, "Copied");
    setTimeout(() => fill(button, label), 1500);
  });
  return button;
}

async function copyText(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not allowed here: the old way still is.
    }
  }
  const area = h("textarea", { class: "hidden", value: text });
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// Show code with a name and a button that copies it.
export function code(name, text, content = text) {
  return h(
    "div",
    { class: "code" },
    h("div", { class: "code-head" }, h("h3", {}, name), copyButton(text)),
    h("pre", { tabindex: "0", role: "region", "aria-label": name }, content),
  );
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\b\d[\d.eE+-]*\b|\btrue\b|\bfalse\b|\bnull\b)/g;
const MOST_COLOURED = 60_000;

// Show JSON with its keys, strings and numbers told apart; a text that is none stays as it is.
export function json(name, value) {
  if (typeof value === "string") return code(name, value);
  const text = JSON.stringify(value, null, 2);
  if (text.length > MOST_COLOURED) return code(name, text);
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    pieces.push(text.slice(at, match.index));
    if (match[1] === undefined) pieces.push(h("span", { class: "n" }, match[3]));
    else if (match[2] === undefined) pieces.push(h("span", { class: "s" }, match[1]));
    else pieces.push(h("span", { class: "k" }, match[1]), match[2]);
    at = match.index + match[0].length;
  }
  pieces.push(text.slice(at));
  return code(name, text, pieces);
}

// A bar that fills up; for eyes only, the text beside it says the same.
export function meter(used, most) {
  const share = most ? Math.min(1, used / most) : 0;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 1");
  svg.setAttribute("preserveAspectRatio", "none");
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  bar.setAttribute("height", "1");
  bar.setAttribute("width", String(share * 100));
  svg.append(bar);
  return h("div", { class: share >= 1 ? "meter full" : "meter", "aria-hidden": "true" }, svg);
}

export function empty(title, ...content) {
  return h("div", { class: "empty" }, h("h2", {}, title), content);
}

export function toast(text, isError = false) {
  const note = h("div", { class: isError ? "toast error" : "toast" }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), isError ? 8000 : 3000);
}

// Run what a click asks for, and say so if it goes wrong.
export function act(work, done) {
  return async (event) => {
    event?.preventDefault();
    const button = event?.currentTarget;
    try {
      await work(event);
      if (done) toast(done);
    } catch (error) {
      toast(error.message, true);
    }
    if (button?.isConnected && document.activeElement === document.body) button.focus();
  };
}

export function button(text, work, { kind = "", done, ...attributes } = {}) {
  return h(
    "button",
    { type: "button", class: kind, onclick: act(work, done), ...attributes },
    text,
  );
}

// Ask before something is lost.
export function confirm(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "confirm-title" });
    const close = (answer) => () => {
      dialog.close();
      resolve(answer);
    };
    dialog.append(
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, text),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", onclick: close(false), autofocus: true }, "Cancel"),
        h("button", { type: "button", class: "danger", onclick: close(true) }, yes),
      ),
    );
    dialog.addEventListener("cancel", () => resolve(false));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}
