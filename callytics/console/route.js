// The address after "#": a screen, and what is selected on it, so that a copied address shows the same.

/** "#/calls/01abc?at=12.5" -> {path: ["calls", "01abc"], query: {at: "12.5"}} */
export function route() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

export function go(path, query) {
  location.hash = link(path, query);
}

/** Change what is selected, without a new entry in the history. */
export function replace(path, query) {
  history.replaceState(null, "", link(path, query));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
