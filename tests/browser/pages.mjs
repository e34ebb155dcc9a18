// Opens every kind of page in a real browser, from disk, with the network cut.
//
//   OVERLAP_BIN=target/debug/overlap OVERLAP_MODULES=target/browser node tests/browser/pages.mjs
//
// Checks: no message on the console, no request, no axe-core violation, nothing wider than the screen at
// 360, 800 and 1600 pixels, light and dark, no text of a picture cut off or over another, a PDF; and 200
// random formulas of 3 and of 8 sides, whose answers are those of --expr to the digit. With
// OVERLAP_PICTURES=FOLDER it also writes the screenshots of the documentation.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const program = resolve(process.env.OVERLAP_BIN ?? "target/debug/overlap");
const modules = createRequire(join(resolve(process.env.OVERLAP_MODULES ?? "target/browser"), "x.js"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.OVERLAP_PICTURES;
const folder = mkdtempSync(join(tmpdir(), "overlap-pages-"));
const failures = [];
const only = process.argv[2];

function overlap(...words) {
  return execFileSync(program, words, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
}

/** Numbers from 0 to 1, the same in every run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A side of IDs, one a line. */
function side(name, ids) {
  const path = join(folder, `${files += 1}.txt`);
  writeFileSync(path, "id\n" + Array.from(ids, (id) => `u${id}\n`).join(""));
  return `${name}=${path}`;
}
let files = 0;

function range(from, to) {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Sides that share users in all ways, larger than their samples. */
function mixed(names, users, seed) {
  const next = random(seed);
  const sides = names.map(() => []);
  for (let user = 0; user < users; user += 1) {
    const taste = next();
    sides.forEach((ids, at) => { if (next() < taste * (0.25 + 0.75 / (at + 1))) ids.push(user); });
  }
  return sides.map((ids, at) => side(names[at], ids));
}

const SMALL = ["--k", "256", "--precision", "9"];
const long = "The Very Long Name of a Platform That Nobody Can Remember 2026 (Beta)";

/** The pages: a name, the arguments, and whether it is shown in the documentation. */
function pages() {
  const empty = side("empty", []);
  const days = join(folder, "days.csv");
  const next = random(5);
  const rows = range(0, 30).flatMap((day) => range(0, 120).map(() =>
    `${Math.floor(next() * 400)},2026-10-${String(1 + day).padStart(2, "0")}`));
  writeFileSync(days, `user_id,day\n${rows.join("\n")}\n`);
  const later = join(folder, "later.csv");
  writeFileSync(later, `user_id,day\n${rows.slice(900).join("\n")}\n`);
  const hostile = ["<script>alert(1)</script>", "\"'&--><img src=x onerror=alert(1)>", "\u202eabc\u2066", "x".repeat(10000)];
  // A slash can't be in a name on the command line; in a report of another program it can.
  const renamed = (names) => {
    const plain = names.map((_, at) => `side${at}`);
    const sides = plain.map((name, at) => side(name, range(30 * at, 30 * at + 50)));
    const text = overlap("report", ...sides, "-o", join(folder, "plain.html"), "--json");
    const path = join(folder, `renamed${names.length}.json`);
    writeFileSync(path, JSON.stringify(JSON.parse(text, (_, value) => (plain.includes(value) ? names[plain.indexOf(value)] : value))));
    return ["--from", path];
  };
  return [
    ["two", ["data/shop.parquet", "data/pay.parquet", "--by", "city_tier", "--expr", "shop - pay"]],
    ["one", [side("alone", range(0, 900))]],
    ["three", mixed(["shop", "pay", "bank"], 20000, 1).concat(SMALL)],
    ["eight", mixed(["shop", "pay", "bank", "music", "maps", "mail", "video", "games"], 20000, 2).concat(SMALL)],
    ["forty", mixed(range(1, 41).map((n) => `partner-${n}`), 6000, 3).concat(SMALL)],
    ["trend", [`shop=${days}`, `pay=${later}`, "--day", "day", "--windows", "7"]],
    ["equal", [side("one", range(0, 3000)), side("other", range(0, 3000)), ...SMALL]],
    ["nested", [side("large", range(0, 30000)), side("small", range(0, 400)), side("apart", range(40000, 47000)), ...SMALL]],
    ["nobody", [empty, side("some", range(0, 10))]],
    ["uneven", [side("huge", range(0, 300000)), side("tiny", [1, 2, 300001])]],
    ["names", [side(long, range(0, 5000)), side("购物平台的一个很长的名字在这里", range(3000, 9000)), side("منصة التسوق", range(100, 4000)), ...SMALL]],
    ["hostile", renamed([hostile[0], hostile[2], hostile[3]])],
    ["hostile-two", renamed([hostile[1], hostile[0]])],
    ["hostile-eight", renamed([...hostile, "</script><!--", "\u0000\u0007\n", "</title></style>", " "])],
  ];
}

function check(what, holds, detail = "") {
  if (!holds) failures.push(`${what} ${detail}`);
}

/** Texts of pictures that are cut off or lie over each other. */
function collisions() {
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) continue;
    const boxes = Array.from(svg.querySelectorAll("text")).map((text) => [text, text.getBoundingClientRect()]);
    for (const [text, box] of boxes) {
      const slack = 1;
      if (box.left < frame.left - slack || box.right > frame.right + slack
        || box.top < frame.top - slack || box.bottom > frame.bottom + slack) {
        found.push(`cut: ${text.textContent.slice(0, 60)}`);
      }
    }
    for (let i = 0; i < boxes.length; i += 1) {
      for (let j = i + 1; j < boxes.length; j += 1) {
        const [a, b] = [boxes[i][1], boxes[j][1]];
        const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // Boxes of letters have room above and below them.
        if (width > 1 && height > 0.35 * Math.min(a.height, b.height)) {
          found.push(`over each other: ${boxes[i][0].textContent.slice(0, 40)} | ${boxes[j][0].textContent.slice(0, 40)}`);
        }
      }
    }
  }
  return found.slice(0, 5);
}

/** The other choice of the heat map, which is chosen by keyboard. */
async function jaccard(page, what) {
  const seen = () => page.evaluate(() => [".by-share", ".by-jaccard"].map((part) => document.querySelector(part).offsetHeight > 0));
  check(`${what} heat map`, String(await seen()) === "true,false");
  await page.focus("#by-share");
  await page.keyboard.press("ArrowDown");
  check(`${what} heat map of Jaccard`, String(await seen()) === "false,true");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  check(`${what} heat map of Jaccard`, wide, "is too wide");
  for (const text of await page.evaluate(collisions)) check(`${what} heat map of Jaccard`, false, text);
}

/** Every part of the circles is asked about, by its button and, where its number stands in it, by a click. */
async function parts(page, name) {
  const report = JSON.parse(await page.textContent("#report-json"));
  const answer = () => page.getAttribute("#ask output", "data-value");
  const buttons = page.locator("#parts button");
  check(`${name} parts`, await buttons.count() === report.regions.length, `${await buttons.count()} buttons`);
  for (const [at, { sides, users }] of report.regions.entries()) {
    await buttons.nth(at).focus();
    await page.keyboard.press("Enter");
    const found = await answer();
    check(`${name} part ${sides.join(" & ")}`, found === `${users.value} ${users.lower} ${users.upper}`, found);
  }
  const numbers = page.locator("#venn-wide, .wide svg:has(circle.side) text.strong[text-anchor=middle]");
  const inside = await numbers.count();
  check(`${name} parts`, inside > 1, `${inside} numbers stand in circles`);
  for (let at = 0; at < inside; at += 1) {
    const number = numbers.nth(at);
    await number.click();
    const wanted = (await number.textContent()).replaceAll(",", "");
    const found = await answer();
    check(`${name} click at ${wanted}`, found.split(" ")[0] === wanted, found);
  }
}

async function look(browser, name, file) {
  const context = await browser.newContext({ offline: true, bypassCSP: false });
  const page = await context.newPage();
  const messages = [];
  page.on("console", (message) => messages.push(message.text()));
  page.on("pageerror", (error) => messages.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith("file:")) messages.push(`request: ${request.url().slice(0, 90)}`); });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [360, 800, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(pathToFileURL(file).href);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      check(`${name} at ${width}`, wide <= width, `is ${wide} wide`);
      for (const text of await page.evaluate(collisions)) check(`${name} at ${width}`, false, text);
      if (await page.locator("#by-jaccard").count() > 0) await jaccard(page, `${name} at ${width}`);
    }
    // Tools of the test come through the debugger, which the page's policy doesn't bind.
    await page.evaluate(axe);
    const result = await page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })");
    for (const violation of result.violations) {
      check(`${name} ${scheme} axe`, false, `${violation.id}: ${violation.help}: ${violation.nodes[0].html.slice(0, 200)}`);
    }
  }
  const pdf = await page.pdf({ format: "A4" });
  check(`${name} pdf`, pdf.subarray(0, 5).toString() === "%PDF-" && pdf.length > 5000, `${pdf.length} bytes`);
  check(`${name} console`, messages.length === 0, messages.join(" | "));
  await context.close();
}

