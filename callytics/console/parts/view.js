// A view of the list: what is filtered and how it is sorted, as it stands in the address.
import { request } from "../api.js";
import { html, useState } from "../html.js";
import { link } from "../route.js";
import { t } from "../text.js";
import { useAsked } from "./asked.js";

/** Every filter of GET /v1/calls that a view may have, so that each number of the overview can lead to its calls. */
export const FILTERS = [
  "q", "status", "language", "agent", "agent_id", "queue", "topic", "mood", "mood_direction", "quality_from",
  "quality_before", "resolved", "flag", "findings", "without", "called_from", "called_before", "started_from",
  "started_before", "created_from", "created_before", "duration_from_s", "duration_before_s", "external_id", "direction",
];
export const FIRST_SORT = "-called_at";

/** The filters of an address, and its order; anything else in it is not of a view. */
export function viewOf(query) {
  const filters = Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
  return { filters, sort: query.sort || FIRST_SORT };
}

export function addressOf({ filters, sort }) {
  return { ...filters, sort: sort === FIRST_SORT ? "" : sort };
}

/** Views that an earlier version kept in this browser: moved to the server once; what it refuses is tried again later. */
async function moveKept(key) {
  let kept = [];
  try {
    kept = JSON.parse(localStorage.getItem(key)) || [];
  } catch {
    // not ours
  }
  if (!Array.isArray(kept) || !kept.length) return localStorage.removeItem(key);
  const left = [];
  for (const { name, query } of kept) {
    try {
      await request("PUT", "/v1/views", { body: { name, query: texts(query) } });
    } catch {
      left.push({ name, query });
    }
  }
  return left.length ? localStorage.setItem(key, JSON.stringify(left)) : localStorage.removeItem(key);
}

/** A view as the server takes it: every value given, and text. */
function texts(query) {
  return Object.fromEntries(Object.entries(query || {}).filter(([, value]) => value).map(([name, value]) => [name, String(value)]));
}

/** Views with a name: one's own, and those that others share. An address holds the same and can be sent. */
export function Views({ owner, view, mayShare, onLost }) {
  const { answer, problem, askAgain } = useAsked(
    async (signal) => {
      await moveKept(`views ${owner}`);
      return request("GET", "/v1/views", { signal });
    },
    [owner],
    0,
    onLost,
  );
  const views = answer?.views || [];
  const [name, setName] = useState("");
  const [isShared, setShared] = useState(false);
  const [note, setNote] = useState("");
  const change = async (method, path, body) => {
    try {
      await request(method, path, { body });
      setNote("");
      askAgain();
      return true;
    } catch (error) {
      if (error.status === 401) onLost();
      setNote(error.status ? error.message : t("no_server"));
      return false;
    }
  };
  const save = async (event) => {
    event.preventDefault();
    const body = { name: name.trim(), query: texts(addressOf(view)), is_shared: isShared };
    if (body.name && (await change("PUT", "/v1/views", body))) setName("");
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setNote(t("copied"));
    } catch {
      setNote(t("not_copied"));
    }
    setTimeout(() => setNote(""), 2000);
  };
  return html`
    <details class="menu views">
      <summary class="button">${t("views")}${views.length > 0 && ` (${views.length})`}</summary>
      <div class="panel">
        <ul>
          ${views.map(
            (one) => html`<li key=${one.id}>
              <a href=${link(["calls"], one.query)}>${one.name}</a>
              ${one.is_shared && html`<span class="chip" title=${one.owner}>${t(one.is_own ? "shared" : "shared_by_another")}</span>`}
              ${(one.is_own || mayShare) && html`<button class="quiet" onClick=${() => change("DELETE", `/v1/views/${one.id}`)} aria-label=${`${t("delete")}: ${one.name}`}>✕</button>`}
            </li>`,
          )}
        </ul>
        <form onSubmit=${save}>
          <label>${t("view_name")}<input value=${name} maxlength="60" onInput=${(event) => setName(event.target.value)} /></label>
          ${mayShare && html`<label class="check"><input type="checkbox" checked=${isShared} onChange=${(event) => setShared(event.target.checked)} /> ${t("share_view")}</label>`}
          <button>${t("save")}</button>
        </form>
        <button class="quiet" onClick=${copy}>${t("copy_view")}</button>
        <span role="status">${note || problem}</span>
        <small>${t("views_hint")}</small>
      </div>
    </details>
  `;
}
