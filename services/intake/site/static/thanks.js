// Brings the work number into the ticket as soon as it is there; without this script the page asks again by itself.
"use strict";

function showPrint() {
  const print = document.querySelector("[data-print]");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

async function renew(announcement, arriving) {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const status = document.querySelector("#announcement");
  const fresh = page.querySelector(".thanks");
  fresh.querySelector("#announcement").replaceWith(status);
  document.querySelector(".thanks").replaceWith(fresh);
  document.title = page.title;
  showPrint();
  status.textContent = announcement;
  if (arriving) {
    document.querySelector("#ticket").classList.add("arriving");
  }
}

const address = document.querySelector(".thanks").dataset.events;
showPrint();
if (address) {
  const events = new EventSource(address);
  let saidLate = false;
  events.addEventListener("number", (event) => {
    events.close();
    renew(JSON.parse(event.data).announcement, true);
  });
  events.addEventListener("late", (event) => {
    if (!saidLate) {
      saidLate = true;
      renew(JSON.parse(event.data).announcement, false);
    }
  });
}
