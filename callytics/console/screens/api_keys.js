// API keys: made with rights and an end, shown once, revoked.
import { request } from "../api.js";
import { moment } from "../format.js";
import { html, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Secret, Section } from "../parts/section.js";
import { named, t } from "../text.js";

const SCOPES = ["calls:read", "calls:write", "calls:delete", "metrics:read", "alerts:write", "admin"];
/** As in callytics/api/roles.py. */
export const ROLES = {
  reader: ["calls:read"],
  editor: ["calls:read", "calls:write"],
  operator: ["calls:read", "calls:write", "calls:delete", "metrics:read"],
  admin: ["admin"],
};

export function ApiKeys({ session, onLost }) {
  const asked = useAsked((signal) => request("GET", "/v1/api-keys", { signal }), [], 0, onLost);
  const [made, setMade] = useState(null);
  const [problem, setProblem] = useState("");
  const act = async (work) => {
    setProblem("");
    try {
      await work();
      asked.askAgain();
      return true;
    } catch (error) {
      if (error.status === 401) onLost();
      else setProblem(error.status ? error.message : t("no_server"));
      return false;
    }
  };
  const revoke = (key) => confirm(t("revoke_sure", { name: key.name })) && act(() => request("DELETE", `/v1/api-keys/${key.id}`));
  return html`
    <h1>${t("api_keys")}</h1>
    ${problem && html`<p class="notice problem" role="alert">${problem}</p>`}
    ${made && html`<${Secret} title=${made.name} value=${made.secret} onClose=${() => setMade(null)} />`}
    <${NewKey} onMake=${(body) => act(async () => setMade(await request("POST", "/v1/api-keys", { body })))} />
    <${Section} title=${t("all_keys")} asked=${asked} isEmpty=${(answer) => !answer.api_keys.length} empty=${t("no_keys")}>
      ${(answer) => html`
        <table>
          <thead><tr><th>${t("name")}</th><th>${t("begins_with")}</th><th>${t("rights")}</th><th>${t("made_at")}</th><th>${t("last_used")}</th><th>${t("expires")}</th><th>${t("status")}</th><th><span class="hidden">${t("actions")}</span></th></tr></thead>
          <tbody>
            ${answer.api_keys.map(
              (key) => html`<tr key=${key.id}>
                <td>${key.name}${key.id === session.id && html` <small>${t("this_key")}</small>`}</td>
                <td><code>${key.prefix}</code></td>
                <td>${key.scopes.map((scope) => named("scope", scope)).join(", ")}</td>
                <td>${moment(key.created_at)}</td>
                <td>${moment(key.last_used_at) || "–"}</td>
                <td>${moment(key.expires_at) || t("never")}</td>
                <td>${t(standing(key))}</td>
                <td>${standing(key) === "in_force" && html`<button class="danger" onClick=${() => revoke(key)} aria-label=${`${t("revoke")}: ${key.name}`}>${t("revoke")}</button>`}</td>
              </tr>`,
            )}
          </tbody>
        </table>`}
    </${Section}>
  `;
}

function standing(key) {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) <= Date.now() ? "expired" : "in_force";
}

function NewKey({ onMake }) {
  const [scopes, setScopes] = useState(new Set(ROLES.reader));
  const toggle = (scope) => {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
  };
  const submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const data = new FormData(form);
    const until = data.get("until");
    const body = { name: data.get("name").trim(), scopes: [...scopes], expires_at: until ? new Date(until).toISOString() : null };
    if (await onMake(body)) form.reset();
  };
  return html`
    <form class="card" onSubmit=${submit}>
      <h2>${t("new_key")}</h2>
      <div class="filters">
        <label>${t("name")}<input name="name" required maxlength="256" /></label>
        <label>${t("expires")}<input name="until" type="datetime-local" /></label>
        <label>${t("role")}
          <select onChange=${(event) => event.target.value && setScopes(new Set(ROLES[event.target.value]))}>
            ${Object.keys(ROLES).map((role) => html`<option value=${role}>${t(`role_${role}`)}</option>`)}
          </select>
        </label>
      </div>
      <fieldset class="checks">
        <legend>${t("rights")}</legend>
        ${SCOPES.map(
          (scope) => html`<label><input type="checkbox" checked=${scopes.has(scope)} onChange=${() => toggle(scope)} /> <code>${scope}</code> ${named("scope", scope)}</label>`,
        )}
      </fieldset>
      <button class="main" disabled=${!scopes.size}>${t("make")}</button>
    </form>
  `;
}
