// Brings the work number into the ticket as soon as it is there; without this script the page asks again by
// itself.
"use strict";

function showPrint() {
  const print = document.querySelector("[data-print]");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

async function fetchFresh() {
  return new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
}

function show(page, announcement) {
  const status = document.querySelector("#announcement");
  const fresh = page.querySelector(".thanks");
  fresh.querySelector("#announcement").replaceWith(status);
  document.querySelector(".thanks").replaceWith(fresh);
  document.title = page.title;
  showPrint();
  status.textContent = announcement;
}

// A mail takes a moment to go, or to fail.
const LOOK_AGAIN_MS = [3000, 10_000, 30_000, 60_000];

function watchReceipt(times = LOOK_AGAIN_MS) {
  const known = document.querySelector(".thanks").dataset.receipt;
  if (times.length === 0 || !["sending", "deferred"].includes(known)) {
    return;
  }
  setTimeout(async () => {
    const page = await fetchFresh();
    const fresh = page.querySelector(".thanks");
    if (fresh && fresh.dataset.receipt !== known) {
      show(page, fresh.querySelector(".lead").textContent);
    }
    watchReceipt(times.slice(1));
  }, times[0]);
}

const address = document.querySelector(".thanks").dataset.events;
showPrint();
let saidLate = false;
const RETRY_MS = 10_000;

function wait() {
  const events = new EventSource(address);
  // A browser asks again by itself, but not where it was refused, as by a limit.
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(wait, RETRY_MS);
    }
  });
  events.addEventListener("number", async (event) => {
    events.close();
    show(await fetchFresh(), JSON.parse(event.data).announcement);
    document.querySelector("#ticket").classList.add("arriving");
    watchReceipt();
  });
  events.addEventListener("late", async (event) => {
    if (!saidLate) {
      saidLate = true;
      show(await fetchFresh(), JSON.parse(event.data).announcement);
    }
  });
}

if (address) {
  wait();
} else {
  watchReceipt();
}
