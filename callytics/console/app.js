// The frame of the console: who is signed in, which screen is shown, and what all screens share.
import { request } from "./api.js";
import { html, render, useCallback, useEffect, useState } from "./html.js";
import { Keys } from "./parts/keys.js";
import { go, link, route } from "./route.js";
import { ApiKeys } from "./screens/api_keys.js";
import { Audit } from "./screens/audit.js";
import { Call } from "./screens/call.js";
import { Calls } from "./screens/calls.js";
import { Operations } from "./screens/operations.js";
import { Overview } from "./screens/overview.js";
import { SignIn } from "./screens/sign_in.js";
import { Webhooks } from "./screens/webhooks.js";
import { language, setLanguage, t } from "./text.js";

/** What is in the navigation: screen, word, and the right without which it is not shown. */
const SCREENS = [
  ["calls", "calls", "calls:read"],
  ["overview", "overview", "calls:read"],
  ["operations", "stages", "calls:read"],
  ["keys", "api_keys", "admin"],
  ["webhooks", "webhooks", "admin"],
  ["audit", "audit", "admin"],
];
const FORMER_NAMES = { stages: "operations" };

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

  const skip = (event) => {
    event.preventDefault(); // "#main" would be another screen
    document.getElementById("main").focus();
  };
  const changeLanguage = () => {
    const other = language() === "ko" ? "en" : "ko";
    setLanguage(other);
    setLanguageShown(other);
  };
  const titled = session && SCREENS.find(([name]) => name === (FORMER_NAMES[at.path[0]] || at.path[0]))?.[1];
  useEffect(() => {
    document.title = session ? `${t(titled || "calls")} – Callytics` : "Callytics"; // for tabs, and for who hears the page
  });
  const signOut = async () => {
    await request("DELETE", "/v1/sessions/current");
    setSession(null);
  };

  const isRefused = at.path[0] === "sign-in-failed" && !session;
  if (at.path[0] === "sign-in" || isRefused || session === null) {
    const done = (made) => {
      setSession(made);
      if (/^sign-in/.test(at.path[0] || "")) go(["calls"]);
    };
    const [link, refusal] = [at.path[0] === "sign-in" ? at.path[1] : undefined, isRefused ? at.path[1] || "" : undefined];
    return html`<${SignIn} link=${link} refusal=${refusal} onDone=${done} />`;
  }
  if (session === undefined) return html`<p class="notice" role="status">${t("no_server")}</p>`;
  const may = (scope) => session.scopes.includes(scope) || session.scopes.includes("admin");
  const named = at.path[0] || "calls";
  const asked = FORMER_NAMES[named] || named;
  const shown = SCREENS.filter(([, , scope]) => may(scope));
  const screen = SCREENS.some(([name]) => name === asked) ? asked : "calls";
  const isAllowed = shown.some(([name]) => name === screen);
  const lost = () => setSession((known) => (known === session ? null : known)); // not the one that came after
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("skip_to_content")}</a>
    <header class="bar">
      <a class="brand" href="#/calls"><img src="/console/icon.svg" alt="" width="24" height="24" />Callytics</a>
      <nav aria-label="Callytics">
        ${shown.map(
          ([name, word]) => html`<a href=${link([name])} aria-current=${screen === name ? "page" : undefined}>${t(word)}</a>`,
        )}
      </nav>
      <span class="space"></span>
      <button class="quiet" onClick=${() => setShowsKeys(true)} title="?">${t("help")}</button>
      <button class="quiet" onClick=${changeLanguage} lang=${language() === "ko" ? "en" : "ko"}>
        ${language() === "ko" ? "English" : "한국어"}
      </button>
      <button class="quiet" onClick=${signOut} title=${session.tenant}>${t("sign_out")}</button>
    </header>
    <main id="main" tabindex="-1">
      ${isAllowed
        ? html`<${Screen} name=${screen} id=${screen === "calls" ? at.path[1] : undefined} query=${at.query} session=${session} may=${may} onLost=${lost} />`
        : html`<p class="notice" role="status">${t("not_allowed")}</p>`}
    </main>
    ${showsKeys && html`<${Keys} onClose=${() => setShowsKeys(false)} />`}
  `;
}

function Screen({ name, id, ...shared }) {
  if (name === "overview") return html`<${Overview} ...${shared} />`;
  if (name === "operations") return html`<${Operations} ...${shared} />`;
  if (name === "keys") return html`<${ApiKeys} ...${shared} />`;
  if (name === "webhooks") return html`<${Webhooks} ...${shared} />`;
  if (name === "audit") return html`<${Audit} ...${shared} />`;
  return id ? html`<${Call} key=${id} id=${id} ...${shared} />` : html`<${Calls} owner=${`${shared.session.tenant} ${shared.session.id}`} ...${shared} />`;
}

setLanguage(language());
render(html`<${App} />`, document.getElementById("app"));
