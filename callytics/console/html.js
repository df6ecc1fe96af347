// Templates without a build: htm turns tagged template strings into elements of Preact.
import { h } from "./vendor/preact.mjs";
import htm from "./vendor/htm.mjs";

export { render } from "./vendor/preact.mjs";
export { useCallback, useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.mjs";
export const html = htm.bind(h);
