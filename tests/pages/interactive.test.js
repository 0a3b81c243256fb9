// The figures that move and the widgets: they compute what convcore computes, and work by mouse, by keyboard, without
// JavaScript and in print.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { forTests } from "./book.js";
import { numbers, openFixture, reference } from "./fixture.js";

const AXE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const expected = reference();

const site = forTests();
let page;
let problems;
let close;

/** Runs a test on a fresh page; no script may have complained at its end. */
function onPage(name, body, options = {}) {
  test(name, async () => {
    ({ page, problems, close } = await openFixture(site.browser, site.book.address, expected.html, options));
    try {
      await body(page);
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  });
}

describe("what the scripts compute is what convcore computes", () => {
  onPage("the geometry calculator, over all its settings", async () => {
    const { settings, results } = await page.evaluate(() => {
      const { ranges, along } = window.geometry;
      const span = ({ min, max }) => Array.from({ length: max - min + 1 }, (_, index) => min + index);
      const results = [];
      for (const input of span(ranges.input))
        for (const kernel of span(ranges.kernel))
          for (const padding of span(ranges.padding))
            for (const stride of span(ranges.stride))
              for (const dilation of span(ranges.dilation)) {
                const { output, unread } = along({ input, kernel, padding, stride, dilation });
                results.push([output ?? 0, unread.reduce((bits, cell) => bits + 2 ** cell, 0)]);
              }
      return { settings: ranges, results };
    });
    const limits = Object.entries(settings).map(([name, { min, max }]) => [name, min, max]);
    assert.deepEqual(limits, [["input", 1, 16], ["kernel", 1, 7], ["padding", 0, 4], ["stride", 1, 5], ["dilation", 1, 4]]);
    assert.equal(results.length, expected.geometry.length);
    // What fits nowhere reads nothing; there is nothing to say about what it leaves.
    const wrong = results.findIndex(([output, unread], index) => {
      const [size, bits] = expected.geometry[index];
      return output !== size || (output > 0 && unread !== bits);
    });
    assert.equal(wrong, -1, `setting ${wrong}: ${results[wrong]} instead of ${expected.geometry[wrong]}`);
  });

  onPage("the kernel playground, on the photograph", async () => {
    const photograph = numbers(expected.photograph);
    const pixels = await page.evaluate(() => {
      window.pixels = window.kernels.readPixels(document.querySelector("#playground img"));
      return Array.from(window.pixels);
    });
    assert.equal(pixels.length, 256 * 256);
    assert.ok(pixels.every((pixel, index) => Math.abs(pixel - photograph[index]) < 1e-6), "the page shows other pixels");
    for (const { weights, result } of expected.kernels) {
      const computed = await page.evaluate(
        (weights) => Array.from(window.kernels.crossCorrelate(window.pixels, 256, 256, weights)),
        weights,
      );
      const right = numbers(result);
      assert.equal(computed.length, right.length);
      const worst = computed.reduce((most, value, index) => Math.max(most, Math.abs(value - right[index])), 0);
      assert.ok(worst < 2e-5, `kernel ${weights}: off by ${worst}`);
    }
  });

  onPage("every preset of the playground is among the tested kernels", async () => {
    const presets = await page.evaluate(() => window.kernels.presets.map(({ weights }) => weights));
    assert.equal(presets.length, 7);
    for (const preset of presets) {
      const near = ({ weights }) => weights.every((weight, index) => Math.abs(weight - preset[index]) < 1e-6);
      assert.ok(expected.kernels.some(near), `${preset}`);
    }
  });

  onPage("the receptive-field explorer, over many stacks of layers", async () => {
    const computed = await page.evaluate(
      (stacks) =>
        stacks.map(({ input, layers }) => {
          const named = layers.map(([kernel, stride, padding, dilation]) => ({ kernel, stride, padding, dilation }));
          const fields = window.receptiveField.of(named).map(({ size, jump, first }) => [size, jump, first]);
          return { input, layers, fields, lengths: window.receptiveField.lengths(input, named).slice(1) };
        }),
      expected.stacks,
    );
    assert.equal(computed.length, 2000);
    computed.forEach((stack, index) => assert.deepEqual(stack, expected.stacks[index]));
  });
});

/** What a stepper shows. */
const seen = (id) =>
  page.locator(`#${id} .stepper`).evaluate((stepper) => ({
    work: stepper.querySelector(".stepper-work").textContent,
    at: stepper.querySelector(".stepper-at").textContent,
    spoken: stepper.querySelector(".stepper-spoken").textContent,
    filled: [...stepper.querySelectorAll(".stepper-values > *")].filter((value) => getComputedStyle(value).visibility === "visible").length,
    slider: stepper.querySelector("input").value,
    count: stepper.querySelector(".stepper-count").textContent,
    height: stepper.getBoundingClientRect().height,
  }));
const frames = (id) => page.locator(`#${id} script`).evaluate((script) => JSON.parse(script.textContent).frames);
const button = (id, name) => page.locator(`#${id}`).getByRole("button", { name, exact: true });
const IDS = ["correlation", "padding", "stride", "dilation", "channels", "mix", "max", "mean", "field"];

describe("steppers", () => {
  onPage("open on a step that marks something in the input, and at their beginning when that does", async () => {
    for (const id of IDS) {
      const stepper = page.locator(`#${id} .stepper`);
      assert.ok((await stepper.locator(".stepper-outlines").first().locator("rect").count()) > 0, id);
      assert.equal((await seen(id)).slider, id === "field" ? await stepper.locator("input").getAttribute("max") : "0", id);
    }
  });

  for (const id of IDS) {
    onPage(`${id}: the mouse steps through to the end and back, and nothing on the page moves`, async () => {
      const all = await frames(id);
      await button(id, "First step").click({ force: true });
      const start = await seen(id);
      const panels = await page.locator(`#${id} .stepper-values`).count();
      for (const [step, frame] of all.entries()) {
        const now = await seen(id);
        assert.equal(now.work, frame.work);
        assert.equal(now.at, frame.at);
        assert.equal(now.count, `${step + 1} / ${all.length}`);
        assert.equal(now.filled, panels * (step + 1));
        assert.equal(now.height, start.height);
        // At the end, the button is there but does nothing.
        await button(id, "Step forward").click({ force: true });
      }
      assert.equal((await seen(id)).work, all.at(-1).work, "there is nothing beyond the end");
      await button(id, "Step back").click();
      assert.equal((await seen(id)).work, all.at(-2).work);
      await button(id, "First step").click();
      assert.equal((await seen(id)).work, all[0].work);
    });
  }

  onPage("the window stands on the cells whose products are written out", async () => {
    // Over the middle of the padded 5 by 5 input: output row 2, column 1.
    await page.locator("#padding input").evaluate((slider) => {
      slider.value = 9;
      slider.dispatchEvent(new Event("input"));
    });
    assert.equal((await seen("padding")).at, "Output row 2, column 1");
    await page.waitForTimeout(400);
    const covered = await page.locator("#padding .stepper-panel").first().evaluate((panel) => {
      const box = panel.querySelector(".stepper-outlines rect").getBoundingClientRect();
      const inside = (text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return left > box.left && right < box.right && top > box.top && bottom < box.bottom;
      };
      const titles = panel.querySelector("text");
      return [...panel.querySelectorAll("text")].filter((text) => text !== titles && inside(text)).map((text) => text.textContent);
    });
    assert.deepEqual(covered, ["3", "4", "6", "7"]);
    assert.equal((await seen("padding")).work, "3·0 + 4·1 + 6·2 + 7·3 = 37");
  });

  onPage("the keyboard reaches every control and steps, and stays in the chapter", async () => {
    const all = await frames("correlation");
    await page.locator("#correlation .stepper button").first().focus();
    const labels = [];
    for (let control = 0; control < 5; control++) {
      labels.push(await page.evaluate(() => document.activeElement.getAttribute("aria-label")));
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      if (control > 0) assert.equal(outline, "solid", `${labels.at(-1)} shows no focus`);
      await page.keyboard.press("Tab");
    }
    assert.deepEqual(labels, ["First step", "Step back", "Play", "Step forward", "Step"]);

    await button("correlation", "Step forward").focus();
    await page.keyboard.press("Enter");
    assert.equal((await seen("correlation")).work, all[1].work);
    await page.keyboard.press("ArrowRight");
    assert.equal((await seen("correlation")).work, all[2].work);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("End");
    assert.equal((await seen("correlation")).work, all[3].work);
    await page.keyboard.press("Home");
    assert.equal((await seen("correlation")).work, all[0].work);

    await page.locator("#correlation input").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal((await seen("correlation")).work, all[1].work);
    const spoken = await page.locator("#correlation input").getAttribute("aria-valuetext");
    assert.equal(spoken, "Step 2 of 4: Output row 0, column 1");
    assert.ok(page.url().endsWith("/fixture.html"), "an arrow key changed the chapter");
  });

  onPage("playing runs to the end, silently; a step by hand is read out", async () => {
    await page.clock.install();
    const all = await frames("correlation");
    await button("correlation", "Step forward").click();
    assert.equal((await seen("correlation")).spoken, `Step 2 of 4. ${all[1].at}: ${all[1].work}`);
    await button("correlation", "Play").click();
    assert.equal((await seen("correlation")).spoken, "");
    await page.clock.runFor(1500);
    assert.equal((await seen("correlation")).work, all[2].work);
    await button("correlation", "Pause").click();
    await page.clock.runFor(10000);
    assert.equal((await seen("correlation")).work, all[2].work, "it was paused");
    await button("correlation", "Play").click();
    await page.clock.runFor(10000);
    assert.equal((await seen("correlation")).work, all[3].work);
    await button("correlation", "Play").click();
    await page.clock.runFor(100);
    assert.equal((await seen("correlation")).work, all[0].work, "from the end, it plays again");
  });

  onPage("nothing plays by itself, and nothing glides for who wants less motion", async () => {
    await page.waitForTimeout(2000);
    assert.equal((await seen("correlation")).count, "1 / 4");
    const seconds = await page.locator("#correlation .stepper-outlines > g").first().evaluate((mark) => parseFloat(getComputedStyle(mark).transitionDuration));
    assert.ok(seconds < 0.001);
  }, { reducedMotion: "reduce" });

  onPage("a printed page shows one step and the whole result", async () => {
    await button("correlation", "Step forward").click();
    await page.emulateMedia({ media: "print" });
    const filled = (count) =>
      page.waitForFunction(
        (count) => document.querySelectorAll("#correlation .stepper-values > :not(.unfilled)").length === count,
        count,
      );
    await filled(4);
    assert.equal((await seen("correlation")).work, "0·0 + 1·1 + 3·2 + 4·3 = 19");
    assert.ok(!(await page.locator("#correlation .stepper-controls").isVisible()));
    await page.emulateMedia({ media: "screen" });
    await filled(2);
    assert.equal((await seen("correlation")).count, "2 / 4");
  });
});

describe("the geometry calculator", () => {
  const slider = (name) => page.locator("#geometry-calculator").getByRole("slider", { name });
  const verdict = () => page.locator("#geometry-calculator [role=status]").innerText();
  const set = async (name, value) => {
    await slider(name).focus();
    await page.keyboard.press("Home");
    const least = Number(await slider(name).inputValue());
    for (let step = least; step < value; step++) await page.keyboard.press("ArrowRight");
  };

  onPage("gives the size with the numbers put in, by the keyboard", async () => {
    await set("input", 8);
    await set("kernel", 3);
    await set("padding", 1);
    await set("stride", 2);
    assert.match(await verdict(), /^Output: 4 × 4\./);
    assert.match(await page.locator("#geometry-calculator .widget-formula").innerText(), /\(8 \+ 2·1 − 1·\(3 − 1\) − 1\) \/ 2[\s\S]*= 4$/);
    assert.ok(page.url().endsWith("/fixture.html"), "an arrow key changed the chapter");
  });

  onPage("follows the mouse", async () => {
    await slider("stride").click();
    assert.equal(await slider("stride").inputValue(), "3");
    assert.match(await verdict(), /^Output: 2 × 2\./);
  });

  onPage("marks and names what is never read", async () => {
    await set("input", 8);
    await set("kernel", 3);
    await set("stride", 2);
    assert.match(await verdict(), /Row and column 7 of the input are never read/);
    assert.equal(await page.locator("#geometry-calculator .hatch").count(), 2);
    await set("stride", 1);
    assert.equal(await page.locator("#geometry-calculator .hatch").count(), 0);
  });

  onPage("explains why a setting is impossible, and what would do, and the page does not move", async () => {
    const height = () => page.locator("#geometry-calculator").evaluate((widget) => widget.getBoundingClientRect().height);
    const before = await height();
    await set("input", 4);
    await set("kernel", 3);
    await set("dilation", 3);
    assert.equal(
      await verdict(),
      "The window fits nowhere. A kernel of 3, spread by dilation 3, spans 7 columns, but the input has 4. " +
        "It would take a kernel of at most 2, or a padding of at least 2, or a dilation of at most 1.",
    );
    assert.equal(await height(), before);
    await set("padding", 2);
    assert.match(await verdict(), /^Output: 2 × 2\./);
  });
});

describe("the kernel playground", () => {
  /** The canvas's pixels, and what convcore's result would look like, shown that way. */
  const differs = async (kernel, show) => {
    const right = numbers(expected.kernels[kernel].result);
    return page.evaluate(([right, show]) => {
      const canvas = document.querySelector("#playground canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const wanted = window.kernels.toBrightness(right, show);
      return wanted.filter((brightness, pixel) => Math.abs(brightness - data[4 * pixel]) > 1).length;
    }, [right, show]);
  };
  const choose = (name) => page.locator("#playground").getByRole("button", { name, exact: true });

  onPage("shows the photograph through each preset at once", async () => {
    const shown = ["brightness", "brightness", "brightness", "sign", "sign", "brightness", "sign"];
    const names = await page.evaluate(() => window.kernels.presets.map(({ name }) => name));
    assert.deepEqual(names, ["Identity", "Blur", "Sharpen", "Sobel x", "Sobel y", "Emboss", "Laplacian"]);
    for (const [index, name] of names.entries()) {
      await choose(name).click();
      assert.equal(await choose(name).getAttribute("aria-pressed"), "true");
      assert.equal(await differs(index, shown[index]), 0, name);
    }
  });

  onPage("takes weights by the keyboard, and says what is no number", async () => {
    await choose("Identity").focus();
    await page.keyboard.press("Enter");
    const cells = page.locator("#playground input");
    for (const [index, weight] of ["1", "2", "3", "4", "5", "6", "7", "8", "9"].entries()) {
      await cells.nth(index).focus();
      await page.keyboard.press("Control+a");
      await page.keyboard.type(weight);
    }
    assert.equal(await differs(8, "brightness"), 0);
    assert.match(await page.locator("#playground [role=status]").innerText(), /add up to 45/);
    await cells.nth(4).fill("five");
    assert.equal(await cells.nth(4).getAttribute("aria-invalid"), "true");
    assert.match(await page.locator("#playground [role=status]").innerText(), /takes a number/);
    await cells.nth(4).fill("−1/2");
    assert.equal(await cells.nth(4).getAttribute("aria-invalid"), "false");
    assert.match(await page.locator("#playground [role=status]").innerText(), /add up to 39.5/);
  });
});

describe("the receptive-field explorer", () => {
  const explorer = () => page.locator("#receptive-field");
  const verdict = () => explorer().getByRole("status").innerText();

  onPage("adds, changes and removes layers, by mouse and keyboard", async () => {
    assert.match(await verdict(), /sees 7 × 7 numbers/);
    await explorer().getByRole("button", { name: "Add a layer" }).click();
    assert.match(await verdict(), /sees 9 × 9 numbers/);
    await explorer().getByLabel("stride of layer 1").focus();
    await page.keyboard.press("ArrowUp");
    assert.match(await verdict(), /sees 15 × 15 numbers.*2 steps/);
    await explorer().getByRole("button", { name: "Remove layer 1" }).focus();
    await page.keyboard.press("Enter");
    assert.match(await verdict(), /sees 7 × 7 numbers/);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Remove layer 1");
    await explorer().getByRole("button", { name: "With pooling" }).click();
    assert.match(await verdict(), /sees 10 × 10 numbers.*4 steps/);
    const last = explorer().locator("tbody tr").last();
    assert.deepEqual(await last.locator(".size, .jump, .first").allInnerTexts(), ["10", "4", "−3"]);
  });

  onPage("explains a layer that fits nowhere, and a number out of range", async () => {
    await explorer().getByLabel("kernel of layer 2").fill("9");
    await explorer().getByLabel("dilation of layer 2").fill("3");
    assert.match(await verdict(), /^Layer 2 fits nowhere\. Its kernel spans 25 numbers, and it gets 13/);
    await explorer().getByLabel("stride of layer 2").fill("0");
    assert.match(await verdict(), /The stride goes from 1 to 4/);
  });
});

describe("for everybody", () => {
  for (const theme of ["light", "rust", "coal", "navy", "ayu"]) {
    onPage(`axe finds nothing in the theme ${theme}, on a screen and on a phone`, async () => {
      await page.evaluate(AXE);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const { violations } = await page.evaluate(() => axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join("; ")}`), []);
      }
    }, { theme });
  }

  for (const width of [390, 320]) {
    onPage(`nothing scrolls sideways at ${width} pixels`, async () => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0);
    }, { viewport: { width, height: 844 } });
  }

  for (const width of [1280, 390]) {
    onPage(`the page does not jump while it loads, ${width} pixels wide`, async () => {
      await page.waitForTimeout(500);
      const jumps = await page.evaluate(
        () =>
          new Promise((resolve) => {
            let sum = 0;
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) sum += entry.value;
            }).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => resolve(sum), 100);
          }),
      );
      // What a browser calls good is less than 0.1.
      assert.ok(jumps < 0.05, `layout shift ${jumps}`);
    }, { viewport: { width, height: 900 } });
  }

  onPage("without JavaScript, steppers show a step and the whole result, and widgets what they are", async () => {
    for (const id of IDS) {
      const stepper = page.locator(`#${id} .stepper`);
      assert.ok((await stepper.locator(".stepper-work").innerText()).length > 10);
      assert.ok((await stepper.locator(".stepper-outlines").first().locator("rect").count()) > 0, id);
      assert.ok(!(await stepper.locator(".stepper-controls").isVisible()));
      for (const value of await stepper.locator(".stepper-values > *").all()) assert.ok(await value.isVisible());
    }
    assert.ok(await page.locator("#playground img").isVisible());
    assert.ok(await page.locator("#geometry-calculator p").isVisible());
  }, { javaScriptEnabled: false });
});
