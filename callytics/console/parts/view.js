// A view of the list: what is filtered and how it is sorted, as it stands in the address.
import { html, useState } from "../html.js";
import { link } from "../route.js";
import { t } from "../text.js";

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

function stored(key) {
  try {
    const views = JSON.parse(localStorage.getItem(key));
    return Array.isArray(views) ? views.filter((one) => one && typeof one.name === "string") : [];
  } catch {
    return [];
  }
}

/** Views with a name, kept in this browser for who is signed in; an address holds the same and can be sent. */
export function Views({ owner, view }) {
  const key = `views ${owner}`;
  const [views, setViews] = useState(stored(key));
  const [name, setName] = useState("");
  const [copied, setCopied] = useState(false);
  const keep = (next) => {
    localStorage.setItem(key, JSON.stringify(next));
    setViews(next);
  };
  const save = (event) => {
    event.preventDefault();
    const given = name.trim();
    if (!given) return;
    keep([...views.filter((one) => one.name !== given), { name: given, query: addressOf(view) }]);
    setName("");
  };
  const copy = async () => {
    await navigator.clipboard.writeText(location.href);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`
    <details class="menu views">
      <summary class="button">${t("views")}${views.length > 0 && ` (${views.length})`}</summary>
      <div class="panel">
        <ul>
          ${views.map(
            (one) => html`<li key=${one.name}>
              <a href=${link(["calls"], one.query)}>${one.name}</a>
              <button class="quiet" onClick=${() => keep(views.filter((other) => other !== one))} aria-label=${`${t("delete")}: ${one.name}`}>✕</button>
            </li>`,
          )}
        </ul>
        <form onSubmit=${save}>
          <label>${t("view_name")}<input value=${name} maxlength="60" onInput=${(event) => setName(event.target.value)} /></label>
          <button>${t("save")}</button>
        </form>
        <button class="quiet" onClick=${copy}>${copied ? t("copied") : t("copy_view")}</button>
        <small>${t("views_hint")}</small>
      </div>
    </details>
  `;
}
