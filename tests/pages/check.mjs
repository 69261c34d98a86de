// Checks pages with html-validate, the Nu validator, and axe-core in Chromium, which is started once for all pages.
//
//   node check.mjs FOLDER [CAPTURES]
//
// FOLDER holds the pages. Pages whose name begins with `hostile` may warn of odd characters. Those that begin with `large`
// are only loaded, and folded to another width, which the browser does in time or not. With CAPTURES, each other page is also captured: light, dark, narrow, printed. Each
// complaint is one line; the exit code is 1 where there is one.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, captures] = process.argv.slice(2);
const tools = process.env.EVENKEEL_NODE_TOOLS;
const require = createRequire(join(tools, 'package.json'));
const { chromium } = require('playwright-core');
const { HtmlValidate, FileSystemConfigLoader } = require('html-validate');
const axe = require('axe-core');

const pages = readdirSync(folder).filter((name) => name.endsWith('.html')).sort();
const small = pages.filter((name) => !name.startsWith('large'));
const complaints = [];
const counts = {};
const complain = (page, what) => {
  counts[page] = (counts[page] ?? 0) + 1;
  if (counts[page] <= 30) complaints.push(`${page}: ${what.slice(0, 600)}`);
};
const took = {};
const timed = async (name, work) => {
  const at = performance.now();
  await work();
  took[name] = Math.round(performance.now() - at);
};

const RULES = {
  extends: ['html-validate:recommended', 'html-validate:document', 'html-validate:a11y'],
  rules: {
    // How the source is written, and not what it means.
    'long-title': 'off',
    'no-inline-style': 'error',
    'no-trailing-whitespace': 'off',
    'doctype-style': 'off',
    'void-style': 'off',
    // The table of a chart has a row header after the time.
    'prefer-native-element': 'error',
  },
};

async function validate() {
  const validator = new HtmlValidate(new FileSystemConfigLoader({ root: true, ...RULES }));
  for (const page of small) {
    const report = await validator.validateFile(join(folder, page));
    for (const message of report.results.flatMap((result) => result.messages).slice(0, 20)) {
      complain(page, `html-validate ${message.ruleId} at ${message.line}:${message.column}: ${message.message}`);
    }
  }
}

function nu() {
  return new Promise((resolve, reject) => {
    const jar = join(tools, 'node_modules/vnu-jar/build/dist/vnu.jar');
    const files = small.map((page) => join(folder, page));
    const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss8m'];
    const child = spawn('java', [...flags, '-jar', jar, '--stdout', '--exit-zero-always', '--format', 'json', ...files]);
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => process.stderr.write(data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`java ended with ${code}`));
      for (const message of JSON.parse(out).messages) {
        const page = basename(message.url ?? '');
        const isGrave = message.type === 'error' || message.type === 'non-document-error';
        // The validator knows no digests of style sheets. Chromium does, and complains below where one is wrong.
        const isOfStyle = message.message.startsWith('Inline style violates Content Security Policy');
        if (isGrave || !(isOfStyle || page.startsWith('hostile'))) {
          complain(page, `vnu ${message.type} at ${message.lastLine}:${message.lastColumn}: ${message.message} ${message.extract ?? ''}`);
        }
      }
      resolve();
    });
  });
}

async function violations(page, name, how) {
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations.map((each) => `${each.id} (${each.impact}): ${each.help}: ${each.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary?.replaceAll('\n', ' ')}`).join(' | ')}`);
  });
  found.forEach((violation) => complain(name, `axe, ${how}: ${violation}`));
}

async function browse() {
  const profile = mkdtempSync(join(tmpdir(), 'evenkeel-pages-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.EVENKEEL_CHROMIUM ?? '/usr/bin/chromium',
    viewport: { width: 1280, height: 900 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  try {
    for (const name of pages) {
      const page = await browser.newPage();
      const address = pathToFileURL(join(folder, name)).href;
      page.on('console', (message) => complain(name, `console: ${message.text()}`));
      page.on('pageerror', (error) => complain(name, `error: ${error.message}`));
      page.on('dialog', (dialog) => (complain(name, `dialog: ${dialog.message()}`), dialog.dismiss()));
      page.on('request', (request) => request.url() === address || complain(name, `request: ${request.url()}`));
      await page.emulateMedia({ colorScheme: 'light' });
      const at = performance.now();
      await page.goto(address);
      took[`load ${name}`] = Math.round(performance.now() - at);
      const styled = await page.evaluate(() => getComputedStyle(document.body).maxWidth);
      if (styled === 'none') complain(name, 'the policy refuses the style sheet');
      const structure = await page.evaluate(() => ({
        scripts: document.querySelectorAll('script, iframe, object, embed, link, base, form, img, [onload], [onerror], [onclick], [style]').length,
        landmarks: ['header', 'main', 'footer'].every((each) => document.querySelectorAll(`body > ${each}, body > div > ${each}`).length === 1),
        targets: [...document.querySelectorAll('a')].filter((each) => !each.getAttribute('href').startsWith('#') || !document.getElementById(each.getAttribute('href').slice(1))).length,
      }));
      if (structure.scripts > 0) complain(name, `${structure.scripts} elements that a report never has`);
      if (!structure.landmarks) complain(name, 'not exactly one header, main and footer');
      if (structure.targets > 0) complain(name, `${structure.targets} links without a target`);
      await page.keyboard.press('Tab');
      const first = await page.evaluate(() => document.activeElement.className);
      if (first !== 'skip') complain(name, `the first stop of the keyboard is ${first || 'nothing'}`);
      await page.keyboard.press('Enter');
      const target = await page.evaluate(() => document.activeElement.id);
      if (target !== 'report') complain(name, `the skip link goes to ${target || 'nothing'}`);
      const isLarge = name.startsWith('large');
      const isLong = name.startsWith('hostile') || name.startsWith('many');
      const overflows = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (!isLarge) await page.evaluate(axe.source);
      for (const [how, width, scheme] of [['light', 1280, 'light'], ['dark', 1280, 'dark'], ['narrow', 380, 'light']]) {
        if (isLarge && how === 'dark') continue;
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme: scheme });
        const wide = await overflows();
        if (wide > 0) complain(name, `${how}: ${wide} pixels wider than the window`);
        if (!isLarge && !(isLong && how !== 'light')) await violations(page, name, how);
        if (captures && !isLarge) {
          mkdirSync(captures, { recursive: true });
          await page.screenshot({ path: join(captures, `${name}.${how}.png`), fullPage: true });
        }
      }
      if (!isLarge) {
        await page.emulateMedia({ media: 'print' });
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const hidden = await page.evaluate(() => [...document.querySelectorAll('.few details > :not(summary)')].filter((each) => !each.checkVisibility({ contentVisibilityAuto: true })).length);
        if (hidden > 0) complain(name, `${hidden} parts of details are not printed`);
        const paper = await page.pdf({ format: 'A4', path: captures ? join(captures, `${name}.pdf`) : undefined, preferCSSPageSize: true });
        if (!paper.includes('%PDF')) complain(name, 'cannot be printed');
      }
      const seconds = Math.round((performance.now() - at) / 1000);
      if (seconds > 120) complain(name, `${seconds} s until it was read in every width`);
      took[`all of ${name}`] = Math.round(performance.now() - at);
      await page.close();
    }
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

await Promise.all([timed('vnu', nu), timed('html-validate', validate).then(() => timed('chromium', browse))]);
console.log(JSON.stringify(took));
complaints.forEach((complaint) => console.log(complaint));
process.exitCode = complaints.length > 0 ? 1 : 0;
