// The calls: found by what was said and by what was found in them, followed while they are analysed, and uploaded.
import { address, request } from "../api.js";
import { clock, moment, percent, score } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Bulk } from "../parts/bulk.js";
import { Filters } from "../parts/filters.js";
import { flagName } from "../parts/flags.js";
import { useKeys } from "../parts/keys.js";
import { Marked } from "../parts/marked.js";
import { Spark } from "../parts/spark.js";
import { Uploads } from "../parts/uploads.js";
import { addressOf, Views, viewOf } from "../parts/view.js";
import { inWords } from "../problems.js";
import { go, link, replace } from "../route.js";
import { t, topicName } from "../text.js";

export { Marked };

const RUNNING = new Set(["QUEUED", "PROCESSING", "IN_PROGRESS"]);
const WHILE_RUNNING_MS = 1500;
const OTHERWISE_MS = 10000;
const PAGE = 50;
const MOST = 200;
const FLAGS_SHOWN = 3;
/** Column, its order, whether that begins with the largest, and the class of its cells. */
const COLUMNS = [
  ["date", "called_at", true, ""], ["call", "", false, ""], ["length", "duration", true, "number"],
  ["agent", "agent", false, ""], ["queue", "queue", false, ""], ["topic", "topic", false, ""], ["issue", "", false, ""],
  ["mood", "mood", false, ""], ["quality_short", "quality", false, "number"], ["flags", "flags", true, ""],
  ["status", "", false, ""],
];

export function Calls({ query, may, owner, onLost }) {
  const view = viewOf(query);
  const { filters, sort } = view;
  const cursor = query.cursor || "";
  const [limit, setLimit] = useState(PAGE);
  const [chosen, setChosen] = useState(new Set());
  const [current, setCurrent] = useState(0);
  const asks = { ...filters, sort };
  const { answer, problem, askAgain } = useAsked(
    (signal) => request("GET", "/v1/calls", { query: { ...asks, cursor, limit, total: true }, signal }),
    [JSON.stringify(asks), cursor, limit],
    (page) => (page.calls.some((call) => RUNNING.has(call.job_status)) ? WHILE_RUNNING_MS : OTHERWISE_MS),
    onLost,
  );
  const calls = answer?.calls || [];
  const rows = useRef(null);
  const search = useRef(null);
  const picker = useRef(null);
  useEffect(() => {
    setLimit(PAGE);
    setCurrent(0);
    setChosen(new Set()); // what is out of sight is not deleted
  }, [JSON.stringify(asks), cursor]);
  const move = (step) => {
    const next = Math.min(Math.max(current + step, 0), calls.length - 1);
    setCurrent(next);
    rows.current?.children[next]?.querySelector("a")?.focus();
  };
  useKeys(
    {
      "/": () => search.current.focus(),
      ArrowDown: () => move(document.activeElement.closest("tbody") ? 1 : 0),
      ArrowUp: () => move(-1),
      j: () => move(1),
      k: () => move(-1),
      u: () => may("calls:write") && picker.current.click(),
      x: () => onChoose && calls[current] && choose(calls[current].call_id),
    },
    [current, calls, chosen],
  );
  const filter = (changes) => replace(["calls"], addressOf({ filters: { ...filters, ...changes }, sort }));
  const choose = (id) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const onChoose = may("calls:delete") || may("calls:write") ? choose : undefined;
  return html`
    <div class="title">
      <h1>${t("calls")} ${answer && html`<small>${answer.total}</small>`}</h1>
      <span class="space"></span>
      ${chosen.size > 0 && html`<${Bulk} chosen=${chosen} may=${may} onChosen=${setChosen} onDone=${askAgain} onLost=${onLost} />`}
      <${Views} key=${owner} owner=${owner} view=${view} mayShare=${may("calls:write")} onLost=${onLost} />
      <a class="button" href=${address("/v1/calls/export", { ...asks, format: "csv" })} download>${t("export")}</a>
      ${may("calls:write") && html`<${Uploads} picker=${picker} onUploaded=${askAgain} />`}
    </div>
    <${Filters} filters=${filters} search=${search} onChange=${filter} />
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${answer && calls.length === 0 && html`<${Nothing} isFiltered=${Object.keys(filters).length > 0} />`}
    <div class="wide">
      <table class="calls" aria-busy=${!answer}>
        <thead>
          <tr>
            ${onChoose && html`<th><input type="checkbox" aria-label=${t("select_all")} title=${t("select_all")} checked=${chosen.size > 0 && chosen.size === calls.length}
              onChange=${(event) => setChosen(new Set(event.target.checked ? calls.map((call) => call.call_id) : []))} /></th>`}
            ${COLUMNS.map(([name, order, isLargestFirst, kind]) => html`<${Header} key=${name} name=${name} order=${order} isLargestFirst=${isLargestFirst} kind=${kind} view=${view} />`)}
          </tr>
        </thead>
        <tbody ref=${rows}>
          ${calls.map(
            (call, index) => html`<${Row}
              key=${call.call_id} call=${call} q=${filters.q}
              isChosen=${chosen.has(call.call_id)} onChoose=${onChoose}
              onFocus=${() => setCurrent(index)}
            />`,
          )}
        </tbody>
      </table>
    </div>
    <p class="pages">
      ${cursor && html`<a class="button" href=${link(["calls"], addressOf(view))}>${t("first_page")}</a>`}
      ${answer?.next_cursor && limit < MOST && html`<button onClick=${() => setLimit(limit + PAGE)}>${t("more")}</button>`}
      ${answer?.next_cursor && limit >= MOST && html`<a class="button" href=${link(["calls"], { ...addressOf(view), cursor: answer.next_cursor })}>${t("next_page")}</a>`}
    </p>
  `;
}

