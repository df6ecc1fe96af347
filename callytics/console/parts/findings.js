// What the call was about and how it went; every claim leads to the turns that show it.
import { clock, percent } from "../format.js";
import { html, memo, useState } from "../html.js";
import { inWords } from "../problems.js";
import { named, t } from "../text.js";
import { flagName } from "./flags.js";
import { History } from "./history.js";
import { People } from "./people.js";
import { span } from "./section.js";
import { Evidence, Summary } from "./summary.js";

const MOST_PLACES = 12;

/** `onSave(body)` and `onUndo(id)` are undefined where nothing may be corrected. */
export const Findings = memo(({ call, result, drafts, onTurn, onSeek, onSave, onUndo, onLost }) => {
  const summary = result.contact_summary;
  return html`
    <aside class="findings" aria-label=${t("findings")}>
      ${summary && html`<${Summary} summary=${summary} onTurn=${onTurn} drafts=${drafts} onSave=${onSave} />`}
      ${result.communication_quality && html`<${Quality} quality=${result.communication_quality} onTurn=${onTurn} />`}
      <${Talk} result=${result} onSeek=${onSeek} />
      <${People} result=${result} drafts=${drafts} onSave=${onSave} />
      ${result.word_analysis && html`<${Terms} words=${result.word_analysis} onTurn=${onTurn} />`}
      <${Remarks} result=${result} onSeek=${onSeek} />
      <${History} call=${call} result=${result} onTurn=${onTurn} onUndo=${onUndo} onLost=${onLost} />
    </aside>
  `;
});

function Quality({ quality, onTurn }) {
  return html`
    <section>
      <h2>${t("quality")}</h2>
      ${quality.overall !== null && html`<p><b class="figure">${Math.round(quality.overall)}</b>/100 <small>${t("of_criteria", { n: quality.judged_criteria })}</small></p>`}
      ${quality.lapses.map((lapse) => html`<p class="problem" dir="auto">${named("lapse", lapse.kind)}: “${lapse.quote}”
        ${lapse.correction && html` ${t("better")}: “${lapse.correction}”`} <${Evidence} ids=${[lapse.turn_id]} onTurn=${onTurn} /></p>`)}
      <dl class="figures">
        ${quality.criteria.map((one) => html`<dt>${t(one.id)}</dt>
          <dd>${one.score === null ? t(one.state) : Math.round(one.score)} <${Evidence} ids=${one.evidence_turn_ids.slice(0, 3)} onTurn=${onTurn} /></dd>`)}
      </dl>
    </section>
  `;
}

function Talk({ result, onSeek }) {
  const figures = result.conversation_characteristics;
  const speed = Object.fromEntries(figures.talk_speed.map((one) => [one.participant_id, one.words_per_minute]));
  const mood = Object.fromEntries((figures.sentiment || []).map((one) => [one.participant_id, one.by_quarter]));
  return html`
    <section>
      <h2>${t("talk")}</h2>
      <table>
        <thead><tr><th></th><th class="number">${t("talk_share")}</th><th class="number">${t("words_per_minute")}</th><th>${t("mood")}</th></tr></thead>
        <tbody>
          ${figures.talk_time.details_by_participant.map((one) => html`<tr>
            <td>${t(one.participant_role)}</td>
            <td class="number">${percent(one.ratio)}</td>
            <td class="number">${speed[one.participant_id] ? Math.round(speed[one.participant_id]) : ""}</td>
            <td><${Quarters} quarters=${mood[one.participant_id]} /></td>
          </tr>`)}
        </tbody>
      </table>
      <p><small>${t("interruptions")}: ${figures.interruptions.total_count}
        <${Places} parts=${figures.interruptions.by_interrupter.flatMap((one) => one.instances)} onSeek=${onSeek} /></small></p>
      <p><small>${t("silence")}: ${span(figures.non_talk_time.total_time_ms / 1000)}
        <${Places} parts=${figures.non_talk_time.instances} onSeek=${onSeek} /></small></p>
    </section>
  `;
}

/** The seconds of parts of the call, each a click away. */
function Places({ parts, onSeek }) {
  return parts.slice(0, MOST_PLACES).map((part) => html` <button class="evidence" onClick=${() => onSeek(part.begin_offset_ms / 1000)}>${clock(part.begin_offset_ms / 1000)}</button>`);
}

/** The mood of the four quarters of a call, from -5 to +5, as a line. */
function Quarters({ quarters }) {
  const points = (quarters || []).map((one, index) => [index, one.score]).filter(([, score]) => score !== null);
  if (points.length < 2) return "";
  const text = points.map(([, score]) => score.toFixed(1)).join(", ");
  const path = points.map(([index, score]) => `${4 + index * 18},${14 - score * 2.2}`).join(" ");
  return html`<svg class="spark" width="62" height="28" role="img" aria-label=${text}><title>${text}</title><line x1="0" x2="62" y1="14" y2="14" /><polyline points=${path} /></svg>`;
}

function Terms({ words, onTurn }) {
  const list = (kind) => words[kind].slice(0, MOST_PLACES).map((one) => html`<${Term} key=${`${kind} ${one.term}`} kind=${kind} one=${one} onTurn=${onTurn} />`);
  if (!words.positive.length && !words.negative.length) return "";
  return html`<section><h2>${t("words")}</h2><p>${list("positive")} ${list("negative")}</p></section>`;
}

/** Each click leads to the next of the turns. */
function Term({ kind, one, onTurn }) {
  const [next, setNext] = useState(0);
  const show = () => {
    onTurn(one.turn_ids[next % one.turn_ids.length]);
    setNext(next + 1);
  };
  return html`<button class=${`term ${kind}`} title=${one.turn_ids.join(", ")} onClick=${show}>${one.term}${one.count > 1 ? ` ×${one.count}` : ""}</button>`;
}

function Remarks({ result, onSeek }) {
  return html`
    ${result.flags.length > 0 && html`<section><h2>${t("flags")}</h2><ul>${result.flags.map((flag) => html`<li dir="auto"><b>${flagName(flag.code)}</b> <small lang="en">${flag.message}</small></li>`)}</ul></section>`}
    ${result.job_details.errors.length > 0 && html`<section><h2>${t("error")}</h2><ul>${result.job_details.errors.map((one) => html`<li class="problem">${named("stage", one.stage)}: ${inWords(one.code, one.message)}</li>`)}</ul></section>`}
    ${result.dropped_speech.length > 0 && html`<section><h2>${t("dropped")}</h2><ul>${result.dropped_speech.map((one) => html`<li dir="auto"><button class="evidence" onClick=${() => onSeek(one.begin_offset_ms / 1000)}>${clock(one.begin_offset_ms / 1000)}</button> <small>${t(`dropped_${one.reason}`)}</small> ${one.content}</li>`)}</ul></section>`}
  `;
}
