// What happened to one call and when: waits, runs, attempts of stages, webhooks.
import { request } from "../api.js";
import { moment } from "../format.js";
import { html } from "../html.js";
import { inWords } from "../problems.js";
import { replace } from "../route.js";
import { named, t } from "../text.js";
import { useAsked } from "./asked.js";
import { span, Wide } from "./section.js";
import { Typed } from "./typed.js";

const EVERY_MS = 3000;
const WIDTH = 200;

export function CallTimeline({ id, onLost }) {
  const { answer, problem } = useAsked(
    (signal) => (id ? request("GET", `/v1/calls/${encodeURIComponent(id)}/timeline`, { signal }) : Promise.resolve(null)),
    [id],
    (found) => (found && !found.completed_at ? EVERY_MS : 0),
    onLost,
  );
  const submit = (event) => {
    event.preventDefault();
    replace(["operations"], { call: new FormData(event.target).get("call").trim() });
  };
  return html`
    <section class="block">
      <h2>${t("timeline_of_call")}</h2>
      <form class="filters" onSubmit=${submit}>
        <label>${t("call_id")}<${Typed} name="call" value=${id} maxlength="64" size="28" required /></label>
        <button>${t("show")}</button>
      </form>
      ${problem && html`<p class="notice" role="status">${problem}</p>`}
      ${answer && html`<${Entries} timeline=${answer} />`}
    </section>
  `;
}

function Entries({ timeline }) {
  const times = timeline.entries.flatMap((entry) => [entry.started_at, entry.ended_at].filter(Boolean).map((at) => Date.parse(at)));
  const [begin, end] = [Math.min(...times), Math.max(...times)];
  const x = (at) => (end > begin ? ((Date.parse(at) - begin) / (end - begin)) * WIDTH : 0);
  return html`
    <p>${t(timeline.job_status)}, ${moment(timeline.accepted_at)}${timeline.is_complete ? "" : ` (${t("oldest_left_out")})`}</p>
    <${Wide} label=${t("timeline_of_call")}>
      <table class="timeline">
        <thead><tr><th>${t("step")}</th><th>${t("status")}</th><th>${t("since")}</th><th class="number">${t("length")}</th><th>${t("when")}</th><th>${t("version")}</th></tr></thead>
        <tbody>
          ${timeline.entries.map(
            (entry) => html`<tr>
              <td>${named("stage", entry.name)}${entry.attempt > 1 ? ` (${entry.attempt}.)` : ""}</td>
              <td>${t(entry.status)} <small>${entry.error_code && inWords(entry.error_code, entry.error_code)} ${t(entry.reason || "")}</small></td>
              <td>${moment(entry.started_at)}</td>
              <td class="number">${entry.duration_ms === null ? "–" : span(entry.duration_ms / 1000)}</td>
              <td>
                <svg width=${WIDTH} height="12" aria-hidden="true">
                  <rect class=${`bar-${entry.kind}`} x=${x(entry.started_at)} y="1" height="10" width=${Math.max(2, x(entry.ended_at || entry.started_at) - x(entry.started_at))} />
                </svg>
              </td>
              <td>${entry.application} <small>${entry.model}</small></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </${Wide}>
  `;
}
