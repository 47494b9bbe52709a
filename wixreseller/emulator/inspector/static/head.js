// The head of the page: what time it is in the emulator, and how full the rate limit is.

import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { count, day, time } from "./format.js";
import { button, meter } from "./parts.js";

const DAY = 86_400;

export function head(app) {
  const clock = document.getElementById("clock");
  const gauge = document.getElementById("gauge");
  const face = h("time", {});
  const standing = h("span", { class: "state" });
  const turn = button("Freeze", () =>
    post("clock", app.state?.clock.frozen ? { resume: true } : { freeze: true }),
  );
  fill(
    clock,
    h("div", { class: "face" }, face, standing),
    h(
      "div",
      { class: "row" },
      turn,
      button("+1 min", () => post("clock", { advance: 60 }), {
        "aria-label": "Advance the clock by 1 minute",
      }),
      button("+1 day", () => post("clock", { advance: DAY }), {
        "aria-label": "Advance the clock by 1 day",
      }),
    ),
  );
  let heard = 0;

  function tick() {
    if (app.state === null) return;
    const { now, frozen } = app.state.clock;
    const at = new Date(Date.parse(now) + (frozen ? 0 : performance.now() - heard)).toISOString();
    const date = day(at);
    fill(face, date.slice(0, -5), h("span", { class: "year" }, date.slice(-5)), `, ${time(at)}`);
    face.dateTime = at;
  }

  setInterval(tick, 1000);

  function showGauge({ count: most, seconds: window, gauges, refused }) {
    const refusals =
      refused > 0
        ? h("a", { href: "#/requests?status=429", class: "pill bad" }, `${count(refused)} × 429`)
        : h("span", { class: "muted" }, "no 429s");
    if (most === null) {
      fill(gauge, h("div", { class: "row" }, h("span", {}, "Rate limit off"), refusals));
      return;
    }
    const used = gauges[0]?.used ?? 0;
    fill(
      gauge,
      h(
        "div",
        { class: "row" },
        h(
          "span",
          {},
          "Rate limit ",
          h("b", { class: "number" }, `${count(used)} / ${count(most)}`),
          ` in ${window} s`,
        ),
        refusals,
      ),
      meter(used, most),
    );
  }

  let limits = "";
  return {
    show(state) {
      heard = performance.now();
      const { frozen } = state.clock;
      fill(standing, frozen ? "frozen" : "UTC, running");
      standing.classList.toggle("frozen", frozen);
      fill(turn, frozen ? "Resume" : "Freeze");
      tick();
      const mark = JSON.stringify(state.limits);
      if (mark !== limits) {
        limits = mark;
        showGauge(state.limits);
      }
    },
  };
}
