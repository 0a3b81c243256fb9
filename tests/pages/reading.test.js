// mdBook's own interface, as this book sets it up: search, copying, the contents, the menus; and what a page weighs.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { launch, open, pages, serve } from "./book.js";

const AXE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const PAGE = "cross-correlation.html";

let book;
let browser;
before(async () => {
  book = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await book?.close();
});

/** Runs a test on a page of the book, and checks that nothing went wrong there. */
const onPage = (name, body, { path = PAGE, ...options } = {}) =>
  test(name, async () => {
    const { page, problems, close } = await open(browser, book.address, path, options);
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
  const scripts = (await readdir(folder)).filter((file) => file.endsWith(".js"));
  const sizes = await Promise.all(scripts.map(async (file) => (await readFile(`${folder}/${file}`)).length));
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert.ok(sum < 40 * 1024, `${sum} bytes`);
});

// Pages of many photographs are heavier than the 600 KB that a page should weigh: these bounds keep them from growing.
const HEAVY = {
  "1x1-convolution.html": 720_000,
  "feature-maps-and-receptive-fields.html": 900_000,
  "lab-feature-maps.html": 900_000,
  "several-input-channels.html": 720_000,
};

for (const path of (await pages()).filter((path) => path !== "print.html" && !path.includes("/"))) {
  const most = HEAVY[path] ?? 600_000;
  test(`${path} weighs less than ${most / 1000} KB on first load, and does not jump`, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
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
    await page.goto(`${book.address}/${path}`, { waitUntil: "networkidle" });
    const weight = (await Promise.all(bodies)).reduce((all, size) => all + size, 0);
    const jumps = await page.evaluate(() => window.jumps);
    await context.close();
    assert.ok(weight > 100_000, "not all answers were seen");
    assert.ok(weight < most, `${weight} bytes`);
    // What a browser calls good is less than 0.1.
    assert.ok(jumps < 0.05, `layout shift ${jumps}`);
  });
}