/** A formula over some names, at most so deep. */
function formula(names, next, depth) {
  const pick = () => names[Math.floor(next() * names.length)];
  if (depth === 0 || next() < 0.2) return pick();
  const operator = ["&", "|", "-", "^"][Math.floor(next() * 4)];
  return `(${formula(names, next, depth - 1)} ${operator} ${formula(names, next, depth - 1)})`;
}

async function ask(browser, name, sides, names) {
  const next = random(names.length);
  const formulas = range(0, 200).map((i) => formula(names, next, 1 + (i % 5)));
  const words = sides.concat(["--format", "json"], formulas.flatMap((text) => ["--expr", text]));
  const expected = JSON.parse(overlap("estimate", ...words)).formulas.map(({ users }) => `${users.value} ${users.lower} ${users.upper}`);
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  let differ = 0;
  let uncertain = 0;
  for (const [i, text] of formulas.entries()) {
    await page.fill("#formula", text);
    const found = await page.getAttribute("#ask output", "data-value");
    const [, lower, upper] = expected[i].split(" ");
    uncertain += lower !== upper ? 1 : 0;
    if (found !== expected[i]) {
      differ += 1;
      check(`${name} formula`, differ > 3, `${text}: ${found}, not ${expected[i]}`);
    }
  }
  check(`${name} formulas`, differ === 0, `${differ} of ${formulas.length} differ`);
  check(`${name} formulas`, uncertain > 100, `only ${uncertain} are estimates`);
  if (names.length <= 3) await parts(page, name);
  await page.reload();
  // Choices make the formula that they mean.
  await page.selectOption("#pick-0", "all");
  await page.selectOption("#pick-1", "none");
  const made = await page.inputValue("#formula");
  check(`${name} picks`, made === `${names[0]} - ${names[1]}`, made);
  await page.fill("#formula", "nobody & x");
  check(`${name} mistake`, (await page.textContent("#ask output")).includes("that isn't there"));
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  const saved = join(folder, `${name}-saved.json`);
  await download.saveAs(saved);
  overlap("report", "--from", saved, "-o", join(folder, `${name}-again.html`));
  const same = readFileSync(join(folder, `${name}-again.html`), "utf8") === readFileSync(join(folder, `${name}.html`), "utf8");
  check(`${name} saved`, same, "its report gives another page");
  await page.close();
  console.log(`${name}: ${formulas.length} formulas, ${uncertain} of them estimates, ${differ} differ`);
}

