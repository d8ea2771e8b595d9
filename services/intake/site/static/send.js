// Sends a form once however often its button is pressed. Everything works without it: the same token makes it
// the same request.
"use strict";

const STUCK_MS = 8000;

for (const form of document.querySelectorAll("form.request-form")) {
  const button = form.querySelector("button[type=submit]");
  const label = button.textContent;
  let stuck = 0;

  const again = () => {
    clearTimeout(stuck);
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  };

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    if (!event.submitter?.hasAttribute("formaction")) {
      button.setAttribute("aria-disabled", "true");
      button.textContent = form.dataset.sending || label;
    }
    // Nothing tells that the browser gave up.
    stuck = setTimeout(again, STUCK_MS);
  });

  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      again();
    }
  });

  // The page comes back from the browser's memory with all that was typed.
  addEventListener("pageshow", again);
}
