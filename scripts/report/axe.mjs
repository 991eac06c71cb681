// Looks for barriers on a page with axe-core, in the light and the dark scheme, on a desk and on a phone.
//   node axe.mjs PAGE CHROMIUM
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [page, executablePath] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const looks = [
  ["light", 1440],
  ["dark", 1440],
  ["light", 390],
  ["dark", 390],
];
let found = 0;
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
try {
  for (const [scheme, width] of looks) {
    const tab = await browser.newPage();
    await tab.setViewport({ width, height: 1000 });
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await tab.goto(pathToFileURL(page).href);
    await tab.evaluate(axe);
    const result = await tab.evaluate(() => globalThis.axe.run());
    console.log(`axe-core, ${scheme}, ${width} px wide: ${result.passes.length} rules hold, ${result.violations.length} do not`);
    for (const rule of result.violations) {
      found += 1;
      console.log(`${rule.id} (${rule.impact}): ${rule.help}`);
      for (const node of rule.nodes.slice(0, 5)) {
        const why = [...node.any, ...node.all, ...node.none].map((check) => check.message)[0] ?? "";
        console.log(`  ${node.target.join(" ")}: ${why}`);
      }
      if (rule.nodes.length > 5) console.log(`  and ${rule.nodes.length - 5} more`);
    }
    await tab.close();
  }
} finally {
  await browser.close();
}
process.exitCode = found ? 1 : 0;
