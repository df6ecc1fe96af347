// The calls of some days: how many, how long, in what mood, about what, how well; every number leads to its calls.
import { request } from "../api.js";
import { clock, dayName, percent, score, signed, today } from "../format.js";
import { html } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { flagName } from "../parts/flags.js";
import { Typed } from "../parts/typed.js";
import { link, replace } from "../route.js";
import { t, topicName } from "../text.js";

const OWN = ["first_day", "last_day", "agent", "queue", "language"];
const SPANS = [7, 28, 91];
const EVERY_MS = 60000;
const LIST = "/v1/calls?";
const SCORES = [0, 100];
const MOODS = [-5, 5];

export function Overview({ query, onLost }) {
  const wanted = Object.fromEntries(OWN.filter((name) => query[name]).map((name) => [name, query[name]]));
  const { answer, problem } = useAsked(
    async (signal) => {
      const ask = (zone) => request("GET", "/v1/overview", { query: { ...wanted, time_zone: zone }, signal });
      try {
        return await ask(Intl.DateTimeFormat().resolvedOptions().timeZone);
      } catch (error) {
        if (error.code !== "time_zone_unknown") throw error;
        return ask("UTC"); // the server has no table of time zones; the page names the one it shows
      }
    },
    [JSON.stringify(wanted)],
    EVERY_MS,
    onLost,
  );
  return html`
    <div class="title"><h1>${t("overview")}</h1></div>
    <${Choice} wanted=${wanted} period=${answer?.period} />
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${!answer && !problem && html`<p class="notice" role="status">${t("loading")}</p>`}
    ${answer && html`<${Figures} found=${answer} />`}
  `;
}

function Choice({ wanted, period }) {
  const choose = (changes) => replace(["overview"], { ...wanted, ...changes });
  const day = (name, label) => html`
    <label>${t(label)}
      <${Typed} type="date" value=${wanted[name] || period?.[name] || ""} min="1970-01-01" max="9990-12-31"
        onDone=${(input) => input.validity.valid && choose({ ...whole(period), [name]: input.value })} />
    </label>`;
  const field = (name) => html`
    <label>${t(name)}
      <${Typed} value=${wanted[name] || ""} size="10" maxlength="256" onDone=${(input) => choose({ [name]: input.value.trim() })} />
    </label>`;
  return html`
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      ${day("first_day", "from_day")}${day("last_day", "to_day")}
      ${SPANS.map((days) => html`<button type="button" key=${days} onClick=${() => choose({ first_day: today(1 - days), last_day: today() })}>${t("last_days", { n: days })}</button>`)}
      ${field("agent")}${field("queue")}
      <label>${t("language")}
        <select value=${wanted.language || ""} onChange=${(event) => choose({ language: event.target.value })}>
          <option value="">${t("any")}</option><option value="ko">한국어</option><option value="en">English</option>
        </select>
      </label>
    </form>
  `;
}

/** Both days, so that one that is changed does not move the other. */
function whole(period) {
  return period ? { first_day: period.first_day, last_day: period.last_day } : {};
}

/** A number of calls, as a link to exactly these. */
function Count({ of, children }) {
  const text = children ?? of.calls;
  return html`<a href=${`#/calls?${of.calls_url.slice(LIST.length)}`}>${text}</a>`;
}

function Share({ of }) {
  if (of.share === null) return html`<${Count} of=${of} />`;
  const range = `${percent(of.low)} – ${percent(of.high)}`;
  return html`<${Count} of=${of} /> <span class=${of.small ? "rough" : ""} title=${range}>${percent(of.share)}</span> <small>${range}</small>`;
}

/** `scale`: the interval of a few calls may go beyond what there is; it is shown up to there. */
function Mean({ of, shown, scale }) {
  if (of.mean === null) return html`<small>${t("no_value")}</small>`;
  const within = (value) => shown(Math.min(Math.max(value, scale[0]), scale[1]));
  return html`
    <b class=${of.small ? "rough" : ""}>${shown(of.mean)}</b>
    ${of.low !== null && html` <small>${within(of.low)} – ${within(of.high)}</small>`}
    <small> n = <${Count} of=${of} /></small>
    ${of.small && html` <span class="chip">${t("small_n")}</span>`}
  `;
}