/** Screenshots for the documentation. */
async function show(browser) {
  const shots = [
    ["two", 1000, "light", null], ["two", 1000, "dark", null], ["two", 360, "light", null], ["three", 1000, "light", null],
    ["eight", 1000, "light", null], ["forty", 1000, "light", null], ["trend", 1000, "light", null], ["names", 1000, "light", null],
    ["nested", 1000, "light", null], ["uneven", 1000, "dark", null],
  ];
  for (const [name, width, scheme] of shots) {
    const page = await browser.newPage({ viewport: { width, height: width === 360 ? 1400 : 1250 }, colorScheme: scheme });
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    if (name === "three" || name === "eight") await page.fill("#formula", "(shop | bank) - pay");
    await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
    const path = join(pictures, `${name}-${width}-${scheme}.png`);
    await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height: width === 360 ? 1400 : 1250 } });
    await page.close();
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const all = pages();
  for (const [name, words] of all.filter(([name]) => !only || only.split(",").includes(name))) {
    const file = join(folder, `${name}.html`);
    overlap("report", ...words, "-o", file);
    await look(browser, name, file);
    console.log(`${name}: ${readFileSync(file).length} bytes`);
  }
  const sides = (name) => all.find(([found]) => found === name)[1];
  if (!only) {
    await ask(browser, "two", ["data/shop.parquet", "data/pay.parquet", "--k", "65536"], ["shop", "pay"]);
    await ask(browser, "three", sides("three"), ["shop", "pay", "bank"]);
    await ask(browser, "eight", sides("eight"), ["shop", "pay", "bank", "music", "maps", "mail", "video", "games"]);
  }
  if (pictures && !only) await show(browser);
} finally {
  await browser.close();
  if (!process.env.OVERLAP_KEEP) rmSync(folder, { recursive: true });
  else console.log(folder);
}
if (failures.length > 0) {
  console.error(failures.join("\n"));
  console.error(`${failures.length} failures`);
  process.exit(1);
}
console.log("every page is as it should be");
