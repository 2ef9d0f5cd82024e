// What is in the form: as a question for the program, and as the end of the page's address, so that a
// link can be shared. What follows a `#` is never sent to anybody.

// The values of all fields that are not as the page has them.
export function read(form) {
  const state = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = field.type === "checkbox" ? field.checked : field.value;
    if (value !== initial(field)) state[field.name] = value;
  }
  return state;
}

// Makes the form what `read` has told.
export function write(form, state) {
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = state[field.name] ?? initial(field);
    if (field.type === "checkbox") field.checked = value === true;
    else field.value = value;
  }
}

function initial(field) {
  return field.type === "checkbox" ? field.defaultChecked : (field.defaultValue ?? "");
}

export function question(form) {
  const value = (name) => form.elements[name].value;
  const lines = (name) => value(name).split("\n").filter((line) => line.trim() !== "");
  const query = value("query").replace(/^\?/, "");
  const cookies = value("cookies").trim();
  return {
    policy: value("policy"),
    number: Number(value("number")) || 0,
    before: value("before").trim() === "" ? null : value("before"),
    request: {
      method: value("method"),
      path: query === "" ? value("path") : `${value("path")}?${query}`,
      host: value("host"),
      headers: [...lines("headers"), ...(cookies === "" ? [] : [`cookie: ${cookies}`])],
      ip: value("ip"),
      claims: lines("claims"),
      inbound: form.elements.inbound.checked,
    },
    place: {
      node: value("node"),
      cluster: value("cluster"),
      region: value("region"),
      zone: value("zone"),
      labels: lines("labels"),
    },
    at: value("at"),
    later: value("later").trim() === "" ? null : value("later"),
    closed: lines("closed"),
  };
}

export async function toFragment(state) {
  const text = new Blob([JSON.stringify(state)]);
  const packed = await through(text, new CompressionStream("deflate-raw"));
  const letters = Array.from(packed, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Nothing, where the address was cut or is not of this page.
export async function fromFragment(fragment) {
  try {
    const packed = new Blob([bytes(fragment.replaceAll("-", "+").replaceAll("_", "/"))]);
    const text = await through(packed, new DecompressionStream("deflate-raw"));
    const state = JSON.parse(new TextDecoder().decode(text));
    return typeof state === "object" ? state : null;
  } catch {
    return null;
  }
}

// The program, as the page has it.
export async function unpacked(base64) {
  return through(new Blob([bytes(base64)]), new DecompressionStream("gzip"));
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function through(blob, transform) {
  const stream = blob.stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
