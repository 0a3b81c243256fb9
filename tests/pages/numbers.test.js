// The results that the chapters are built around, as their pages show them. They were computed when the book was built;
// what they must be is known from elsewhere: by hand, and from PyTorch.

import assert from "node:assert/strict";
import { test } from "node:test";
import { forTests, open } from "./book.js";

const site = forTests();

/** What the blocks of a page show below their code, one text a block. */
async function outputs(path) {
  const html = await (await fetch(`${site.book.address}/${path}.html`)).text();
  return [...html.matchAll(/<pre class="literate-output[^>]*>(.*?)<\/pre>/gs)].map(([, text]) => text.replace(/<[^>]*>/g, ""));
}

/** The numbers of a text, in order. */
const numbers = (text) => text.match(/-?\d+(\.\d+)?/g).map(Number);

const RESULTS = {
  autograd: [[16, 36], [12, 34]],
  "cross-correlation": [[19, 25, 37, 43]],
  "several-input-channels": [[56, 72, 104, 120]],
  "several-output-channels": [[56, 72, 104, 120, 76, 100, 148, 172, 96, 128, 192, 224]],
  "the-concise-form": [[4, 2, 3, 5, 3, 2, 3, 5, 3, 4, 3, 3, 5]],
  pooling: [[5, 6, 7, 7, 13, 14, 15, 15, 21, 22, 23, 23, 29, 30, 31, 31]],
  "how-convolution-is-computed": [[19, 25, 37, 43]],
};

for (const [path, results] of Object.entries(RESULTS)) {
  test(`${path} shows its results`, async () => {
    const shown = (await outputs(path)).filter((text) => /\d/.test(text)).map((text) => numbers(text).join(" "));
    for (const result of results) assert.ok(shown.includes(result.join(" ")), `${result} is none of: ${shown.join(" | ")}`);
  });
}

test("stride shows the four classic shapes", async () => {
  const shapes = (await outputs("stride")).flatMap((text) => [...text.matchAll(/(\d+) by (\d+)$/gm)].map(([shape]) => shape));
  assert.deepEqual(shapes, ["8 by 8", "8 by 8", "4 by 4", "2 by 2"]);
});

test("a-network states an accuracy of 97 % or more on the 10 000 digits of the test set", async () => {
  const stated = (await outputs("a-network")).join("\n").match(/([\d.]+) % of 10000 test digits are read right/);
  assert.ok(stated && Number(stated[1]) >= 97, String(stated));
});

const DRAWN = {
  "cross-correlation": [[19, 25, 37, 43]],
  padding: [[0, 3, 8, 4, 9, 19, 25, 10, 21, 37, 43, 16, 6, 7, 8, 0]],
  stride: [[0, 8, 6, 8]],
  "several-input-channels": [[56, 72, 104, 120]],
  pooling: [[4, 5, 7, 8], [2, 3, 5, 6]],
};

for (const [path, results] of Object.entries(DRAWN)) {
  test(`${path} draws its results, step by step`, async () => {
    const { page, problems, close } = await open(site.browser, site.book.address, `${path}.html`);
    const ends = [];
    for (const stepper of await page.locator(".stepper").all()) {
      await stepper.getByRole("slider").press("End");
      const cells = stepper.locator(".stepper-panel").last().locator("svg text");
      ends.push((await cells.allTextContents()).filter((text) => /^\d+$/.test(text)).join(" "));
    }
    await close();
    assert.deepEqual(problems, []);
    for (const result of results) assert.ok(ends.includes(result.join(" ")), `${result} is none of: ${ends.join(" | ")}`);
  });
}
