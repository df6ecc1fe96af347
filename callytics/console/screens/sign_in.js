// Signing in: with an API key, or with a link that works once.
import { request } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { t } from "../text.js";

export function SignIn({ link, onDone }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

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
  return html`
    <main class="sign-in" id="main">
      <form onSubmit=${submit}>
        <h1><img src="/console/icon.svg" alt="" width="32" height="32" /> Callytics</h1>
        <label for="key">${t("api_key")}</label>
        <input id="key" name="key" type="password" autocomplete="current-password" required autofocus />
        <button class="main" disabled=${isBusy}>${isBusy ? t("signing_in") : t("sign_in")}</button>
        <p class="hint">${t("sign_in_hint")}</p>
        <p class="problem" role="alert">${problem}</p>
      </form>
    </main>
  `;
}