function Figures({ found }) {
  const change = found.period.calls - found.before.calls;
  if (found.period.calls === 0 && found.before.calls === 0) {
    return html`<p class="notice">${t("no_calls_then")} <a href="#/calls">${t("back")}</a></p>`;
  }
  return html`
    <p class="hint">
      ${dayName(found.period.first_day)} – ${dayName(found.period.last_day)}, ${found.time_zone} (${t("against")}
      ${" "}${dayName(found.before.first_day)} – ${dayName(found.before.last_day)}). ${t("intervals_are", { n: found.small_below })}
    </p>
    <div class="cards">
      <section><h2>${t("calls")}</h2>
        <p><b class="figure"><${Count} of=${found.period} /></b></p>
        <p>${t("before")}: <${Count} of=${found.before} /> (${change > 0 ? "+" : ""}${change})</p>
        <p>${found.statuses.map((one) => html`<span key=${one.status}>${t(one.status)} <${Count} of=${one} /> </span>`)}</p>
        <${States} states=${found.findings} />
      </section>
      <section><h2>${t("length")}</h2><${Lengths} lengths=${found.lengths} /></section>
      <section><h2>${t("quality")}</h2>
        <p><${Mean} of=${found.quality} shown=${score} scale=${SCORES} /></p>
        <p>${t("before")}: <${Mean} of=${found.quality_before} shown=${score} scale=${SCORES} /></p>
      </section>
      <section><h2>${t("mood")}</h2><${Moods} moods=${found.moods} /></section>
      <section class="broad"><h2>${t("volume")}</h2><${Days} days=${found.days} /></section>
      <section class="broad"><h2>${t("reasons")}</h2><${Topics} topics=${found.topics} /></section>
      <section class="broad"><h2>${t("by_agent")}</h2><${Groups} groups=${found.agents} name="agent" /></section>
      <section class="broad"><h2>${t("by_queue")}</h2><${Groups} groups=${found.queues} name="queue" /></section>
      ${found.flags.length > 0 && html`<section><h2>${t("flags")}</h2>
        <ul>${found.flags.map((one) => html`<li key=${one.flag}>${flagName(one.flag)}: <${Count} of=${one} /></li>`)}</ul>
      </section>`}
    </div>
  `;
}

function States({ states }) {
  const others = states.filter((one) => one.state !== "CURRENT" && one.calls > 0);
  return others.map((one) => html`<p key=${one.state}><small>${t(`findings_${one.state}`)}: <${Count} of=${one} /></small></p>`);
}

function Lengths({ lengths }) {
  if (lengths.mean_s === null) return html`<small>${t("no_value")}</small>`;
  const most = Math.max(...lengths.buckets.map((one) => one.calls), 1);
  const minutes = (seconds) => Math.round(seconds / 60);
  return html`
    <p>${t("mean")} <b>${clock(lengths.mean_s)}</b> · ${t("median")} <b>${clock(lengths.median_s)}</b> · 90 % <b>${clock(lengths.p90_s)}</b> · n = <${Count} of=${lengths} /></p>
    <table><tbody>${lengths.buckets.map(
      (one) => html`<tr key=${one.from_s}>
        <th scope="row">${one.before_s === null ? `${minutes(one.from_s)}+` : `${minutes(one.from_s)} – ${minutes(one.before_s)}`} ${t("minutes")}</th>
        <td class="number"><${Count} of=${one} /></td><td><meter min="0" max=${most} value=${one.calls} aria-hidden="true"></meter></td>
      </tr>`,
    )}</tbody></table>
  `;
}

