// Lighthouse's scores of the built book, page by page, as on a phone and on a desktop:
//
//     npm ci --ignore-scripts && npm run lighthouse -- [PAGE...]
//
// The book is served on the loopback address and compressed with gzip, as hosts of pages do. A score below its goal is told with
// what took it down, and makes the command fail. Performance depends on what else the machine does: a page that falls short is
// measured up to three times, and its best run counts.

import { createServer } from "node:http";
import { readFile, readdir } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const FOLDER = process.env.BOOK ?? fileURLToPath(new URL("../../target/book/html", import.meta.url));
const GOALS = { performance: 95, accessibility: 100, "best-practices": 100, seo: 90 };
const DEVICES = { phone: undefined, desktop: desktopConfig };
const RUNS = 3;

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

const server = createServer(async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://book").pathname));
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  try {
    const content = await readFile(join(FOLDER, path));
    const headers = { "Content-Type": type, "Cache-Control": "max-age=600" };
    if (type === "image/png") response.writeHead(200, headers).end(content);
    else response.writeHead(200, { ...headers, "Content-Encoding": "gzip" }).end(gzipSync(content));
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const wanted = process.argv.slice(2).map((name) => (name.endsWith(".html") ? name : `${name}.html`));
const files = await readdir(FOLDER);
// The whole book on one page is for the printer, and index.html is the first chapter.
const chapters = files.filter((file) => file.endsWith(".html") && !["404.html", "index.html", "print.html", "toc.html"].includes(file));
const chrome = await launch({
  chromePath: process.env.CHROMIUM,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page's scores, and what took them down. */
async function measure(page, config) {
  const url = `http://127.0.0.1:${server.address().port}/${page}`;
  const { lhr } = await lighthouse(url, { port: chrome.port, logLevel: "error", onlyCategories: Object.keys(GOALS) }, config);
  if (lhr.runtimeError) throw new Error(`${page}: ${lhr.runtimeError.message}`);
  const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, { score }]) => [name, Math.round(100 * score)]));
  const short = Object.keys(GOALS).filter((name) => scores[name] < GOALS[name]);
  const faults = short.flatMap((name) =>
    lhr.categories[name].auditRefs
      .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
      .map(({ id }) => `${name}: ${lhr.audits[id].title} ${lhr.audits[id].displayValue ?? ""}`),
  );
  return { scores, faults };
}

let missed = 0;
console.log(`${"page".padEnd(40)} device  ${Object.keys(GOALS).join("  ")}`);
for (const page of wanted.length ? wanted : chapters.sort()) {
  for (const [device, config] of Object.entries(DEVICES)) {
    let best;
    for (let run = 0; run < RUNS; run++) {
      const result = await measure(page, config);
      if (!best || result.scores.performance > best.scores.performance) best = result;
      if (best.scores.performance >= GOALS.performance) break;
    }
    const { scores, faults } = best;
    const columns = Object.keys(GOALS).map((name) => String(scores[name]).padStart(name.length));
    console.log(`${page.padEnd(40)} ${device.padEnd(7)} ${columns.join("  ")}`);
    for (const fault of faults) console.log(`    ${fault}`);
    missed += faults.length > 0;
  }
}
await chrome.kill();
server.close();
process.exitCode = missed > 0 ? 1 : 0;
