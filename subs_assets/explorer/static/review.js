// One decision a key press: a key presses the button that names it, and the page's content is replaced by the
// answer's. Without this script the same forms work, by loading the page again. say(), send(), pageOf() and
// refusalOf() are explorer.js's.
"use strict";

let isSending = false;

async function sendReview(form, button) {
  if (isSending) return;
  isSending = true;
  const fields = new URLSearchParams(new FormData(form));
  if (button && button.name) fields.set(button.name, button.value);
  try {
    const answer = await send(form, fields);
    const page = await pageOf(answer);
    const told = page.querySelector("[data-told]");
    if (!answer.ok && !told) {
      if (answer.status === 403) location.assign(signInAddress());
      throw new Error(refusalOf(page, answer));
    }
    if (page.querySelector("[data-gathering]")) {
      location.assign(page.querySelector("[data-gathering] a").getAttribute("href")); // another night was published
      return;
    }
    const areKeysShown = document.getElementById("keys").open;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.getElementById("keys").open = areKeysShown;
    if (answer.redirected) history.replaceState(null, "", answer.url);
    ready();
    // The page shows it: this line is for who hears the page.
    const last = document.querySelector("[data-last]");
    const said = button && button.name ? "" : "Undone. ";
    say(told ? told.textContent.trim() : said + (last ? last.textContent : ""));
    document.getElementById("status").classList.add("heard");
    document.getElementById("content").focus({ preventScroll: true });
    scrollTo(0, 0);
  } catch (problem) {
    document.getElementById("status").classList.remove("heard");
    say(problem.message, true);
  } finally {
    isSending = false;
  }
}

// Single letters must be possible to turn off: who dictates to the computer presses them by speaking.
const KEYS_OFF = "subs-review-keys-off";
const doKeysAnswer = () => localStorage.getItem(KEYS_OFF) === null;

function ready() {
  document.getElementById("keys-switch").hidden = false;
  document.getElementById("keys-answer").checked = doKeysAnswer();
  sayRelation();
}

// The button says as what it accepts: the choice itself may lie above what can be seen.
function sayRelation() {
  const relation = document.querySelector("input[name=relation]:checked");
  if (relation) document.querySelector("[data-as]").textContent = ` as ${relation.value}`;
}

function signInAddress() {
  return "/sign-in?back=" + encodeURIComponent(location.pathname + location.search);
}

document.addEventListener("change", (event) => {
  if (event.target.name === "relation") sayRelation();
  if (event.target.id !== "keys-answer") return;
  if (event.target.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "yes");
});

document.addEventListener("DOMContentLoaded", ready);

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-review]")) {
    event.preventDefault();
    sendReview(event.target, event.submitter);
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("select, textarea, input:not([type=radio], [type=checkbox])");
  if (isTyping && event.key === "Escape") event.target.blur();
  if (isTyping || !doKeysAnswer() || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isSending) return;
  if (event.key === "?") {
    const keys = document.getElementById("keys");
    keys.open = !keys.open;
    if (keys.open) keys.scrollIntoView({ block: "nearest" });
    return;
  }
  const letter = event.key.toLowerCase();
  const name = event.shiftKey && /^[a-z]$/.test(letter) ? `shift+${letter}` : letter; // digits have it on some keyboards
  const pressed = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === name);
  if (!pressed) return;
  event.preventDefault();
  if (pressed.matches("input:not([type=radio])")) pressed.focus();
  else pressed.click();
});