function Moods({ moods }) {
  return html`
    <p>${t("mood_start")}: <${Mean} of=${moods.start} shown=${signed} scale=${MOODS} /></p>
    <p>${t("mood_end")}: <${Mean} of=${moods.end} shown=${signed} scale=${MOODS} /></p>
    <table><tbody>
      ${moods.ended.map((one) => html`<tr key=${one.mood}><th scope="row">${t("ended")} ${t(one.mood)}</th><td><${Share} of=${one} /></td></tr>`)}
      ${moods.directions.map((one) => html`<tr key=${one.direction}><th scope="row">${t(`direction_${one.direction}`)}</th><td><${Share} of=${one} /></td></tr>`)}
    </tbody></table>
  `;
}

/** A bar per day; each is a link to the calls of the day. */
function Days({ days }) {
  const most = Math.max(...days.map((one) => one.calls), 1);
  const high = 90;
  const step = Math.max(22, Math.min(60, Math.floor(1200 / days.length)));
  return html`
    <div class="wide">
      <svg class="days" width=${days.length * step} height=${high + 18} role="group" aria-label=${t("volume")}>
        ${days.map((one, index) => {
          const tall = (one.calls / most) * high;
          const label = `${dayName(one.day)}: ${one.calls}`;
          return html`<a key=${one.day} href=${`#/calls?${one.calls_url.slice(LIST.length)}`} aria-label=${label}>
            <title>${label}</title>
            <rect class="whole" x=${index * step} y="0" width=${step} height=${high + 18} />
            <rect class="bar-of-day" x=${index * step + 3} y=${high - tall} width=${step - 6} height=${tall} />
            <text x=${index * step + step / 2} y=${high + 14} text-anchor="middle">${Number(one.day.slice(8))}</text>
          </a>`;
        })}
      </svg>
    </div>
  `;
}

function Topics({ topics }) {
  return html`
    <div class="wide"><table>
      <thead><tr>
        <th>${t("topic")}</th><th>${t("calls")}</th><th>${t("before")}</th><th>${t("change")}</th><th>${t("resolved")}</th><th>${t("issue")}</th>
      </tr></thead>
      <tbody>${topics.map(
        (one) => html`<tr key=${one.topic}>
          <td>${one.topic === null ? t("without_topic") : topicName(one.topic)}</td>
          <td><${Share} of=${one} /></td>
          <td><${Share} of=${one.before} /></td>
          <td><${Change} of=${one} /></td>
          <td>${one.resolved.map((each) => html`<span key=${each.resolved}>${t(`resolved_${each.resolved}`)} <${Count} of=${each} /> </span>`)}</td>
          <td class="issue">${one.issues.map((each) => html`<a key=${each.call_id} class="match" dir="auto" href=${link(["calls", each.call_id])}>${each.issue}</a>`)}</td>
        </tr>`,
      )}</tbody>
    </table></div>
  `;
}

/** In percentage points; marked where the interval leaves no change out. */
function Change({ of }) {
  if (of.change === null) return html`<small>${t("no_value")}</small>`;
  const points = (value) => `${value > 0 ? "+" : ""}${(value * 100).toFixed(1)}`;
  const isCertain = of.change_low > 0 || of.change_high < 0;
  return html`<span class=${isCertain ? "certain" : "rough"}>${points(of.change)} %p</span> <small>${points(of.change_low)} – ${points(of.change_high)}</small>`;
}

function Groups({ groups, name }) {
  return html`
    <div class="wide tall"><table>
      <thead><tr><th>${t(name)}</th><th>${t("calls")}</th><th>${t("quality_short")}</th><th>${t("ended")} ${t("NEGATIVE")}</th></tr></thead>
      <tbody>${groups.map(
        (one) => html`<tr key=${one.name}>
          <td>${one.name ?? t(`without_${name}`)}</td>
          <td><${Count} of=${one} /></td>
          <td><${Mean} of=${one.quality} shown=${score} scale=${SCORES} /></td>
          <td><${Share} of=${one.ended_negative} /></td>
        </tr>`,
      )}</tbody>
    </table></div>
  `;
}
