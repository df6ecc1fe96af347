// Webhooks: made, tried, changed, and what was sent to each.
import { request } from "../api.js";
import { moment } from "../format.js";
import { html, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Secret, Section, Wide } from "../parts/section.js";
import { named, t } from "../text.js";

const EVENTS = ["call.completed", "call.partial", "call.failed", "call.cancelled", "webhook.disabled", "alert.fired", "alert.resolved"];
const CHOSEN = ["call.completed", "call.partial", "call.failed"];
const LOG_EVERY_MS = 3000;

export function Webhooks({ session, onLost }) {
  const asked = useAsked((signal) => request("GET", "/v1/webhooks", { signal }), [], 0, onLost);
  const [made, setMade] = useState(null);
  const [said, setSaid] = useState({});
  const [open, setOpen] = useState("");
  const act = async (work) => {
    setSaid({});
    try {
      const notice = await work();
      if (typeof notice === "string") setSaid({ notice });
      asked.askAgain();
      return true;
    } catch (error) {
      if (error.status === 401) onLost();
      else setSaid({ problem: error.status ? error.message : t("no_server") });
      return false;
    }
  };
  const issue = (method, path, body) => act(async () => void setMade(await request(method, path, { body })));
  return html`
    <h1>${t("webhooks")}</h1>
    ${said.problem && html`<p class="notice problem" role="alert">${said.problem}</p>`}
    ${said.notice && html`<p class="notice" role="status">${said.notice}</p>`}
    ${made && html`<${Secret} title=${made.url} value=${made.secret} onClose=${() => setMade(null)} />`}
    <${NewWebhook} isOperator=${session.tenant === "default"} onMake=${(body) => issue("POST", "/v1/webhooks", body)} />
    <${Section} title=${t("all_webhooks")} asked=${asked} isEmpty=${(answer) => !answer.webhooks.length} empty=${t("no_webhooks")}>
      ${(answer) => html`
        <table>
          <thead><tr><th>${t("address")}</th><th>${t("events")}</th><th>${t("status")}</th><th>${t("actions")}</th></tr></thead>
          <tbody>
            ${answer.webhooks.map(
              (hook) => html`<${Row} key=${hook.id} hook=${hook} act=${act} issue=${issue} isOpen=${open === hook.id}
                onOpen=${() => setOpen(open === hook.id ? "" : hook.id)} onLost=${onLost} />`,
            )}
          </tbody>
        </table>`}
    </${Section}>
  `;
}

function Row({ hook, act, issue, isOpen, onOpen, onLost }) {
  const path = `/v1/webhooks/${hook.id}`;
  const test = () =>
    act(async () => {
      const told = await request("POST", `${path}/test`);
      return told.status === "DELIVERED" ? t("test_arrived", { ms: told.duration_ms }) : t("test_failed", { why: told.error || told.status_code });
    });
  const button = (word, work, kind = "") =>
    html`<button class=${kind} onClick=${work} aria-label=${`${t(word)}: ${hook.url}`}>${t(word)}</button>`;
  return html`
    <tr>
      <td>${hook.url}<small class="block">${hook.description}</small></td>
      <td>${hook.event_types.map((name) => named("event", name)).join(", ")}</td>
      <td>
        ${hook.disabled_at ? t("disabled_since", { at: moment(hook.disabled_at), why: t(`why_${hook.disabled_reason}`) }) : t("in_force")}
        ${hook.failing_since && html`<small class="block problem">${t("failing_since", { at: moment(hook.failing_since) })}</small>`}
      </td>
      <td class="actions">
        ${button("test", test)}
        <button onClick=${onOpen} aria-expanded=${isOpen} aria-label=${`${t("deliveries")}: ${hook.url}`}>${t("deliveries")}</button>
        ${button(hook.disabled_at ? "enable" : "disable", () => act(() => request("PATCH", path, { body: { disabled: !hook.disabled_at } })))}
        ${button("rotate", () => confirm(t("rotate_sure")) && issue("POST", `${path}/rotate-secret`))}
        ${button("delete", () => confirm(t("webhook_delete_sure", { url: hook.url })) && act(() => request("DELETE", path)), "danger")}
      </td>
    </tr>
    ${isOpen && html`<tr><td colspan="4"><${Deliveries} path=${path} act=${act} onLost=${onLost} /></td></tr>`}
  `;
}

function Deliveries({ path, act, onLost }) {
  const { answer, problem, askAgain } = useAsked(
    (signal) => request("GET", `${path}/deliveries`, { query: { limit: 50 }, signal }), [path], LOG_EVERY_MS, onLost,
  );
  if (!answer) return html`<p role="status">${problem || t("loading")}</p>`;
  if (!answer.deliveries.length) return html`<p>${t("no_deliveries")}</p>`;
  const again = async (id) => (await act(() => request("POST", `${path}/deliveries/${id}/redeliver`))) && askAgain();
  return html`
    <${Wide} label=${t("deliveries")}>
      <table>
        <thead><tr><th>${t("when")}</th><th>${t("event")}</th><th>${t("call")}</th><th>${t("status")}</th><th class="number">${t("attempts")}</th><th>${t("answer")}</th><th><span class="hidden">${t("actions")}</span></th></tr></thead>
        <tbody>
          ${answer.deliveries.map(
            (sent) => html`<tr key=${sent.id}>
              <td>${moment(sent.created_at)}</td>
              <td>${named("event", sent.event_type)}</td>
              <td>${sent.call_id && html`<a href=${`#/calls/${sent.call_id}`}>${sent.call_id}</a>`}</td>
              <td>${t(`delivery_${sent.status}`)}<small class="block">${sent.next_attempt_at && t("next_try", { at: moment(sent.next_attempt_at) })}</small></td>
              <td class="number">${sent.attempts}</td>
              <td>${sent.last_status_code ?? "–"} <small class="problem">${sent.last_error}</small></td>
              <td>${sent.event_type !== "webhook.test" && html`<button onClick=${() => again(sent.id)} aria-label=${`${t("send_again")}: ${sent.id}`}>${t("send_again")}</button>`}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </${Wide}>
  `;
}

function NewWebhook({ isOperator, onMake }) {
  const [events, setEvents] = useState(new Set(CHOSEN));
  const toggle = (name) => {
    const next = new Set(events);
    if (!next.delete(name)) next.add(name);
    setEvents(next);
  };
  const submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const data = new FormData(form);
    const body = { url: data.get("url").trim(), description: data.get("description").trim(), event_types: [...events] };
    if (await onMake(body)) form.reset();
  };
  return html`
    <form class="card" onSubmit=${submit}>
      <h2>${t("new_webhook")}</h2>
      <div class="filters">
        <label class="search">${t("address")}<input name="url" type="url" required maxlength="2000" placeholder="https://" /></label>
        <label>${t("description")}<input name="description" maxlength="256" /></label>
      </div>
      <fieldset class="checks">
        <legend>${t("events")}</legend>
        ${EVENTS.filter((name) => isOperator || !name.startsWith("alert.")).map(
          (name) => html`<label><input type="checkbox" checked=${events.has(name)} onChange=${() => toggle(name)} /> ${named("event", name)} <code>${name}</code></label>`,
        )}
      </fieldset>
      <button class="main" disabled=${!events.size}>${t("make")}</button>
    </form>
  `;
}
