// An open page hears of an alarm within seconds: in a line above everything, and in the window's title.
"use strict";

const EVERY_MS = 10000;
const place = document.getElementById("alarm");
const title = document.title;
let told = place.textContent.trim();

function tell(sentence) {
  document.title = sentence ? `● ${title}` : title;
  if (sentence === told) return;
  told = sentence;
  place.replaceChildren();
  if (!sentence) return;
  const line = document.createElement("p");
  const link = document.createElement("a");
  line.className = "notice alert";
  link.href = "/console/ledger";
  link.textContent = sentence;
  line.append(link);
  place.append(line);
}

async function ask() {
  try {
    const answer = await fetch(place.dataset.ask, { redirect: "error" });
    if (answer.ok) tell((await answer.json()).alarm ?? "");
    else if (answer.status >= 500) tell(place.dataset.away);
  } catch {
    tell(place.dataset.away);
  }
}

// A page that shows the verdict itself need not be told what it says until it changes.
if (document.querySelector(".verdict.alert, [data-overdue]")) {
  told = document.querySelector(".verdict strong, [data-overdue]").textContent.trim();
}
setInterval(ask, EVERY_MS);
