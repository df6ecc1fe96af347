// The frame of the console: who is signed in, which screen is shown, and what all screens share.
import { request } from "./api.js";
import { html, render, useCallback, useEffect, useState } from "./html.js";
import { Keys } from "./parts/keys.js";
import { go, link, route } from "./route.js";
import { Call } from "./screens/call.js";
import { Calls } from "./screens/calls.js";
import { Overview } from "./screens/overview.js";
import { SignIn } from "./screens/sign_in.js";
import { Stages } from "./screens/stages.js";
import { language, setLanguage, t } from "./text.js";

function App() {
  const [at, setAt] = useState(route());
  const [session, setSession] = useState(undefined); // undefined: not known yet; null: nobody is signed in
  const [, setLanguageShown] = useState(language());
  const [showsKeys, setShowsKeys] = useState(false);

  useEffect(() => {
    const moved = () => setAt(route());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);

  const askWho = useCallback(async () => {
    // A link may have signed in before this answer comes, which tells of the time before.
    const learn = (answer) => setSession((known) => (known === undefined ? answer : known));
    try {
      learn(await request("GET", "/v1/sessions/current"));
    } catch (problem) {
      if (problem.status === 401) learn(null);
      else setTimeout(askWho, 2000);
    }
  }, []);
  useEffect(() => {
    askWho();
  }, [askWho]);

  useEffect(() => {
    const pressed = (event) => {
      if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") setShowsKeys((shown) => !shown);
      if (event.key === "Escape") setShowsKeys(false);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);

  const changeLanguage = () => {
    const other = language() === "ko" ? "en" : "ko";
    setLanguage(other);
    setLanguageShown(other);
  };
  const signOut = async () => {
    await request("DELETE", "/v1/sessions/current");
    setSession(null);
  };

  if (at.path[0] === "sign-in" || session === null) {
    const done = (made) => {
      setSession(made);
      if (at.path[0] === "sign-in") go(["calls"]);
    };
    return html`<${SignIn} link=${at.path[0] === "sign-in" ? at.path[1] : undefined} onDone=${done} />`;
  }
  if (session === undefined) return html`<p class="notice" role="status">${t("no_server")}</p>`;
  const may = (scope) => session.scopes.includes(scope) || session.scopes.includes("admin");
  const screen = at.path[0] || "calls";
  const lost = () => setSession((known) => (known === session ? null : known)); // not the one that came after
  return html`
    <a class="skip" href="#main">${t("transcript")}</a>
    <header class="bar">
      <a class="brand" href="#/calls"><img src="/console/icon.svg" alt="" width="24" height="24" />Callytics</a>
      <nav aria-label="Callytics">
        <a href="#/calls" aria-current=${screen === "calls" ? "page" : undefined}>${t("calls")}</a>
        <a href=${link(["overview"])} aria-current=${screen === "overview" ? "page" : undefined}>${t("overview")}</a>
        <a href=${link(["stages"])} aria-current=${screen === "stages" ? "page" : undefined}>${t("stages")}</a>
      </nav>
      <span class="space"></span>
      <button class="quiet" onClick=${() => setShowsKeys(true)} title="?">${t("help")}</button>
      <button class="quiet" onClick=${changeLanguage} lang=${language() === "ko" ? "en" : "ko"}>
        ${language() === "ko" ? "English" : "한국어"}
      </button>
      <button class="quiet" onClick=${signOut} title=${session.tenant}>${t("sign_out")}</button>
    </header>
    <main id="main" tabindex="-1">
      ${screen === "overview" && html`<${Overview} query=${at.query} onLost=${lost} />`}
      ${screen === "overview" ? "" : screen === "stages"
        ? html`<${Stages} onLost=${lost} />`
        : at.path[1]
          ? html`<${Call} key=${at.path[1]} id=${at.path[1]} query=${at.query} may=${may} onLost=${lost} />`
          : html`<${Calls} query=${at.query} may=${may} owner=${`${session.tenant} ${session.id}`} onLost=${lost} />`}
    </main>
    ${showsKeys && html`<${Keys} onClose=${() => setShowsKeys(false)} />`}
  `;
}

setLanguage(language());
render(html`<${App} />`, document.getElementById("app"));
