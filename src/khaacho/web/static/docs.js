"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let description = {};

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") element.className = value;
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function resolved(schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((found, part) => found[part], description);
}

// A body to start from: required and optional fields with the example, the default, or a value of their type.
function example(given, depth = 0) {
  const schema = resolved(given);
  if (schema.examples && schema.examples.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const choice = (schema.oneOf || schema.anyOf || []).find((one) => one.type !== "null");
  if (choice) return example(choice, depth);
  if (depth > 5) return null;
  const kind = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  if (kind === "object") {
    const fields = Object.entries(schema.properties || {});
    return Object.fromEntries(fields.map(([name, field]) => [name, example(field, depth + 1)]));
  }
  if (kind === "array") return [example(schema.items, depth + 1)];
  if (kind === "integer" || kind === "number") return 1;
  if (kind === "boolean") return false;
  if (schema.format === "uuid") return "00000000-0000-7000-8000-000000000000";
  return "";
}

function fieldFor(parameter) {
  const about = parameter.description ? ` — ${parameter.description}` : "";
  const input = make("input", { name: parameter.name, required: Boolean(parameter.required) });
  input.dataset.place = parameter.in;
  return make("label", {}, `${parameter.name} (${parameter.in})${about}`, input);
}

async function send(event, method, path, output) {
  event.preventDefault();
  let address = path;
  const query = new URLSearchParams();
  const headers = {};
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  for (const input of event.target.querySelectorAll("input")) {
    if (!input.value) continue;
    if (input.dataset.place === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.place === "query") query.append(input.name, input.value);
    else if (input.dataset.place === "header") headers[input.name] = input.value;
  }
  const body = event.target.querySelector("textarea");
  if (body) headers["Content-Type"] = "application/json";
  const ask = query.size ? `${address}?${query}` : address;
  output.textContent = "…";
  try {
    const answer = await fetch(ask, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it came */ }
    output.textContent = `${answer.status} ${answer.statusText}\n${shown}`;
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
}

function operationBlock(path, method, operation, shared) {
  const form = make("form");
  for (const parameter of [...shared, ...(operation.parameters || [])]) form.append(fieldFor(resolved(parameter)));
  const content = operation.requestBody && resolved(operation.requestBody).content;
  const json = content && content["application/json"];
  if (json) {
    const text = JSON.stringify(example(json.schema), null, 2);
    form.append(make("label", {}, "Body", make("textarea", { value: text, spellcheck: false })));
  }
  const output = make("pre", { textContent: "" });
  form.append(make("button", { type: "submit" }, "Send"));
  form.addEventListener("submit", (event) => send(event, method, path, output));
  const answers = make("ul");
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    answers.append(make("li", {}, make("strong", {}, status), ` ${resolved(answer).description || ""}`));
  }
  const inside = make("div", { class: "inside" });
  if (operation.description) inside.append(make("p", {}, operation.description));
  inside.append(form, output, answers);
  const about = make("span", { class: "about" }, operation.summary || "");
  const title = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path), about);
  const block = make("details", { id: operation.operationId || "" }, title, inside);
  block.dataset.words = `${method} ${path} ${operation.summary || ""} ${operation.operationId || ""}`.toLowerCase();
  return block;
}

function subjectOf(path, operation) {
  if (operation.tags && operation.tags.length) return operation.tags[0];
  const parts = path.split("/").filter((part) => part && !["api", "v1", "admin"].includes(part) && !part.startsWith("{"));
  return parts[0] || "other";
}

function show() {
  document.getElementById("version").textContent = description.info.version;
  document.getElementById("description").textContent = description.info.description || "";
  const subjects = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const subject = subjectOf(path, item[method]);
      if (!subjects.has(subject)) subjects.set(subject, make("section", {}, make("h2", {}, subject)));
      subjects.get(subject).append(operationBlock(path, method, item[method], item.parameters || []));
    }
  }
  const names = [...subjects.keys()].sort();
  document.getElementById("operations").replaceChildren(...names.map((name) => subjects.get(name)));
}

function filter(event) {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const section of document.querySelectorAll("section")) {
    let found = false;
    for (const block of section.querySelectorAll("details")) {
      block.hidden = !words.every((word) => block.dataset.words.includes(word));
      found = found || !block.hidden;
    }
    section.hidden = !found;
  }
}

document.getElementById("filter").addEventListener("input", filter);
document.getElementById("find").addEventListener("submit", (event) => event.preventDefault());
fetch("/docs/openapi.json")
  .then((answer) => answer.json())
  .then((loaded) => { description = loaded; show(); })
  .catch((error) => { document.getElementById("operations").textContent = `The description did not load: ${error.message}`; });
