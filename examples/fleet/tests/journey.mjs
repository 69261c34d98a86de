#!/usr/bin/env node
// A visitor opens the page in Chromium, signs the guestbook and sees the entry, as text.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.EVENKEEL_ROOT, 'tools/node/package.json'));
const { chromium } = require('playwright-core');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update'],
});
try {
  const page = await browser.newPage();
  await page.goto(process.env.TARGET_URL + '/');
  const text = `<b>journey ${Date.now()}</b>`;
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Message').fill(text);
  await page.getByRole('button').click();
  await page.getByText(text, { exact: true }).waitFor({ timeout: 5000 });
  console.log(`signed and seen: ${text}`);
} finally {
  await browser.close();
}
