// Keeps what is typed, and warns before an identification runs out. Without it, what is sent with errors, or
// taken to another language, is kept.
"use strict";

const PAUSE_MS = 800;
const MOST_KEPT_ALIVE = 60_000; // bytes that a browser still sends for a page that is left
const WARNING_SECONDS = 5 * 60;

const form = document.getElementById("request-form");

let kept = typed();
let waiting = 0;
let saving = null;

function typed() {
  return new URLSearchParams(new FormData(form)).toString();
}

async function keep({ leaving = false } = {}) {
  clearTimeout(waiting);
  const body = typed();
  saving?.abort();
  saving = new AbortController();
  try {
    const answer = await fetch(form.dataset.draft, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      keepalive: leaving && body.length < MOST_KEPT_ALIVE,
      signal: leaving ? undefined : saving.signal,
    });
    const { state, until } = await answer.json();
    kept = state === "kept" ? body : kept;
    warnBefore(until);
    return state;
  } catch {
    return "away"; // tried again with the next letter, or by sending
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, PAUSE_MS);
});

addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && !form.dataset.sent && typed() !== kept) {
    keep({ leaving: true });
  }
});

// Any form of the page: what is still to be kept is sent with this one, or is not wanted any more.
document.addEventListener("submit", () => {
  clearTimeout(waiting);
  saving?.abort();
});

addEventListener("pageshow", async (event) => {
  // The page comes back from the browser's memory with all that was typed: even if it was sent since, or the
  // visit was ended.
  if (event.persisted && ["sent", "ended"].includes(await keep())) {
    location.reload();
  }
});

// --- identification ---

const warning = document.getElementById("expiring");
const plurals = new Intl.PluralRules(document.documentElement.lang);
let clock = 0;

function warnBefore(until) {
  if (!warning || !until) {
    return;
  }
  clearInterval(clock);
  const show = () => {
    const left = until - Date.now() / 1000;
    const minutes = Math.ceil(left / 60);
    const which = left <= 0 ? "over" : plurals.select(minutes);
    const sentence = warning.dataset[which].replace("{minutes}", minutes);
    const [text, stay, identify] = warning.children;
    warning.hidden = left > WARNING_SECONDS;
    stay.hidden = left <= 0;
    identify.hidden = left > 0;
    if (text.textContent !== sentence) {
      text.textContent = sentence;
    }
  };
  show();
  clock = setInterval(show, 1000);
}

if (warning) {
  warnBefore(Number(warning.dataset.until));
  warning.querySelector("[data-stay]").addEventListener("click", () => keep());
}
