// A page of the book's that holds every figure that moves and every widget, and what convcore says they must compute.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the example `widget_reference` of convcore writes; its header says what that is. */
export function reference() {
  const given = process.env.WIDGET_REFERENCE;
  if (given) return JSON.parse(readFileSync(given, "utf8"));
  const file = `${ROOT}target/widget-reference.json`;
  mkdirSync(`${ROOT}target`, { recursive: true });
  const example = ["--package", "convcore", "--features", "figures", "--example", "widget_reference"];
  execFileSync("cargo", ["run", "--quiet", ...example, "--", file], { cwd: ROOT, stdio: "inherit" });
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The numbers behind a base64 text: f32, little-endian. */
export function numbers(base64) {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  return Array.from(new Float32Array(bytes.buffer));
}

/**
 * Opens a page like the book's, with this HTML as its chapter. Options are those of Playwright's newContext, and `theme`:
 * one of mdBook's. `problems` gathers errors of the page's scripts and console.
 */
export async function openFixture(browser, address, html, { theme, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const template = await (await fetch(`${address}/introduction.html`)).text();
  const body = template.replace(/<main>[\s\S]*<\/main>/, () => `<main>${html}</main>`);
  await context.route("**/fixture.html", (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body }));
  if (theme) await context.addInitScript((name) => localStorage.setItem("mdbook-theme", name), theme);
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  await page.goto(`${address}/fixture.html`, { waitUntil: "load" });
  if (options.javaScriptEnabled !== false) {
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".stepper, .widget")].every((element) => "ready" in element.dataset),
    );
  }
  return { page, problems, close: () => context.close() };
}
