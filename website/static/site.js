// Widgets in the place of their pictures, in the colours of the page; no network.

// Summaries are read from pages by fetch, which a page opened from disk may not do.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  const chosen = document.body.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return prefersDark.matches ? "dark" : "light";
}

function tell(frame) {
  frame.contentWindow?.postMessage({ ifcnTheme: theme() }, "*");
}

function enliven(place) {
  const frame = document.createElement("iframe");
  const { page, title } = place.dataset;
  Object.assign(frame, { title, loading: "lazy", src: page });
  const alone = document.createElement("a");
  Object.assign(alone, { href: page, textContent: "On a page of its own" });
  const link = document.createElement("p");
  link.className = "alone";
  link.append(alone);
  const picture = place.querySelector("img");
  frame.style.height = `${Math.max(420, picture?.getBoundingClientRect().height ?? 0)}px`;
  place.replaceChildren(frame, link);
}

// A page tells how high it is; frames of files may not look into each other.
addEventListener("message", ({ source, data }) => {
  for (const frame of document.querySelectorAll(".widget iframe")) {
    if (frame.contentWindow === source && data?.ifcnHeight > 0) {
      frame.style.height = `${Math.ceil(data.ifcnHeight) + 4}px`;
      tell(frame);
    }
  }
});

/** What scrolls sideways can be reached and scrolled by keyboard. */
function reachable() {
  for (const box of document.querySelectorAll("pre, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
  }
}

addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".widget[data-page]").forEach(enliven);
  const told = () => document.querySelectorAll(".widget iframe").forEach(tell);
  new MutationObserver(told).observe(document.body, { attributeFilter: ["data-theme"] });
  prefersDark.addEventListener("change", told);
  reachable();
  addEventListener("resize", reachable);
});
