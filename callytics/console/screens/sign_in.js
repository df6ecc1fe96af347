// Signing in: with an API key, with a link that works once, or at the issuer that knows the people here.
import { request } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../text.js";

const REFUSALS = {
  state_invalid: "issuer_other_flow", nonce_invalid: "issuer_other_flow", flow_used: "issuer_other_flow",
  issuer_refused: "issuer_refused", code_refused: "issuer_refused", rights_missing: "issuer_no_rights",
  issuer_unavailable: "issuer_away", authentication_busy: "issuer_away", database_unavailable: "issuer_away",
};

export function SignIn({ link, refusal, onDone }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [hasIssuer, setHasIssuer] = useState(false);
  const field = useRef(null);

  useEffect(() => field.current.focus(), []); // after signing out as well, where a browser heeds no autofocus

  useEffect(() => {
    request("GET", "/v1/sessions").then((methods) => setHasIssuer(methods.issuer), () => {});
  }, []);
  const signIn = async (body) => {
    setBusy(true);
    setProblem("");
    try {
      onDone(await request("POST", "/v1/sessions", { body }));
    } catch (error) {
      setProblem(error.status ? error.message : t("no_server"));
      setBusy(false);
    }
  };
  useEffect(() => {
    if (link) signIn({ link });
  }, [link]);

  const submit = (event) => {
    event.preventDefault();
    const key = new FormData(event.target).get("key").trim();
    if (key) signIn({ api_key: key });
  };
  const place = /^#\/sign-in/.test(location.hash) ? "#/" : location.hash;
  const said = problem || (refusal === undefined ? "" : `${t(REFUSALS[refusal] || "issuer_wrong")} (${refusal})`);
  return html`
    <main class="sign-in" id="main">
      <form onSubmit=${submit}>
        <h1><img src="/console/icon.svg" alt="" width="32" height="32" /> Callytics</h1>
        ${hasIssuer && html`
          <a class="button main" href=${`/v1/sessions/oidc?${new URLSearchParams({ place })}`}>${t("sign_in_at_issuer")}</a>
          <p class="hint">${t("or_with_a_key")}</p>`}
        <label for="key">${t("api_key")}</label>
        <input ref=${field} id="key" name="key" type="password" autocomplete="current-password" required />
        <button class="main" disabled=${isBusy}>${isBusy ? t("signing_in") : t("sign_in")}</button>
        <p class="hint">${t("sign_in_hint")}</p>
        <p class="problem" role="alert">${said}</p>
      </form>
    </main>
  `;
}
