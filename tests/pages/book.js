// The built book, served on the loopback address, and a browser to look at it.

import { createServer } from "node:http";
import { readFile, readdir } from "node:fs/promises";
import { extname, join, normalize, relative } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** Where the built book is. */
export const FOLDER = process.env.BOOK ?? fileURLToPath(new URL("../../target/book/html", import.meta.url));

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".ipynb": "application/x-ipynb+json",
  ".jpg": "image/jpeg",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** The addresses of the book's pages, relative to its root. */
export async function pages() {
  const files = await readdir(FOLDER, { recursive: true });
  // The contents in a frame for readers without JavaScript, and the page for a missing address, are no pages of the book, nor is the crate's documentation.
  const pages = files.filter((file) => file.endsWith(".html") && !["404.html", "toc.html"].includes(file) && !file.startsWith("api/"));
  if (pages.length === 0) throw new Error(`no page in ${relative(".", FOLDER)}: build the book first`);
  return pages.sort();
}

/** Serves the book's files and returns its address and what ends it. */
async function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://book").pathname));
    const file = join(FOLDER, path.endsWith("/") ? `${path}index.html` : path);
    try {
      const content = await readFile(file);
      response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Starts the browser that is named in CHROMIUM. */
function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // A test page is our own: without a sandbox it also starts as root, as in a container.
    chromiumSandbox: false,
    args: ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** The `book`, served, and a `browser`, while the tests of a file run. */
export function forTests() {
  const site = {};
  before(async () => {
    site.book = await serve();
    site.browser = await launch();
  });
  after(async () => {
    await site.browser?.close();
    await site.book?.close();
  });
  return site;
}

/**
 * Opens a page of the book in a window of its own, and notes everything that should not happen there: errors on the
 * console, uncaught exceptions, answers that are errors, and requests to another host, none of which leave this machine.
 *
 * Options are those of Playwright's newContext, and `theme`: one of mdBook's.
 */
export async function open(browser, address, path, { theme, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const problems = [];
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(`${address}/`) || url.startsWith("data:") || url.startsWith("blob:")) return route.continue();
    problems.push(`asks another host: ${url}`);
    return route.abort();
  });
  if (theme) await context.addInitScript((name) => localStorage.setItem("mdbook-theme", name), theme);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`answer ${response.status()}: ${response.url()}`);
  });
  await page.goto(`${address}/${path}`, { waitUntil: "load" });
  return { page, problems, close: () => context.close() };
}
