// Who takes part: names and roles, as people give them.
import { html } from "../html.js";
import { t } from "../text.js";
import { useDraft } from "./drafts.js";

const ROLES = ["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"];

export function People({ result, drafts, onSave }) {
  if (!onSave) return "";
  return html`
    <section>
      <h2>${t("people")}</h2>
      ${result.participants.map((party) => html`<${Person} key=${`${party.participant_id} ${party.name} ${party.participant_role}`} party=${party} drafts=${drafts} onSave=${onSave} />`)}
    </section>
  `;
}

function Person({ party, drafts, onSave }) {
  const id = party.participant_id;
  const [draft, change, forget] = useDraft(drafts, `person ${id}`, { name: party.name || "", role: party.participant_role });
  const save = async (event) => {
    event.preventDefault();
    const name = draft.name.trim() || null;
    const body = {};
    if (name !== party.name) body.participants = [{ participant_id: id, name }];
    if (draft.role !== party.participant_role) body.roles = { [id]: draft.role };
    if (Object.keys(body).length && (await onSave(body))) forget();
  };
  return html`
    <form class="person" onSubmit=${save}>
      <span>${id}</span>
      <input aria-label=${`${t("name")} ${id}`} placeholder=${t("name")} maxlength="256" dir="auto" value=${draft.name}
        onInput=${(event) => change({ ...draft, name: event.target.value })} />
      <select aria-label=${`${t("role")} ${id}`} value=${draft.role} onChange=${(event) => change({ ...draft, role: event.target.value })}>
        ${ROLES.map((role) => html`<option value=${role}>${t(role)}</option>`)}
      </select>
      <button type="submit">${t("save")}</button>
    </form>
  `;
}
