/* Debian's Chromium, headless, and the page in it as a phone or a desk has it. PAGE_MODULES: where npm put things. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.PAGE_MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
  "--autoplay-policy=no-user-gesture-required"];
const PATIENCE_MS = 60000; /* nothing waits it out */

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const DESK = { viewport: { width: 1280, height: 900 } };

/* { page, url, shot(name), axe(), faults, close() }; `faults` are what the page complains of in the console. */
export async function openPage({ url, token, pictures }, options = {}) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const context = await browser.newContext({ ...DESK, bypassCSP: false, acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage(), faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} (${message.location().url})`);
  });
  await page.goto(token ? `${url}#token=${token}` : url);
  return {
    page, faults,
    shot(name, more = {}) {
      if (!pictures) return undefined;
      mkdirSync(pictures, { recursive: true });
      return page.screenshot({ path: `${pictures}/${name}.png`, ...more });
    },
    /* What axe-core has against the page as it is now. The page's own rules let no foreign script in, so it comes
     * through the debugger. */
    async axe() {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
    },
    async close() {
      await browser.close();
    },
  };
}

export { assert };

/* Runs the scenario that the command line names with the JSON that it brings. */
export async function run(scenarios) {
  const [name, given] = process.argv.slice(2);
  const said = await scenarios[name](JSON.parse(given));
  process.stdout.write(`${JSON.stringify(said ?? {})}\n`);
}
