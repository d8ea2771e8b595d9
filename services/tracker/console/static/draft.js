// Keeps the text to a citizen while it is typed. Without it, what is sent with another button, or
// too late, is kept.
"use strict";

const PAUSE_MS = 800;

for (const form of document.querySelectorAll("form[data-draft]")) {
  const text = form.querySelector("textarea");
  if (!text) continue;
  let kept = text.value;
  let waiting = 0;
  let saving = null;

  const keep = async (leaving) => {
    clearTimeout(waiting);
    if (text.value === kept) return;
    saving?.abort();
    saving = new AbortController();
    const body = text.value;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body: new URLSearchParams({ csrf: form.elements.csrf.value, text: body }),
        keepalive: leaving,
        signal: leaving ? undefined : saving.signal,
      });
      if (answer.ok) kept = body;
    } catch {
      // The next letter tries again, and so does every button of the form.
    }
  };

  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE_MS, false);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    saving?.abort();
    kept = text.value;
  });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keep(true);
  });
}
