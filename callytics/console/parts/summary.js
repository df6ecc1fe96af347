// What the call was about, each statement with the turns that show it; and the form in which a person writes it anew.
import { html, useState } from "../html.js";
import { t, topicName } from "../text.js";
import { useDraft } from "./drafts.js";

const TEXTS = ["summary", "topic", "issue", "outcome", "still_open"];
const OWNERS = ["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"];
const RESOLVED = { true: "yes", false: "no", null: "unclear" };

export function Evidence({ ids, onTurn }) {
  return (ids || []).map(
    (id) => html`<button class="evidence" onClick=${() => onTurn(id)} aria-label=${`${t("at_turn")} ${id}`}>${id}</button>`,
  );
}

export function Summary({ summary, onTurn, drafts, onSave }) {
  const [isEdited, setEdited] = useState(drafts.has("summary"));
  if (isEdited) return html`<${Form} summary=${summary} drafts=${drafts} onSave=${onSave} onClose=${() => setEdited(false)} />`;
  const marks = (name) => html`${summary.uncertain.includes(name) && html`<span class="chip">${t("uncertain")}</span>`}
    ${summary.corrected?.includes(name) && html`<span class="chip">${t("corrected")}</span>`}`;
  const line = (name, text) =>
    text && html`<dt>${t(name)} ${marks(name)}</dt>
      <dd dir="auto">${text} <${Evidence} ids=${summary.evidence[name]} onTurn=${onTurn} /></dd>`;
  return html`
    <section class="summary">
      <h2>${t("summary")} ${marks("summary")} ${onSave && html`<button class="quiet edit" onClick=${() => setEdited(true)}>${t("edit_summary")}</button>`}</h2>
      <p dir="auto">${summary.summary} <${Evidence} ids=${summary.evidence.summary} onTurn=${onTurn} /></p>
      <dl>
        ${line("topic", summary.topic && topicName(summary.topic))}${line("issue", summary.issue)}${line("outcome", summary.outcome)}
        ${line("still_open", summary.still_open)}
        <dt>${t("resolved")} ${marks("resolved")}</dt><dd>${t(RESOLVED[String(summary.resolved)])} <${Evidence} ids=${summary.evidence.resolved} onTurn=${onTurn} /></dd>
        ${summary.action_items.length > 0 && html`<dt>${t("tasks")} ${marks("action_items")}</dt><dd><ul>
          ${summary.action_items.map((item) => html`<li dir="auto"><b>${t(item.owner)}</b>: ${item.text}
            ${item.due && html`<span class="chip">${t("due")}: ${item.due}</span>`} <${Evidence} ids=${item.evidence_turn_ids} onTurn=${onTurn} /></li>`)}
        </ul></dd>`}
      </dl>
    </section>
  `;
}

function asIs(summary) {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, summary[name] || ""]));
  const tasks = summary.action_items.map(({ text, owner, due }) => ({ text, owner, due: due || "" }));
  return { ...texts, resolved: String(summary.resolved), tasks };
}

/** The fields that differ, as PATCH takes them. */
function changes(before, after) {
  const body = {};
  for (const name of TEXTS) {
    const text = after[name].replace(/\s+/g, " ").trim();
    if (text !== before[name]) body[name] = text || null;
  }
  if (after.resolved !== before.resolved) body.resolved = JSON.parse(after.resolved);
  if (JSON.stringify(after.tasks) !== JSON.stringify(before.tasks)) {
    const given = after.tasks.filter((task) => task.text.trim());
    body.action_items = given.map(({ text, owner, due }) => ({ text: text.replace(/\s+/g, " ").trim(), owner, due: due.trim() || null }));
  }
  return body;
}

function Form({ summary, drafts, onSave, onClose }) {
  const [opened] = useState(() => asIs(summary));
  const [draft, change, forget] = useDraft(drafts, "summary", opened);
  const close = () => {
    forget();
    onClose();
  };
  const save = async (event) => {
    event.preventDefault();
    const body = changes(opened, draft);
    if (!Object.keys(body).length || (await onSave({ summary: body }))) close();
  };
  const task = (index, part) => change({ ...draft, tasks: draft.tasks.map((one, number) => (number === index ? { ...one, ...part } : one)) });
  return html`
    <section class="summary">
      <h2>${t("edit_summary")}</h2>
      <form onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && close()}>
        ${TEXTS.map((name) => html`<label key=${name}>${t(name)}
          <textarea rows=${name === "summary" ? 4 : name === "topic" ? 1 : 2} dir="auto" value=${draft[name]} maxlength=${name === "topic" ? 256 : 5000}
            onInput=${(event) => change({ ...draft, [name]: event.target.value })}></textarea></label>`)}
        <label>${t("resolved")}
          <select value=${draft.resolved} onChange=${(event) => change({ ...draft, resolved: event.target.value })}>
            ${Object.entries(RESOLVED).map(([value, word]) => html`<option value=${value}>${t(word)}</option>`)}
          </select></label>
        <fieldset>
          <legend>${t("tasks")}</legend>
          ${draft.tasks.map((one, index) => html`<div class="task" key=${index}>
            <select aria-label=${t("task_owner")} value=${one.owner} onChange=${(event) => task(index, { owner: event.target.value })}>
              ${OWNERS.map((owner) => html`<option value=${owner}>${t(owner)}</option>`)}
            </select>
            <input aria-label=${t("tasks")} dir="auto" value=${one.text} onInput=${(event) => task(index, { text: event.target.value })} />
            <input aria-label=${t("due")} placeholder=${t("due")} dir="auto" value=${one.due} onInput=${(event) => task(index, { due: event.target.value })} />
            <button type="button" aria-label=${`${t("remove")} ${one.text}`} onClick=${() => change({ ...draft, tasks: draft.tasks.filter((_, number) => number !== index) })}>×</button>
          </div>`)}
          <button type="button" onClick=${() => change({ ...draft, tasks: [...draft.tasks, { text: "", owner: "AGENT", due: "" }] })}>${t("add_task")}</button>
        </fieldset>
        <button class="main" type="submit">${t("save")}</button> <button type="button" onClick=${close}>${t("cancel")}</button>
      </form>
    </section>
  `;
}
