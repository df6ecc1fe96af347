// Asking the server for what a screen shows: again when the question changes, and every so often where that is wanted.
import { useEffect, useState } from "../html.js";
import { t } from "../text.js";

const RETRY_MS = 2000;

/**
 * What `ask(signal)` answers, and why it did not. While the server does not answer, what it last said stays.
 * `everyMs`: a number, or a function of the answer; 0: not again. `onLost`: the session has ended.
 */
export function useAsked(ask, dependencies, everyMs, onLost) {
  const [state, setState] = useState({ answer: null, problem: "" });
  const [again, setAgain] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    let timer;
    const run = async () => {
      let nextMs = 0;
      try {
        const answer = await ask(control.signal);
        setState({ answer, problem: "" });
        nextMs = typeof everyMs === "function" ? everyMs(answer) : everyMs;
      } catch (error) {
        if (control.signal.aborted) return;
        if (error.status === 401) return onLost();
        const isServerAway = !error.status || error.status >= 500;
        setState((before) => ({
          answer: isServerAway ? before.answer : null,
          problem: isServerAway ? t("no_server") : error.message,
          status: error.status,
        }));
        nextMs = isServerAway ? RETRY_MS : 0;
      }
      if (nextMs && !control.signal.aborted) timer = setTimeout(run, nextMs);
    };
    run();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [...dependencies, again]);
  return { ...state, askAgain: () => setAgain((count) => count + 1) };
}
