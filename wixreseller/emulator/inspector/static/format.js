// Write values for people.

export const ZERO_WIDTH = "\u200b";

export const STATUSES = ["PENDING", "ENABLED", "AWAITING_ACTION", "FAILED", "CANCELED"];

const WORDS = {
  PENDING: "Pending",
  ENABLED: "Enabled",
  AWAITING_ACTION: "Awaiting action",
  FAILED: "Failed",
  CANCELED: "Canceled",
};

export const statusWord = (status) => WORDS[status] ?? status;

export const brief = (id) =>
  /^[0-9a-f]{8}-/i.test(id) && id.length === 36 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;

export const count = (number) => number.toLocaleString("en-US");

export const plural = (number, one, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`;

// The emulator's times are shown in UTC, as the API writes them.
export function time(iso) {
  return iso.slice(11, 19);
}

export function day(iso) {
  return new Date(iso).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
}

export const moment = (iso) => `${day(iso)}, ${time(iso)}`;

export function milliseconds(value) {
  return value < 10 ? value.toFixed(1) : count(Math.round(value));
}

export function seconds(value) {
  if (value >= 172_800) return `${Math.round(value / 86_400)} days`;
  if (value >= 7_200) return `${Math.round(value / 3_600)} hours`;
  if (value >= 120) return `${Math.round(value / 60)} minutes`;
  return plural(Math.max(0, Math.round(value)), "second");
}

export function billing(info) {
  if (!info) return "";
  const cycle = info.cycleDuration;
  if (!cycle) return info.type === "ONE_TIME" ? "once" : info.type;
  const unit = cycle.unit.toLowerCase();
  return cycle.count === 1 ? `every ${unit}` : `every ${cycle.count} ${unit}s`;
}
