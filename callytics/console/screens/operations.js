// What an operator looks at: the queue, the graph as it is, alerts, versions side by side, batches, a call over the stages.
import { request } from "../api.js";
import { moment, percent } from "../format.js";
import { html } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Comparisons } from "../parts/comparisons.js";
import { Section, span } from "../parts/section.js";
import { CallTimeline } from "../parts/timeline.js";
import { named, t } from "../text.js";

const EVERY_MS = 5000;

export function Operations({ query, session, may, onLost }) {
  const isOperator = session.tenant === "default";
  const asks = (path, isAllowed = true, wanted = {}) =>
    useAsked(
      (signal) => (isAllowed ? request("GET", path, { query: wanted, signal }) : Promise.resolve(null)),
      [path, isAllowed],
      EVERY_MS,
      onLost,
    );
  const stages = asks("/v1/stages", may("calls:read"));
  const now = asks("/v1/operations", isOperator && may("calls:read"));
  const alerts = asks("/v1/alerts", isOperator && may("calls:read"), { limit: 20 });
  const batches = asks("/v1/batches", may("calls:read"));
  return html`
    <h1>${t("stages")}</h1>
    ${isOperator && html`<${Now} asked=${now} />`}
    <${Section} title=${t("graph")} asked=${stages} isEmpty=${(answer) => !answer.stages.length} empty=${t("no_stages")}>
      ${(answer) => html`<${Stages} stages=${answer.stages} speeds=${now.answer?.speeds || []} />`}
    </${Section}>
    ${isOperator &&
    html`<${Section} title=${t("alerts")} asked=${alerts} isEmpty=${(answer) => !answer.alerts.length} empty=${t("no_alerts")}>
      ${(answer) => html`<${Alerts} alerts=${answer.alerts} />`}
    </${Section}>`}
    ${isOperator && may("metrics:read") && html`<${Comparisons} onLost=${onLost} />`}
    <${Section} title=${t("batches")} asked=${batches} isEmpty=${(answer) => !answer.batches.length} empty=${t("no_batches")}>
      ${(answer) => html`<${Batches} batches=${answer.batches} />`}
    </${Section}>
    ${may("calls:read") && html`<${CallTimeline} id=${query.call || ""} onLost=${onLost} />`}
  `;
}

function Now({ asked }) {
  const { answer, problem } = asked;
  if (!answer) return html`<p class="notice" role="status">${problem || t("loading")}</p>`;
  const { queue, links } = answer;
  return html`
    <dl class="tiles">
      <div><dt>${t("QUEUED")}</dt><dd>${queue.queued}</dd></div>
      <div><dt>${t("PROCESSING")}</dt><dd>${queue.in_progress}</dd></div>
      <div><dt>${t("oldest_waits")}</dt><dd>${queue.oldest_queued_s === null ? "–" : span(queue.oldest_queued_s)}</dd></div>
      <div><dt>${t("webhooks_pending")}</dt><dd>${queue.webhooks_pending}</dd></div>
      <div>
        <dt>${t("elsewhere")}</dt>
        <dd class="links"><${Elsewhere} name="Ray" url=${links.ray_dashboard} /> <${Elsewhere} name="Grafana" url=${links.grafana} /></dd>
      </div>
    </dl>
  `;
}

function Elsewhere({ name, url }) {
  if (!url) return html`<small>${name}: ${t("not_configured")}</small>`;
  return html`<a href=${url} target="_blank" rel="noopener noreferrer">${name}</a>`;
}

function Stages({ stages, speeds }) {
  const speedOf = Object.fromEntries(speeds.map((speed) => [speed.application, speed]));
  return html`
    <table>
      <thead>
        <tr>
          <th>${t("stage")}</th><th>${t("status")}</th><th class="number">${t("replicas")}</th>
          <th>${t("model")}</th><th>${t("version")}</th><th class="number">${t("runs_of_a_day")}</th>
          <th class="number">${t("speed_of_work")}</th><th>${t("last_error")}</th>
        </tr>
      </thead>
      <tbody>
        ${stages.map((stage) => {
          const speed = speedOf[stage.name];
          return html`<tr key=${stage.name}>
            <td>${stage.name}${named("stage", stage.name) !== stage.name && html`<small class="block">${named("stage", stage.name)}</small>`}</td>
            <td><span class=${stage.healthy ? "dot good" : "dot bad"}></span> ${stage.healthy ? t("healthy") : `${t("unhealthy")}: ${stage.status} ${stage.message}`}</td>
            <td class="number">${stage.replicas}</td>
            <td>${stage.model} <small>${stage.model_revision}</small></td>
            <td><code>${stage.version}</code></td>
            <td class="number">${speed ? speed.runs : "–"}${speed?.failed ? html` <small class="problem">${t("of_them_failed", { n: speed.failed })}</small>` : ""}</td>
            <td class="number">${typeof speed?.seconds_per_minute === "number" ? t("s_per_minute", { n: speed.seconds_per_minute.toFixed(1) }) : "–"}</td>
            <td>${stage.last_error}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  `;
}

function Alerts({ alerts }) {
  return html`
    <table>
      <thead><tr><th>${t("status")}</th><th>${t("alert")}</th><th>${t("severity")}</th><th>${t("since")}</th><th>${t("until")}</th></tr></thead>
      <tbody>
        ${alerts.map(
          (alert) => html`<tr key=${alert.id}>
            <td><span class=${alert.status === "firing" ? "dot bad" : "dot good"}></span> ${named("alert", alert.status)}</td>
            <td>
              <b>${alert.name}</b> ${alert.summary}
              <small class="block">${alert.description}</small>
              ${/^https:\/\//.test(alert.runbook_url) && html`<a href=${alert.runbook_url} target="_blank" rel="noopener noreferrer">${t("runbook")}</a>`}
            </td>
            <td>${t(alert.severity)}</td>
            <td>${moment(alert.started_at)}</td>
            <td>${alert.ended_at ? moment(alert.ended_at) : "–"}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}

function Batches({ batches }) {
  return html`
    <table>
      <thead><tr><th>${t("since")}</th><th>${t("input")}</th><th>${t("progress")}</th><th>${t("status")}</th><th class="number">${t("time_left")}</th></tr></thead>
      <tbody>
        ${batches.map(
          (batch) => html`<tr key=${batch.id}>
            <td>${moment(batch.started_at)}</td>
            <td>${batch.input}</td>
            <td>
              <progress max=${Math.max(batch.calls, 1)} value=${batch.done} aria-label=${`${t("progress")}: ${batch.input}`}></progress>
              ${percent(batch.calls ? batch.done / batch.calls : 1)} (${batch.done}/${batch.calls})
              <small class="block">${Object.entries(batch.by_status).map(([status, n]) => `${t(status)} ${n}`).join(", ")}</small>
            </td>
            <td>${t(`batch_${batch.status}`)}<small class="block problem">${batch.error}</small></td>
            <td class="number">${batch.left_s === null ? "–" : span(batch.left_s)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}
