// What holds for every page of the book.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { forTests, open, pages } from "./book.js";

const AXE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

// The themes for which mdBook's style sheet makes a difference: one for the day, one for the night.
const THEMES = ["light", "navy"];

const site = forTests();

for (const path of await pages()) {
  describe(path, () => {
    for (const theme of THEMES) {
      test(`is quiet, asks no other host and is accessible in the theme ${theme}`, async () => {
        const { page, problems, close } = await open(site.browser, site.book.address, path, { theme });
        assert.ok(await page.evaluate((name) => document.documentElement.classList.contains(name), theme), "theme");
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => axe.run());
        await close();
        assert.deepEqual(problems, []);
        assert.deepEqual(violations.map(describeViolation), []);
      });
    }

    test("does not scroll sideways on a phone", async () => {
      const { page, close } = await open(site.browser, site.book.address, path, { viewport: { width: 390, height: 844 } });
      const { wide, culprits } = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const elements = [...document.querySelectorAll("main *")];
        return {
          wide: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) > width,
          culprits: elements
            .filter((element) => element.getBoundingClientRect().right > width + 1)
            .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`)
            .slice(0, 5),
        };
      });
      await close();
      assert.ok(!wide, `wider than the screen, perhaps because of ${culprits.join(", ")}`);
    });

    test("can be read with JavaScript off", async () => {
      const { page, problems, close } = await open(site.browser, site.book.address, path, { javaScriptEnabled: false });
      const main = page.locator("main");
      assert.ok(await main.isVisible());
      assert.ok((await main.innerText()).trim().length > 100, "hardly any text");
      await close();
      assert.deepEqual(problems, []);
    });
  });
}

function describeViolation({ id, help, nodes }) {
  return `${id}: ${help}: ${nodes.map((node) => `${node.target.join(" ")} (${node.html.slice(0, 120)})`).join("; ")}`;
}
