// The calls: found by what was said and by what is known of them, followed while they are analysed, and uploaded.
import { address, request } from "../api.js";
import { clock, moment, percent } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { useKeys } from "../parts/keys.js";
import { Uploads } from "../parts/uploads.js";
import { go, link, replace } from "../route.js";
import { t } from "../text.js";

const RUNNING = new Set(["QUEUED", "PROCESSING", "IN_PROGRESS"]);
const WHILE_RUNNING_MS = 1500;
const OTHERWISE_MS = 10000;
const STATUSES = ["QUEUED", "PROCESSING", "COMPLETED", "PARTIAL", "FAILED", "CANCELLED"];
const FILTERS = ["q", "status", "language", "agent_id", "queue"];
const PAGE = 50;

export function Calls({ query, may, onLost }) {
  const [limit, setLimit] = useState(PAGE);
  const [chosen, setChosen] = useState(new Set());
  const [current, setCurrent] = useState(0);
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, query[name] || ""]));
  const { answer, problem, askAgain } = useAsked(
    (signal) => request("GET", "/v1/calls", { query: { ...wanted, limit, total: true }, signal }),
    [JSON.stringify(wanted), limit],
    (page) => (page.calls.some((call) => RUNNING.has(call.job_status)) ? WHILE_RUNNING_MS : OTHERWISE_MS),
    onLost,
  );
  const calls = answer?.calls || [];
  const rows = useRef(null);
  const search = useRef(null);
  const picker = useRef(null);
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
    },
    [current, calls.length],
  );

  const filter = (changes) => replace(["calls"], { ...wanted, ...changes });
  const choose = (id) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const remove = async () => {
    if (!confirm(t("delete_sure"))) return;
    await request("POST", "/v1/calls/delete", { body: { call_ids: [...chosen] } });
    setChosen(new Set());
    askAgain();
  };
  return html`
    <div class="title">
      <h1>${t("calls")} ${answer && html`<small>${answer.total}</small>`}</h1>
      <span class="space"></span>
      ${chosen.size > 0 && may("calls:delete") &&
      html`<button class="danger" onClick=${remove}>${t("delete")} (${chosen.size})</button>`}
      <a class="button" href=${address("/v1/calls/export", { ...wanted, format: "csv" })} download>${t("export")}</a>
      ${may("calls:write") && html`<${Uploads} picker=${picker} onUploaded=${askAgain} />`}
    </div>
    <${Filters} wanted=${wanted} search=${search} onChange=${filter} />
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${answer && calls.length === 0 && html`<p class="notice">${FILTERS.some((f) => wanted[f]) ? t("nothing_found") : t("nothing")}</p>`}
    <div class="wide">
      <table class="calls" aria-busy=${!answer}>
        <thead>
          <tr>
            ${may("calls:delete") && html`<th><span class="hidden">${t("selected")}</span></th>`}
            <th>${t("date")}</th><th>${t("call")}</th><th>${t("agent")}</th><th>${t("queue")}</th>
            <th class="number">${t("length")}</th><th>${t("language")}</th><th>${t("status")}</th>
          </tr>
        </thead>
        <tbody ref=${rows}>
          ${calls.map(
            (call, index) => html`<${Row}
              key=${call.call_id} call=${call} q=${wanted.q}
              isChosen=${chosen.has(call.call_id)} onChoose=${may("calls:delete") ? choose : undefined}
              onFocus=${() => setCurrent(index)}
            />`,
          )}
        </tbody>
      </table>
    </div>
    ${answer?.next_cursor && limit < 200 && html`<button onClick=${() => setLimit(limit + PAGE)}>${t("more")}</button>`}
  `;
}

function Row({ call, q, isChosen, onChoose, onFocus }) {
  const name = call.metadata.external_id || call.filename || call.call_id;
  const open = (event) => {
    if (!event.target.closest("a, input")) go(["calls", call.call_id]);
  };
  return html`
    <tr onClick=${open} onFocusIn=${onFocus}>
      ${onChoose &&
      html`<td><input type="checkbox" checked=${isChosen} aria-label=${`${t("selected")}: ${name}`} onChange=${() => onChoose(call.call_id)} /></td>`}
      <td>${moment(call.metadata.started_at || call.created_at)}</td>
      <td>
        <a href=${link(["calls", call.call_id])}>${name}</a>
        ${(call.matches || []).map(
          (match) => html`<a class="match" href=${link(["calls", call.call_id], { at: match.begin_offset_ms / 1000, q })}>
            <b>${clock(match.begin_offset_ms / 1000)}</b> ${t(match.participant_role)}: <${Marked} text=${match.content} q=${q} />
          </a>`,
        )}
        ${call.error && html`<small class="problem">${call.error.message}</small>`}
      </td>
      <td>${call.metadata.agent_id}</td>
      <td>${call.metadata.queue}</td>
      <td class="number">${clock(call.media.duration_ms / 1000)}</td>
      <td>${call.language_code}</td>
      <td class=${`status ${call.job_status}`}>
        ${t(call.job_status)}
        ${RUNNING.has(call.job_status) &&
        html`<progress max="1" value=${call.progress} aria-label=${t("status")}></progress> ${percent(call.progress)}`}
      </td>
    </tr>
  `;
}

/** The text with the words of the search marked. Never as HTML: what was said may hold anything. */
export function Marked({ text, q }) {
  const words = (q || "").replaceAll('"', " ").split(/\s+/).filter(Boolean);
  if (!words.length) return text;
  const pattern = new RegExp(`(${words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "giu");
  return text.split(pattern).map((part, index) => (index % 2 ? html`<mark>${part}</mark>` : part));
}

function Filters({ wanted, search, onChange }) {
  const [text, setText] = useState(wanted.q);
  useEffect(() => setText(wanted.q), [wanted.q]);
  useEffect(() => {
    if (text === wanted.q) return undefined;
    const timer = setTimeout(() => onChange({ q: text }), 300);
    return () => clearTimeout(timer);
  }, [text]);
  const field = (name) => html`
    <label>${t(name === "agent_id" ? "agent" : name)}
      <input value=${wanted[name]} size="10" onChange=${(event) => onChange({ [name]: event.target.value.trim() })} />
    </label>`;
  return html`
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <label class="search">${t("search")}
        <input ref=${search} type="search" value=${text} maxlength="200" onInput=${(event) => setText(event.target.value)} />
      </label>
      <label>${t("status")}
        <select value=${wanted.status} onChange=${(event) => onChange({ status: event.target.value })}>
          <option value="">${t("any")}</option>
          ${STATUSES.map((status) => html`<option value=${status}>${t(status)}</option>`)}
        </select>
      </label>
      <label>${t("language")}
        <select value=${wanted.language} onChange=${(event) => onChange({ language: event.target.value })}>
          <option value="">${t("any")}</option>
          <option value="ko">한국어</option>
          <option value="en">English</option>
        </select>
      </label>
      ${field("agent_id")}${field("queue")}
    </form>
  `;
}
