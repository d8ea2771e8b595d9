// Makes the frame as tall as the mail in it, so that nothing is cut off; without scripts the frame scrolls.
const frame = document.querySelector(".letter-html");
let width = 0;

function fit() {
  const mail = frame.contentDocument?.documentElement;
  if (!mail) return;
  frame.style.height = "0";
  const border = frame.offsetHeight;
  frame.style.height = `${mail.scrollHeight + border}px`;
}

if (frame) {
  frame.addEventListener("load", fit);
  new ResizeObserver(() => {
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    fit();
  }).observe(frame);
}
