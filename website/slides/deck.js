// The deck moves with the keys, whatever has them; a widget fits its slide.

const dark = matchMedia("(prefers-color-scheme: dark)");
const printing = /print-pdf/.test(location.search);

function theme() {
  return document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function tell(frame) {
  frame.contentWindow?.postMessage({ ifcnTheme: theme() }, "*");
}

function changeTheme() {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  for (const frame of document.querySelectorAll("iframe")) tell(frame);
}

function changeNotes() {
  Reveal.configure({ showNotes: !Reveal.getConfig().showNotes });
  Reveal.layout();
}

function printed() {
  location.search = "print-pdf";
}

Reveal.initialize({
  width: 1280, height: 720, margin: 0.04, center: false, display: "flex", hash: true,
  transition: "none", slideNumber: "c/t", scrollActivationWidth: 0,
  keyboard: { 84: changeTheme, 78: changeNotes, 80: printed },
  showNotes: printing && "separate-page",
});
if (printing) Reveal.on("pdf-ready", () => print());
Reveal.on("slidechanged", () => document.activeElement?.blur?.());

const moves = {
  ArrowRight: "next", ArrowDown: "next", PageDown: "next",
  ArrowLeft: "prev", ArrowUp: "prev", PageUp: "prev", Escape: "toggleOverview",
};

// A widget says how high it is, and hands on the keys that it has no use for.
addEventListener("message", ({ source, data }) => {
  const frames = [...document.querySelectorAll("iframe")];
  const frame = frames.find(({ contentWindow }) => contentWindow === source);
  if (!frame) return;
  if (data?.ifcnHeight > 0) {
    const height = Math.ceil(data.ifcnHeight) + 4;
    frame.style.height = `${height}px`;
    const room = frame.parentElement.offsetHeight;
    frame.style.transform = `scale(${Math.min(1, room / height)})`;
    tell(frame);
  }
  if (moves[data?.ifcnKey]) {
    window.focus();
    Reveal[moves[data.ifcnKey]]();
  }
});
