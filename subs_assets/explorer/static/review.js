// One decision a key press: a key presses the button that names it, and the page's content is replaced by the
// answer's. Without this script the same forms work, by loading the page again. say(), send(), pageOf() and
// refusalOf() are explorer.js's.
"use strict";

const SAID = { accept: "Accepted.", reject: "Rejected.", withdraw: "Withdrawn.", skip: "Skipped: it comes again after all others." };
let isSending = false;

async function sendReview(form, button) {
  if (isSending) return;
  isSending = true;
  const fields = new URLSearchParams(new FormData(form));
  if (button && button.name) fields.set(button.name, button.value);
  say("Keeping it …");
  try {
    const answer = await send(form, fields);
    const page = await pageOf(answer);
    const told = page.querySelector("[data-told]");
    if (!answer.ok && !told) throw new Error(refusalOf(page, answer));
    if (page.querySelector("[data-gathering]")) {
      location.assign(answer.redirected ? answer.url : form.action); // another night was published: that page loads itself again
      return;
    }
    const areKeysShown = document.getElementById("keys").open;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.getElementById("keys").open = areKeysShown;
    if (answer.redirected) history.replaceState(null, "", answer.url);
    showKeysSwitch();
    const said = button && button.name ? SAID[button.value] : "Undone: what stood before stands again.";
    say(told ? told.textContent.trim() : said, !answer.ok);
    document.getElementById("content").focus({ preventScroll: true });
    scrollTo(0, 0);
  } catch (problem) {
    say(problem.message, true);
  } finally {
    isSending = false;
  }
}

// Single letters must be possible to turn off: who dictates to the computer presses them by speaking.
const KEYS_OFF = "subs-review-keys-off";
const doKeysAnswer = () => localStorage.getItem(KEYS_OFF) === null;

function showKeysSwitch() {
  document.getElementById("keys-switch").hidden = false;
  document.getElementById("keys-answer").checked = doKeysAnswer();
}

document.addEventListener("change", (event) => {
  if (event.target.id !== "keys-answer") return;
  if (event.target.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "yes");
});

document.addEventListener("DOMContentLoaded", showKeysSwitch);

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-review]")) {
    event.preventDefault();
    sendReview(event.target, event.submitter);
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("select, textarea, input:not([type=radio])");
  if (isTyping || !doKeysAnswer() || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isSending) return;
  if (event.key === "?") {
    const keys = document.getElementById("keys");
    keys.open = !keys.open;
    if (keys.open) keys.scrollIntoView({ block: "nearest" });
    return;
  }
  const pressed = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key.toLowerCase());
  if (pressed) {
    event.preventDefault();
    pressed.click();
  }
});
