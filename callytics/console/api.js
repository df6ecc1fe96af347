// The HTTP API, for a browser that is signed in. The cookie of the session is out of reach here, and stays so.
import { inWords } from "./problems.js";

/** An answer that says no: problem details (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(inWords(body.code, body.detail || body.title || `HTTP ${status}`, body.errors));
    this.status = status;
    this.code = body.code || "";
  }
}

const HEADERS = { "X-Callytics-Console": "1" };

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given).toString();
  return search ? `${path}?${search}` : path;
}

/** The JSON of an answer. Throws a Problem, or a TypeError where no server answers. */
export async function request(method, path, { body, query, signal } = {}) {
  const headers = body === undefined ? HEADERS : { ...HEADERS, "Content-Type": "application/json" };
  const response = await fetch(address(path, query), {
    method,
    headers,
    signal,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response.status === 204 ? null : response.json();
}

/** Upload one recording. fetch tells nothing of its progress, XMLHttpRequest does. */
export function upload(file, fields, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
    form.append("file", file, file.name.normalize("NFC"));
    const http = new XMLHttpRequest();
    http.open("POST", "/v1/calls");
    http.setRequestHeader("X-Callytics-Console", "1");
    http.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    http.onerror = () => reject(new TypeError("no answer"));
    http.onload = () => {
      let body = {};
      try {
        body = JSON.parse(http.responseText);
      } catch {
        // a proxy answered, in HTML
      }
      if (http.status < 300) resolve(body);
      else reject(new Problem(http.status, body));
    };
    http.send(form);
  });
}
