// Talk to the control plane.

const ROOT = "/_emulator/";

export class ApiError extends Error {}

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.body = typeof body === "string" ? body : JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(ROOT + path, options);
  } catch {
    throw new ApiError("The emulator does not answer. Is it still running?");
  }
  const content = await answer.json();
  if (!answer.ok) throw new ApiError(content.message || `The emulator answered ${answer.status}.`);
  return content;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const patch = (path, body) => ask("PATCH", path, body);
export const remove = (path) => ask("DELETE", path);

// Write a query string of what is set.
export function query(values) {
  const given = Object.entries(values).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