function Nothing({ isFiltered }) {
  if (!isFiltered) return html`<p class="notice">${t("nothing")}</p>`;
  return html`<p class="notice">${t("nothing_found")} <a href="#/calls">${t("clear_filters")}</a></p>`;
}

/** The head of a column; a click sorts by it, another one turns the order. */
function Header({ name, order, isLargestFirst, kind, view }) {
  if (!order) return html`<th class=${kind}>${t(name)}</th>`;
  const isSorted = view.sort.replace("-", "") === order;
  const isDescending = view.sort.startsWith("-");
  const next = (isSorted ? !isDescending : isLargestFirst) ? `-${order}` : order;
  return html`
    <th class=${kind} aria-sort=${isSorted ? (isDescending ? "descending" : "ascending") : undefined}>
      <a class="sort" href=${link(["calls"], addressOf({ ...view, sort: next }))}>${t(name)}<span aria-hidden="true">${isSorted ? (isDescending ? " ▼" : " ▲") : ""}</span></a>
    </th>
  `;
}

function Row({ call, q, isChosen, onChoose, onFocus }) {
  const name = call.metadata.external_id || call.filename || call.call_id;
  const found = call.findings;
  const open = (event) => {
    if (!event.target.closest("a, input")) go(["calls", call.call_id]);
  };
  return html`
    <tr onClick=${open} onFocusIn=${onFocus}>
      ${onChoose &&
      html`<td><input type="checkbox" checked=${isChosen} aria-label=${`${t("selected")}: ${name}`} onChange=${() => onChoose(call.call_id)} /></td>`}
      <td class="when" data-label=${t("date")}>${moment(call.called_at)}</td>
      <td class="name">
        <a href=${link(["calls", call.call_id], { q })}>${name}</a>
        ${(call.matches || []).map(
          (match) => html`<a class="match" href=${link(["calls", call.call_id], { at: match.begin_offset_ms / 1000, q })}>
            <b>${clock(match.begin_offset_ms / 1000)}</b> ${t(match.participant_role)}: <${Marked} text=${match.content} q=${q} />
          </a>`,
        )}
        ${call.error && html`<div><small class="problem">${inWords(call.error.code, call.error.message)}</small></div>`}
      </td>
      <td class="number" data-label=${t("length")}>${clock(call.media.duration_ms / 1000)}</td>
      <td data-label=${t("agent")}>${call.metadata.agent_id || found?.agent_name}</td>
      <td data-label=${t("queue")}>${call.metadata.queue}</td>
      <td data-label=${t("topic")}>${found?.topic && topicName(found.topic)}</td>
      <td class="issue" data-label=${t("issue")} dir="auto" title=${found?.issue || undefined}>${found?.issue}</td>
      <td data-label=${t("mood")}>${found && html`<${Spark} findings=${found} />`}</td>
      <td class="number" data-label=${t("quality_short")}>${found && found.quality !== null && html`${score(found.quality)} <small title=${t("of_criteria", { n: found.quality_criteria })}>/${found.quality_criteria}</small>`}</td>
      <td data-label=${t("flags")}><${Flags} flags=${found?.flags || []} /></td>
      <td class=${`status ${call.job_status}`}>
        ${t(call.job_status)}
        ${RUNNING.has(call.job_status) &&
        html`<progress max="1" value=${call.progress} aria-label=${t("status")}></progress> ${percent(call.progress)}`}
        ${found?.state === "EARLIER" && html` <small class="chip" title=${moment(found.result_at)}>${t("earlier_result")}</small>`}
      </td>
    </tr>
  `;
}

function Flags({ flags }) {
  if (flags.length === 0) return "";
  const rest = flags.slice(FLAGS_SHOWN);
  return html`
    ${flags.slice(0, FLAGS_SHOWN).map((code) => html`<span class="chip" key=${code}>${flagName(code)}</span> `)}
    ${rest.length > 0 && html`<span class="chip" title=${rest.map(flagName).join(", ")}>+${rest.length}</span>`}
  `;
}
