// mdBook's own interface, as this book sets it up: search, copying, the contents, the menus; and what a page weighs.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, test } from "node:test";
import { FOLDER, forTests, open, pages } from "./book.js";

const AXE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const PAGE = "cross-correlation.html";

const site = forTests();

/** Runs a test on a page of the book, and checks that nothing went wrong there. */
const onPage = (name, body, { path = PAGE, ...options } = {}) =>
  test(name, async () => {
    const { page, problems, close } = await open(site.browser, site.book.address, path, options);
    try {
      await body(page);
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  });

async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join("; ")}`), []);
}

for (const theme of ["light", "navy"]) {
  onPage(`the search finds a term of the field by the keyboard, in the theme ${theme}`, async (page) => {
    await page.keyboard.press("s");
    await page.keyboard.type("cross-correlation");
    const results = page.locator("#mdbook-searchresults a");
    await results.first().waitFor();
    const found = (await results.allTextContents()).join("\n");
    assert.match(found, /Cross-correlation/);
    await assertAccessible(page);
    await results.filter({ hasText: "Cross-correlation" }).first().click();
    await page.locator("main mark").first().waitFor();
    await assertAccessible(page);
  }, { theme });
}

onPage("code has a button to copy it, with a name, and none to run it", async (page) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  assert.equal(await page.locator(".play-button").count(), 0);
  const block = page.locator("pre:has(> code.language-rust)").first();
  const button = block.getByRole("button", { name: "Copy to clipboard" });
  await block.hover();
  await button.click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.trim(), (await block.locator("code").innerText()).trim());
});

onPage("the contents open and close by the keyboard", async (page) => {
  const toggle = page.getByRole("button", { name: "Toggle Table of Contents" });
  const contents = page.locator("#mdbook-sidebar");
  assert.equal(await toggle.getAttribute("aria-expanded"), "true");
  assert.ok(await contents.getByRole("link", { name: "Cross-correlation" }).first().isVisible());
  await toggle.focus();
  await page.keyboard.press("Enter");
  assert.equal(await toggle.getAttribute("aria-expanded"), "false");
  await contents.waitFor({ state: "hidden" });
  await page.keyboard.press("Space");
  await contents.waitFor({ state: "visible" });
});

onPage("the menu of themes and the help are accessible", async (page) => {
  await page.getByRole("button", { name: "Change theme" }).click();
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await assertAccessible(page);
});

onPage("Rust is coloured by the book's own script", async (page) => {
  const tokens = await page.locator("pre > code.language-rust").evaluateAll((blocks) => {
    const texts = (kind) => [...new Set(blocks.flatMap((block) => [...block.querySelectorAll(`.hljs-${kind}`)].map((token) => token.textContent)))];
    return { keywords: texts("keyword"), types: texts("type"), macros: texts("built_in"), numbers: texts("number"), strings: texts("string") };
  });
  assert.ok(["let", "use", "for", "in", "fn"].every((word) => tokens.keywords.includes(word)), `${tokens.keywords}`);
  assert.ok(tokens.types.includes("Tensor"));
  assert.ok(tokens.macros.includes("assert_eq!"));
  assert.ok(["0.", "19.", "6"].every((number) => tokens.numbers.includes(number)), `${tokens.numbers}`);
  assert.ok(tokens.strings.every((text) => /^".*"$/s.test(text)), `${tokens.strings}`);
});

test("the book's own scripts weigh less than 40 KB together", async () => {
  const folder = fileURLToPath(new URL("../../book/theme", import.meta.url));
  const scripts = (await readdir(folder)).filter((file) => /\.(js|hbs)$/.test(file));
  const sizes = await Promise.all(scripts.map(async (file) => (await readFile(`${folder}/${file}`)).length));
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert.ok(sum < 40_000, `${sum} bytes`);
});

for (const path of (await pages()).filter((path) => path !== "print.html" && !path.includes("/"))) {
  test(`${path} weighs less than 600 KB on first load, and does not jump`, async () => {
    const context = await site.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const bodies = [];
    page.on("response", (response) => {
      // The next chapter is fetched ahead, when this one is there.
      const ahead = response.url().endsWith(".html") && !response.url().endsWith(path);
      if (!ahead) bodies.push(response.body().then((body) => body.length, () => 0));
    });
    await page.addInitScript(() => {
      window.jumps = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.jumps += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(`${site.book.address}/${path}`, { waitUntil: "networkidle" });
    const weight = (await Promise.all(bodies)).reduce((all, size) => all + size, 0);
    const jumps = await page.evaluate(() => window.jumps);
    await context.close();
    assert.ok(weight > 100_000, "not all answers were seen");
    assert.ok(weight < 600_000, `${weight} bytes`);
    // What a browser calls good is less than 0.1.
    assert.ok(jumps < 0.05, `layout shift ${jumps}`);
  });
}

for (const theme of ["rust", "navy"]) {
  onPage(`print is dark on light, from the theme ${theme} too`, async (page) => {
    await page.emulateMedia({ media: "print" });
    const inks = await page.evaluate(() => {
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const brightness = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
      };
      const ink = (selector, property) => [selector, brightness(getComputedStyle(document.querySelector(selector))[property])];
      return [
        ...["main p", "main h2 a", "main pre code", ".literate-output code", "figcaption", "main math"].map((text) => ink(text, "color")),
        ink(".literate-figure svg text", "fill"),
      ];
    });
    assert.deepEqual(inks.filter(([, brightness]) => brightness > 120), []);
    const paper = await page.evaluate(() => getComputedStyle(document.querySelector("html")).backgroundColor);
    assert.equal(paper, "rgb(255, 255, 255)");
  }, { theme });
}

describe("the pictures beside the pages", () => {
  const PHOTOGRAPHS = "lab-feature-maps.html";
  /** How many pictures a page shows, and how many of them are there. */
  const pictures = (page) =>
    page.evaluate(() => {
      const images = [...document.querySelectorAll('main img[src*="pictures/"]')];
      return [images.length, images.filter((image) => image.complete && image.naturalWidth > 0).length];
    });

  onPage("come when the reader gets near", async (page) => {
    const [all, there] = await pictures(page);
    assert.ok(all > 30, `${all} pictures`);
    assert.ok(there < all / 2, `${there} of ${all} came at once`);
    await page.locator("main img").last().scrollIntoViewIfNeeded();
    await page.waitForFunction(() => [...document.querySelectorAll("main img")].at(-1).naturalWidth > 0);
  }, { path: PHOTOGRAPHS });

  onPage("stand where the drawing has them", async (page) => {
    const off = await page.locator("foreignObject").evaluateAll((places) =>
      places.filter((place) => {
        const [x, y, width, height] = ["x", "y", "width", "height"].map((side) => place[side].baseVal.value);
        const [from, to] = [[x, y], [x + width, y + height]].map((corner) => new DOMPoint(...corner).matrixTransform(place.getScreenCTM()));
        const found = place.firstElementChild.getBoundingClientRect();
        return [found.left - from.x, found.top - from.y, found.right - to.x, found.bottom - to.y].some((error) => Math.abs(error) > 1);
      }).length,
    );
    assert.ok((await page.locator("foreignObject").count()) > 30);
    assert.equal(off, 0);
  }, { path: PHOTOGRAPHS });

  onPage("are all there in print", async (page) => {
    await page.pdf();
    const [all, there] = await pictures(page);
    assert.equal(there, all);
  }, { path: PHOTOGRAPHS });

  for (const [how, options] of [["from a folder", { folder: true }], ["without JavaScript", { javaScriptEnabled: false }]]) {
    test(`are there ${how}`, async () => {
      const { folder, ...context } = options;
      const page = await site.browser.newPage(context);
      await page.goto(`${folder ? pathToFileURL(FOLDER).href : site.book.address}/${PHOTOGRAPHS}`);
      const last = page.locator("main img").last();
      await last.scrollIntoViewIfNeeded();
      await page.waitForLoadState("networkidle");
      assert.ok((await last.evaluate((image) => image.naturalWidth)) > 0);
      await page.close();
    });
  }
});
