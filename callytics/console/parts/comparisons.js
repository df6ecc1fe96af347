// Two versions of a stage side by side, with a recommendation.
import { request } from "../api.js";
import { percent } from "../format.js";
import { html, useState } from "../html.js";
import { t } from "../text.js";
import { useAsked } from "./asked.js";
import { Wide } from "./section.js";

const DAYS = [1, 7, 30, 90];

export function Comparisons({ onLost }) {
  const [days, setDays] = useState(7);
  const [pair, setPair] = useState("");
  const [state, setState] = useState({});
  const { answer, problem } = useAsked(
    (signal) => request("GET", "/v1/comparisons", { query: { days }, signal }), [days], 0, onLost,
  );
  const pairs = answer ? pairsOf(answer.applications) : [];
  const chosen = pairs.find((one) => one.join(" ") === pair) || pairs[0];
  const compare = async (event) => {
    event.preventDefault();
    setState({ isBusy: true });
    try {
      const [first, second] = chosen;
      const found = await request("GET", "/v1/comparisons", { query: { first, second, days } });
      setState({ found: found.comparison });
    } catch (error) {
      if (error.status === 401) onLost();
      else setState({ problem: error.status ? error.message : t("no_server") });
    }
  };
  return html`
    <section class="block">
      <h2>${t("comparisons")}</h2>
      ${problem && html`<p class="notice" role="status">${problem}</p>`}
      <form class="filters" onSubmit=${compare}>
        <label>${t("days")}
          <select value=${days} onChange=${(event) => setDays(Number(event.target.value))}>
            ${DAYS.map((n) => html`<option value=${n}>${n}</option>`)}
          </select>
        </label>
        ${pairs.length > 0 && html`
          <label>${t("versions")}
            <select value=${chosen.join(" ")} onChange=${(event) => setPair(event.target.value)}>
              ${pairs.map(([first, second]) => html`<option value=${`${first} ${second}`}>${first} → ${second}</option>`)}
            </select>
          </label>
          <button disabled=${state.isBusy}>${state.isBusy ? t("comparing") : t("compare")}</button>`}
      </form>
      ${answer && !pairs.length && html`<p class="notice">${t("no_versions")}</p>`}
      ${state.problem && html`<p class="notice problem" role="alert">${state.problem}</p>`}
      ${state.found && html`<${Found} found=${state.found} />`}
    </section>
  `;
}

/** Every two applications of one stage, both ways: which one is in use, a person knows. */
function pairsOf(applications) {
  return applications.flatMap((first) =>
    applications
      .filter((second) => second.stage === first.stage && second.application !== first.application)
      .map((second) => [first.application, second.application]),
  );
}

const seconds = (value) => t("only_s", { s: value.toFixed(2) });

function figure(estimate, show) {
  if (estimate.value === null) return "–";
  if (estimate.low === null) return show(estimate.value);
  return `${show(estimate.value)} (${show(estimate.low)} – ${show(estimate.high)})`;
}

function Found({ found }) {
  const versions = [found.first, found.second];
  const row = (name, show) => html`<tr><th scope="row">${name}</th>${versions.map((one) => html`<td>${show(one)}</td>`)}</tr>`;
  return html`
    <p class="notice" role="status"><b>${t("advice")}: ${t(`advice_${found.advice.replaceAll(" ", "_")}`)}</b> <small lang="en">${found.reason}</small></p>
    <${Wide} label=${t("versions")}>
      <table>
        <thead><tr><th>${found.stage}</th>${versions.map((one) => html`<th>${one.application}</th>`)}</tr></thead>
        <tbody>
          ${row(t("model"), (one) => `${one.model} ${one.model_revision}`)}
          ${row(t("calls"), (one) => `${one.calls} (${t("in_the_shadow", { n: one.shadow_calls })})`)}
          ${row(t("failures"), (one) => figure(one.failures, (value) => `${(100 * value).toFixed(1)} %`))}
          ${row("p50", (one) => figure(one.latency_p50_s, seconds))}
          ${row("p95", (one) => figure(one.latency_p95_s, seconds))}
          ${row(t("speed_of_work"), (one) => figure(one.time_per_audio, (value) => t("s_per_minute", { n: (60 * value).toFixed(1) })))}
        </tbody>
      </table>
    </${Wide}>
    <${Wide} label=${t("criterion")}>
      <table>
        <thead><tr><th>${t("criterion")}</th><th>${t("difference")}</th><th>${t("tolerated")}</th><th class="number">${t("calls")}</th><th>${t("verdict")}</th></tr></thead>
        <tbody>
          ${found.criteria.map(
            (one) => html`<tr>
              <td lang="en">${one.name}</td>
              <td>${figure(one.difference, (value) => `${(100 * value).toFixed(1)} %`)}</td>
              <td>${percent(one.tolerance)}</td>
              <td class="number">${one.calls}</td>
              <td>${t(`verdict_${one.verdict.replaceAll(" ", "_")}`)} <small lang="en">${one.note}</small></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </${Wide}>
    <details><summary>${t("rule")}</summary><pre lang="en" tabindex="0">${found.rule}</pre></details>
  `;
}
