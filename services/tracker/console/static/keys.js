// Keys for who works here all day: "/" to the search, "j" and "k" through the list, "o" opens the row or
// takes the request.
"use strict";

const rows = [...document.querySelectorAll("tbody tr")];
let at = -1;

function moveTo(next) {
  if (!rows.length) return;
  if (at >= 0) rows[at].classList.remove("now");
  at = Math.min(Math.max(next, 0), rows.length - 1);
  rows[at].classList.add("now");
  const link = rows[at].querySelector("a");
  if (link) link.focus();
}

const keys = {
  "/": () => document.getElementById("words")?.focus(),
  j: () => moveTo(at + 1),
  k: () => moveTo(at - 1),
  o: () => (at >= 0 ? rows[at].querySelector("a") : document.querySelector('[data-key="o"]'))?.click(),
};

document.querySelectorAll(".keys").forEach((hint) => { hint.hidden = false; });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
