// Who did what and who listened to what, found by who, what and when.
import { request } from "../api.js";
import { moment } from "../format.js";
import { html, useEffect, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Wide } from "../parts/section.js";
import { Typed } from "../parts/typed.js";
import { link, replace } from "../route.js";
import { t } from "../text.js";

const FILTERS = ["actor", "action", "subject", "since", "until"];
const ACTIONS = [
  "call.audio_read", "call.transcript_read", "call.result_read", "call.corrections_read", "calls.searched", "calls.listed", "calls.exported",
  "call.submitted", "call.metadata_changed", "call.corrected", "call.reprocessed", "call.retried", "call.cancelled",
  "call.deleted", "call.waveform_read", "call.roles_corrected", "call.correction_undone", "overview.read", "view.saved",
  "view.deleted", "api_key.created", "api_key.revoked", "session.begun", "session.ended", "session.rights_changed",
  "webhook.created", "webhook.changed", "webhook.deleted", "webhook.secret_rotated", "webhook.tested", "webhook.redelivered",
];
const PAGE = 100;

export function Audit({ query, onLost }) {
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, query[name] || ""]));
  const question = JSON.stringify(wanted);
  const [older, setOlder] = useState({ events: [], next: undefined });
  const [problemOfMore, setProblemOfMore] = useState("");
  const { answer, problem } = useAsked((signal) => ask(wanted, undefined, signal), [question], 0, onLost);
  const names = useAsked((signal) => request("GET", "/v1/api-keys", { signal }), [], 0, onLost);
  useEffect(() => setOlder({ events: [], next: undefined }), [question]);
  const nameOf = Object.fromEntries((names.answer?.api_keys || []).map((key) => [key.id, key.name]));
  const events = [...(answer?.audit_events || []), ...older.events];
  const next = older.next === undefined ? answer?.next_before : older.next;
  const more = async () => {
    setProblemOfMore("");
    try {
      const page = await ask(wanted, next);
      setOlder((before) => ({ events: [...before.events, ...page.audit_events], next: page.next_before }));
    } catch (error) {
      if (error.status === 401) onLost();
      else setProblemOfMore(error.status ? error.message : t("no_server"));
    }
  };
  return html`
    <h1>${t("audit")}</h1>
    <p class="hint">${t("audit_hint")}</p>
    <${Filters} wanted=${wanted} />
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${!answer && !problem && html`<p class="notice" role="status">${t("loading")}</p>`}
    ${answer && !events.length && html`<p class="notice">${t("no_entries")}</p>`}
    ${events.length > 0 &&
    html`<${Wide} label=${t("audit")}>
      <table>
        <thead><tr><th>${t("when")}</th><th>${t("who")}</th><th>${t("what")}</th><th>${t("about")}</th><th>${t("detail")}</th></tr></thead>
        <tbody>
          ${events.map(
            (event) => html`<tr key=${event.number}>
              <td>${moment(event.at)}</td>
              <td><a href=${link(["audit"], { ...wanted, actor: event.actor })}>${nameOf[event.actor] || event.actor || t("by_itself")}</a></td>
              <td>${t(`did_${event.action.replaceAll(".", "_")}`).replace(/^did .*/, event.action)}<small class="block">${event.action}</small></td>
              <td>${event.subject.length === 26 && event.action.startsWith("call.")
                ? html`<a href=${link(["calls", event.subject])}>${event.subject}</a>`
                : nameOf[event.subject] || event.subject}</td>
              <td><small>${Object.entries(event.detail).map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(" ") : value}`).join(", ")}</small></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </${Wide}>`}
    ${problemOfMore && html`<p class="notice" role="alert">${problemOfMore}</p>`}
    ${next && html`<button onClick=${more}>${t("more")}</button>`}
  `;
}

function ask(wanted, before, signal) {
  const instant = (local) => (local ? new Date(local).toISOString() : "");
  const query = { ...wanted, since: instant(wanted.since), until: instant(wanted.until), before, limit: PAGE };
  return request("GET", "/v1/audit-events", { query, signal });
}

function Filters({ wanted }) {
  const change = (name, value) => replace(["audit"], { ...wanted, [name]: value.trim() });
  const field = (name, label, rest = {}) => html`
    <label>${label}<${Typed} value=${wanted[name]} maxlength="256" onDone=${(input) => change(name, input.value)} ...${rest} /></label>`;
  return html`
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      ${field("actor", t("who"))}
      <label>${t("what")}
        <select value=${wanted.action} onChange=${(event) => change("action", event.target.value)}>
          <option value="">${t("any")}</option>
          ${ACTIONS.map((action) => html`<option value=${action}>${t(`did_${action.replaceAll(".", "_")}`)}</option>`)}
        </select>
      </label>
      ${field("subject", t("about"))}
      ${field("since", t("since"), { type: "datetime-local" })}
      ${field("until", t("until"), { type: "datetime-local" })}
    </form>
  `;
}
