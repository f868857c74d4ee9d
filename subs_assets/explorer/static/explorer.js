// Decisions without losing one's place: the form is sent, and the page's content replaced by the answer's.
// Without this script the same forms work, by loading the page again.
"use strict";

const WORDS = { accept: "Accepted", reject: "Rejected", withdraw: "Withdrawn" };

const KEPT_OPEN = "details.why, details.more, details.meanings";
const CONFLICT = 409; // somebody else has decided since the page was loaded

async function ask(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error("The explorer does not answer: is `subs serve` running?");
  }
}

const send = (form, fields) => ask(form.action, { method: "POST", body: fields });

const pageOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

function refusalOf(page, answer) {
  const sentences = [...page.querySelectorAll("main .notice p")].map((one) => one.textContent);
  return sentences.join(" ") || `The explorer answered ${answer.status}.`;
}

function say(text, isBad) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.classList.toggle("bad", Boolean(isBad));
}

// Of the substitute that was decided on, so that the keyboard goes on from there.
function buttonsOf(fields) {
  const isSame = (form) => ["target_company_slug", "target_sku"].every((key) => new FormData(form).get(key) === fields.get(key));
  return [...document.querySelectorAll("form[data-decision]")].filter(isSame).map((form) => form.querySelector("button[name=verdict]"));
}

async function decide(form, button) {
  const fields = new URLSearchParams(new FormData(form));
  fields.set("verdict", button.value);
  const buttons = document.querySelectorAll("form[data-decision] button[name=verdict]");
  buttons.forEach((one) => { one.disabled = true; });
  say("Keeping the decision …");
  const open = [...document.querySelectorAll(KEPT_OPEN)].map((one) => one.open);
  try {
    const answer = await send(form, fields);
    const page = await pageOf(answer);
    const refusal = answer.ok ? "" : refusalOf(page, answer);
    if (refusal && answer.status !== CONFLICT) throw new Error(refusal);
    const now = refusal ? await pageOf(await ask(location.href)) : page;
    document.querySelector("main").replaceWith(now.querySelector("main"));
    document.querySelectorAll(KEPT_OPEN).forEach((one, place) => { one.open = open[place] || false; });
    say(refusal || `${WORDS[button.value]}; it counts from the next run on.`, Boolean(refusal));
    (buttonsOf(fields)[0] || document.getElementById("content")).focus({ preventScroll: true });
  } catch (problem) {
    buttons.forEach((one) => { one.disabled = false; });
    say(problem.message, true);
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-decision]")) {
    event.preventDefault();
    decide(event.target, event.submitter);
  }
});
