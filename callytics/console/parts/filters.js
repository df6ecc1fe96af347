// The filters above the list of calls; those of the address that have no field are shown as words that can be taken away.
import { clock, dayOf, dayStart, moment } from "../format.js";
import { html, useEffect, useState } from "../html.js";
import { t, topicName } from "../text.js";
import { FLAGS, flagName } from "./flags.js";
import { Typed } from "./typed.js";

const STATUSES = ["QUEUED", "IN_PROGRESS", "COMPLETED", "PARTIAL", "FAILED", "CANCELLED"];
const MOODS = ["NEGATIVE", "NEUTRAL", "POSITIVE"];
const DIRECTIONS = ["WORSE", "SAME", "BETTER"];
const ANSWERS = ["YES", "NO", "UNKNOWN"];
const TOPICS = [
  "account", "appointment", "billing", "cancellation", "card_loss", "complaint", "delivery", "health", "inquiry",
  "insurance_claim", "loan", "order", "other", "plan_change", "public_service", "refund", "return_exchange", "sales",
  "survey", "technical_support",
];
const WITH_FIELD = new Set([
  "q", "status", "language", "agent", "queue", "topic", "mood", "mood_direction", "quality_from", "quality_before",
  "resolved", "flag", "called_from", "called_before",
]);
const FOLDED = ["mood_direction", "quality_from", "quality_before", "resolved", "flag", "language"];

export function Filters({ filters, search, onChange }) {
  const [text, setText] = useState(filters.q || "");
  useEffect(() => setText(filters.q || ""), [filters.q]);
  useEffect(() => {
    if (text === (filters.q || "")) return undefined;
    const timer = setTimeout(() => onChange({ q: text }), 300);
    return () => clearTimeout(timer);
  }, [text]);
  const field = (name, label, attributes = {}) => html`
    <label>${t(label)}
      <${Typed} value=${filters[name] || ""} size="10" maxlength="256" ...${attributes}
        onDone=${(input) => onChange({ [name]: input.value.trim() })} />
    </label>`;
  const choice = (name, label, options) => html`
    <label>${t(label)}
      <select value=${filters[name] || ""} onChange=${(event) => onChange({ [name]: event.target.value })}>
        <option value="">${t("any")}</option>
        ${options.map(([value, word]) => html`<option value=${value}>${word}</option>`)}
      </select>
    </label>`;
  const day = (name, label, shown, start) => html`
    <label>${t(label)}
      <${Typed} type="date" value=${shown} min="1970-01-01" max="9990-12-31"
        onDone=${(input) => input.validity.valid && onChange({ [name]: input.value && start(input.value) })} />
    </label>`;
  const named = (prefix, values) => values.map((value) => [value, t(`${prefix}${value}`)]);
  const topics = TOPICS.includes(filters.topic) || !filters.topic ? TOPICS : [filters.topic, ...TOPICS];
  const flags = FLAGS.includes(filters.flag) || !filters.flag ? FLAGS : [filters.flag, ...FLAGS];
  return html`
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <label class="search">${t("search")}
        <input ref=${search} type="search" value=${text} maxlength="200" onInput=${(event) => setText(event.target.value)} />
      </label>
      ${day("called_from", "from_day", filters.called_from ? dayOf(filters.called_from) : "", (value) => dayStart(value, 0))}
      ${day("called_before", "to_day", filters.called_before ? dayOf(filters.called_before, -1) : "", (value) => dayStart(value, 1))}
      ${field("agent", "agent")}${field("queue", "queue")}
      ${choice("topic", "topic", topics.map((topic) => [topic, topicName(topic)]))}
      ${choice("mood", "mood_end", named("", MOODS))}
      ${choice("status", "status", named("", STATUSES))}
      <details class="more" open=${FOLDED.some((name) => filters[name])}>
        <summary class="button">${t("more_filters")}</summary>
        <div class="filters">
          ${choice("mood_direction", "mood_change", named("direction_", DIRECTIONS))}
          ${field("quality_from", "quality_from", { type: "number", min: 0, max: 100, step: "any" })}
          ${field("quality_before", "quality_before", { type: "number", min: 0, max: 101, step: "any" })}
          ${choice("resolved", "resolved", named("resolved_", ANSWERS))}
          ${choice("flag", "flag", flags.map((code) => [code, flagName(code)]))}
          ${choice("language", "language", [["ko", "한국어"], ["en", "English"]])}
        </div>
      </details>
    </form>
    <${Others} filters=${filters} onChange=${onChange} />
  `;
}

/** Filters that an address has and the form has not: those of a number of the overview, say. */
function Others({ filters, onChange }) {
  const others = Object.entries(filters).filter(([name]) => !WITH_FIELD.has(name));
  if (others.length === 0) return "";
  const word = (name, value) => {
    if (name.startsWith("duration")) return clock(Number(value));
    if (/^(created|started)_/.test(name)) return moment(value) || value;
    return t(value);
  };
  return html`<p class="others">
    ${others.map(
      ([name, value]) => html`<button class="chip" onClick=${() => onChange({ [name]: "" })} aria-label=${`${t("take_away")}: ${t(name)} ${word(name, value)}`}>
        ${t(name)}: ${word(name, value)} ✕
      </button>`,
    )}
  </p>`;
}
