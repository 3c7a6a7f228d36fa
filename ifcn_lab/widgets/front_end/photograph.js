// A photograph of the reader's own, or the one that is here: opened, looked at, dropped.

import { button, element } from "./page.js";
import { looks } from "./pyramid.js";

/** Red, green, blue of a picture file, at most `widest` pixels along its longer side. */
export async function pixelsOf(file, widest) {
  const whole = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = whole;
  const share = Math.min(1, widest / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(share * side)));
  const pen = new OffscreenCanvas(w, h).getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#ffffff"; // behind what is transparent
  pen.fillRect(0, 0, w, h);
  pen.drawImage(whole, 0, 0, w, h);
  whole.close();
  const { data } = pen.getImageData(0, 0, w, h);
  const pixels = Uint8Array.from({ length: 3 * w * h }, (_, n) =>
    data[4 * Math.floor(n / 3) + (n % 3)]);
  return { pixels, h, w, whole: [width, height] };
}

export const LEAST = 16; // pixels down and across; less holds no object

/**
 * Open and look, `slice` milliseconds at a time. `tell` hears how far it is, and at last
 * the answer, or in its place what is wrong.
 */
export async function lookAt(network, asked, slice, tell) {
  const { key, photograph: { file, name }, widest } = asked;
  const began = performance.now();
  const failed = (problem) => tell({ key, answer: { problem }, ms: 0 });
  let picture = null;
  try {
    picture = await pixelsOf(file, widest);
  } catch {
    failed(`${name} is no picture that a browser can open: choose a PNG, JPEG or WebP.`);
    return;
  }
  const { h, w, whole } = picture;
  if (Math.min(h, w) < LEAST) {
    failed(`${name} is a picture of ${whole[0]} x ${whole[1]} pixels, too small to hold `
      + "an object: choose a larger one.");
    return;
  }
  const looking = looks(network, { ...asked, ...picture });
  let until = performance.now() + slice;
  let step = looking.next();
  for (; !step.done; step = looking.next()) {
    if (performance.now() < until) continue;
    tell({ key, share: step.value });
    await new Promise((done) => { setTimeout(done); });
    until = performance.now() + slice;
  }
  tell({ key, answer: { ...step.value, whole }, ms: performance.now() - began });
}

/** Buttons that show a photograph, how far the network is, and a place to drop one. */
export function photographs({ take, show, back }) {
  const chooser = element("input", { type: "file", accept: "image/*", hidden: true,
                                     "aria-label": "a photograph of your own" });
  const taken = ([file]) => { if (file) take({ file, name: file.name }); };
  chooser.addEventListener("change", () => {
    taken(chooser.files);
    chooser.value = ""; // the same one may be chosen again
  });
  const bar = element("progress", { max: 1, value: 0, hidden: true,
                                    "aria-label": "how far the network has looked" });
  const coins = button("the coins", show);
  const drawing = button("back to the drawing", () => {
    back();
    coins.focus(); // this one goes away
  });
  return {
    buttons: [coins, button("your photograph", () => chooser.click()), chooser,
              drawing, bar],
    takeDrops(root) {
      const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
      for (const type of ["dragover", "dragleave", "drop"]) {
        root.addEventListener(type, (event) => {
          if (!holdsFiles(event)) return;
          event.preventDefault();
          event.stopPropagation();
          root.classList.toggle("ifcn-dropping", type === "dragover");
          if (type === "drop") taken(event.dataTransfer.files);
        });
      }
    },
    follow(seen, share) {
      coins.setAttribute("aria-pressed", String(seen === "coins"));
      drawing.hidden = seen === "drawing";
      bar.hidden = share === null;
      bar.value = share ?? 0;
    },
  };
}
