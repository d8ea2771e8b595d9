// Sends a form once however often its button is pressed. Everything works without it: the same token makes it the same request.
"use strict";

for (const form of document.querySelectorAll("form.request-form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.sending || button.textContent;
  });
}

// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});
