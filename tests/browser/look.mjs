// Opens a page in a real browser and prints what a person would find there, as JSON.
// Usage: node look.mjs '{"url": …, "then": {"url": …, "method": …, "headers": …, "body": …}, "awaits": "text", "picture": "file.png"}'
// `then` is asked while the page is open, and `awaits` is waited for on the page, without a reload.
import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { chromium } from "playwright-core";

const modules = join(import.meta.dirname, "node_modules");
const packed = join(modules, "@sparticuz/chromium/bin");
const unpacked = join(modules, ".cache/chromium");

async function unpack() {
  if (existsSync(unpacked)) return;
  mkdirSync(join(modules, ".cache"), { recursive: true });
  const fresh = mkdtempSync(join(modules, ".cache/fresh-"));
  for (const name of ["chromium", "al2023.tar", "fonts.tar", "swiftshader.tar"]) {
    const file = createWriteStream(join(fresh, name), { mode: 0o700 });
    await pipeline(createReadStream(join(packed, `${name}.br`)), createBrotliDecompress(), file);
    if (name.endsWith(".tar")) execFileSync("tar", ["-xf", name], { cwd: fresh });
  }
  renameSync(fresh, unpacked); // whole or not at all
}

const wish = JSON.parse(process.argv[2]);
await unpack();
const home = mkdtempSync(join(tmpdir(), "browser-"));
// Its own idea of where fonts are is a folder in Lambda; without any font a page has no visible text.
const fonts = `<fontconfig><dir>${join(unpacked, "fonts")}</dir><cachedir>${home}</cachedir></fontconfig>`;
writeFileSync(join(home, "fonts.conf"), fonts);
const browser = await chromium.launch({
  executablePath: join(unpacked, "chromium"),
  // It is built for one process, and asks its maker for updates unless told not to.
  args: [
    "--headless=shell", "--no-sandbox", "--no-zygote", "--single-process", "--in-process-gpu", "--disable-gpu", "--use-gl=angle",
    "--use-angle=swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
  env: { PATH: process.env.PATH, HOME: home, LD_LIBRARY_PATH: join(unpacked, "lib"), FONTCONFIG_FILE: join(home, "fonts.conf") },
  timeout: 30_000,
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const found = { asked: [], complaints: [], dialogs: 0 };
  page.on("request", (request) => found.asked.push(request.url()));
  page.on("console", (line) => ["error", "warning"].includes(line.type()) && found.complaints.push(line.text()));
  page.on("pageerror", (error) => found.complaints.push(String(error)));
  page.on("dialog", (dialog) => (found.dialogs++, dialog.dismiss()));
  await page.goto(wish.url);
  found.before = await page.locator("main").innerText();
  if (wish.then) await fetch(wish.then.url, wish.then);
  if (wish.awaits) await page.getByText(wish.awaits).first().waitFor({ timeout: 30_000 });
  found.after = await page.locator("main").innerText();
  found.tree = await page.locator("body").ariaSnapshot();
  found.title = await page.title();
  if (wish.picture) await page.screenshot({ path: wish.picture });
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
