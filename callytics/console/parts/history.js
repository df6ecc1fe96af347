// What people corrected: who, when, from what to what, whether the result has it, and the way back.
import { request } from "../api.js";
import { moment } from "../format.js";
import { html } from "../html.js";
import { t } from "../text.js";
import { useAsked } from "./asked.js";

const NAMED = new Set(["POSITIVE", "NEUTRAL", "NEGATIVE", "AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]);

export function History({ call, result, onTurn, onUndo, onLost }) {
  const { answer, problem } = useAsked(
    (signal) => request("GET", `/v1/calls/${call.call_id}/corrections`, { signal }),
    [call.call_id, call.result_at, call.job_status],
    0,
    onLost,
  );
  const outcomes = Object.fromEntries(result.corrections.map((one) => [one.correction_id, one]));
  const corrections = answer?.corrections || [];
  const who = (id) => answer.key_names[id] || id;
  if (!corrections.length) return problem && html`<p class="notice" role="status">${problem}</p>`;
  return html`
    <section class="history">
      <h2>${t("history")}</h2>
      <ol reversed>
        ${corrections.toReversed().map((one) => html`<li key=${one.correction_id}>
          <b>${t(`kind_${one.kind}`)}</b> ${["role", "speaker_name"].includes(one.kind) && one.participant_id} ${one.field && t(one.field === "action_items" ? "tasks" : one.field)}
          ${outcomes[one.correction_id]?.turn_id && html`<button class="evidence" onClick=${() => onTurn(outcomes[one.correction_id].turn_id)}>${outcomes[one.correction_id].turn_id}</button>`}
          <p dir="auto">${one.before && html`<del>${readable(one.before)}</del> `}${one.after !== null && html`<ins>${readable(one.after)}</ins>`}</p>
          <small>${who(one.created_by)} · ${moment(one.created_at)}</small>
          ${one.undone_at
            ? html`<small> · ${t("undone")}: ${who(one.undone_by)} · ${moment(one.undone_at)}</small>`
            : onUndo && html` <button class="quiet" onClick=${() => onUndo(one.correction_id)}>${t("undo")}</button>`}
          <${Outcome} one=${outcomes[one.correction_id]} />
        </li>`)}
      </ol>
    </section>
  `;
}

function Outcome({ one }) {
  if (one?.status === "NOT_APPLIED") return html`<p class="problem">${t("not_applied")}: ${t(`reason_${one.reason}`)}</p>`;
  return one?.status === "SUPERSEDED" ? html`<small> · ${t("superseded")}</small>` : "";
}

/** The names of moods, roles and truth values are words of the reader; all else is as it was written. */
function readable(text) {
  const words = { true: "yes", false: "no" };
  if (NAMED.has(text)) return t(text);
  return Object.hasOwn(words, text) ? t(words[text]) : text.split("\n").join(" | ");
}
