"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const font = getComputedStyle(document.body).fontFamily;
  const config = {
    font, background: null, view: { stroke: null },
    axis: { labelColor: "#1b2733", titleColor: "#5c6b7a", titleFontWeight: "normal", domain: false, ticks: false,
            gridColor: "#e3e7eb", labelPadding: 5, labelFontSize: 11 },
    legend: { labelColor: "#1b2733", labelFontSize: 11 },
    title: { anchor: "start", color: "#1b2733", fontSize: 13, offset: 8 },
  };
  // Expressions are interpreted (ast), not compiled: the page forbids itself eval, as it forbids itself the network.
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, config };
  for (const place of document.querySelectorAll("[data-chart]")) {
    vegaEmbed(place, charts[place.dataset.chart], options).then(
      () => place.classList.add("drawn"),
      (error) => { place.textContent = `This chart could not be drawn: ${error.message}`; throw error; },
    );
  }

  const company = document.getElementById("company"), target = document.getElementById("target");
  const blocks = document.getElementById("blocks"), packed = document.getElementById("packed");
  const id = (from, to) => `pair-${from}-${to}`;

  // Where the pairs would make the page too long, they are packed: gzip in base64 of a JSON object, id -> HTML.
  async function unpacked() {
    const bytes = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  function choosePairs(html) {
    function show(wanted) {
      if (html) blocks.innerHTML = html[wanted] ?? "";
      for (const block of blocks.children) {
        block.classList.toggle("chosen", block.id === wanted);
        block.open = block.id === wanted;
        block.querySelector("summary").tabIndex = -1; // it is a heading here: the two lists choose what is open
      }
      [, company.value, target.value] = wanted.split("-");
    }
    const named = () => /^#pair-\w+-\w+$/.test(location.hash) && location.hash.slice(1);
    for (const select of [company, target])
      select.addEventListener("change", () => show(id(company.value, target.value)));
    addEventListener("hashchange", () => {
      if (named()) { show(named()); document.getElementById("pairs").scrollIntoView(); }
    });
    const slugs = [...company.options].map((option) => option.value);
    document.documentElement.classList.add("scripted");
    document.querySelector(".picker").hidden = slugs.length === 0;
    if (slugs.length) show(named() || id(slugs[0], slugs[1] ?? slugs[0]));
  }
  if (packed) unpacked().then(choosePairs, () => { // no DecompressionStream: a browser from before 2023
    blocks.innerHTML = '<p class="notice">This browser cannot unpack the pairs of companies. All equivalences and substitutions are in exports/.</p>';
  });
  else if (blocks.children.length) choosePairs(null);

  blocks.addEventListener("click", ({ target: button }) => {
    if (!button.matches(".unfold")) return;
    const roots = [...button.closest(".pair").querySelectorAll(".tree details")];
    const open = !roots.every((root) => root.open);
    for (const root of roots) root.open = open;
    button.textContent = open ? "fold all" : "unfold all";
  });
})();
