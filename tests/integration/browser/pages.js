// SPDX-License-Identifier: GPL-3.0-or-later
// The exporter's pages in Chromium. Called by browser.py; the argument is its JSON.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const { chromium } = require('playwright-core');

const settings = JSON.parse(process.argv[2]);
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SCHEMES = ['light', 'dark'];
const WIDTHS = [320, 375, 1280]; // 320: what WCAG's reflow asks for

const failures = [];
let checks = 0;

function check(condition, text) {
  checks += 1;
  if (!condition) {
    failures.push(text);
    console.error(`FAILED: ${text}`);
  }
}

function equal(actual, expected, text) {
  check(actual === expected, `${text}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

// --- watching a page -----------------------------------------------------------------------------

// Everything that a page must not do; `allowed` is the one origin.
function watch(page, allowed) {
  const seen = [];
  page.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) {
      seen.push(`console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => seen.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('popup', () => seen.push('a window was opened'));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== allowed && url.protocol !== 'data:') {
      seen.push(`request to ${url.origin}`);
    }
  });
  page.on('requestfailed', (request) => seen.push(`failed: ${request.url()}`));
  return seen;
}

async function newPage(browser, origin, options) {
  const context = await browser.newContext(options);
  // Nothing leaves this machine, whatever a page asks for.
  await context.route((url) => url.origin !== origin, (route) => route.abort());
  const page = await context.newPage();
  return { context, page, seen: watch(page, origin) };
}

// --- what every page has to keep to ----------------------------------------------------------------

async function findViolations(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate((tags) => window.axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    resultTypes: ['violations'],
  }), WCAG);
  return result.violations.map((each) =>
    `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

// In pixels; what sticks out is named.
async function findOverflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) {
      return [];
    }
    const wide = [...document.querySelectorAll('body *')]
      .filter((each) => each.getBoundingClientRect().right > width + 0.5);
    return [`${document.documentElement.scrollWidth} > ${width}`,
      ...wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 120))];
  });
}

// Elements and attributes by which a server's text could act.
async function findActive(page) {
  return page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll('*')) {
      if (['SCRIPT', 'STYLE', 'IMG', 'IFRAME', 'OBJECT', 'EMBED', 'B', 'I', 'BASE']
        .includes(element.tagName)) {
        found.push(element.tagName);
      }
      for (const { name, value } of element.attributes) {
        if (name.startsWith('on') || name === 'style' || /^\s*javascript:/i.test(value)) {
          found.push(`${element.tagName} ${name}`);
        }
      }
    }
    return found;
  });
}

async function examine(page, name, find = findViolations) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
  for (const each of await findActive(page)) {
    check(false, `${name}: ${each}`);
  }
  for (const each of await findOverflow(page)) {
    check(false, `${name}: overflow: ${each}`);
  }
  const violations = await find(page);
  check(violations.length === 0, `${name}: ${violations.join('\n  ')}`);
}

function checkHeaders(response, name) {
  const headers = response.headers();
  const policy = headers['content-security-policy'] || '';
  check(policy.includes("default-src 'none'") && !policy.includes('unsafe'), `${name}: policy ${policy}`);
  check(!/script-src/.test(policy), `${name}: the policy allows scripts`);
  equal(headers['x-content-type-options'], 'nosniff', `${name}: nosniff`);
  check(/^text\/html; *charset=utf-8$/i.test(headers['content-type']), `${name}: ${headers['content-type']}`);
}

// --- the checks themselves can fail -------------------------------------------------------------------

const BAD = `<!DOCTYPE html><html lang="en"><head><title>bad</title></head><body>
<main><h1>bad</h1><p style="color:#bbb;background:#fff">pale</p><p style="width:3000px">wide</p>
<img src="http://127.0.0.2:9/x.png"><script>console.error('loud');alert(1)</script></main></body></html>`;

async function testTheTest(browser) {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(BAD);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const { context, page, seen } = await newPage(browser, origin, { viewport: { width: 375, height: 700 } });
  await page.goto(origin);
  const violations = (await findViolations(page)).join('\n');
  check(violations.includes('color-contrast'), 'pale text is not seen');
  check(violations.includes('image-alt'), 'a picture without text is not seen');
  check((await findOverflow(page)).length > 0, 'overflow is not seen');
  check((await findActive(page)).join().includes('SCRIPT'), 'a script is not seen');
  for (const what of ['console: loud', 'dialog: 1', 'request to http://127.0.0.2:9']) {
    check(seen.includes(what), `not seen: ${what}`);
  }
  await context.close();
  server.close();
}

// --- pages -------------------------------------------------------------------------------------------

function rowOf(page, target) {
  return page.locator('tbody tr').filter({ has: page.getByRole('rowheader').getByText(target, { exact: true }) });
}

async function testLook(browser) {
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const { context, page, seen } = await newPage(browser, settings.filled,
        { colorScheme, viewport: { width, height: 800 } });
      const urls = ['/', '/?problems=1&q=127.0.0.1', '/?q=%3Cscript%3Ealert(1)%3C/script%3E'];
      await page.goto(`${settings.filled}/`);
      for (const { target } of settings.probes) {
        urls.push(await rowOf(page, target).getByRole('link').getAttribute('href'));
      }
      for (const url of urls) {
        const name = `${url} ${colorScheme} ${width}`;
        checkHeaders(await page.goto(settings.filled + url), name);
        // Each scheme once, and a narrow and a wide page; axe takes a second.
        const skips = !(width === (colorScheme === 'light' ? 375 : 1280));
        await examine(page, name, skips ? async () => [] : findViolations);
      }
      equal(seen.join(), '', `${colorScheme} ${width}`);
      await context.close();
    }
  }
}

async function testEmpty(browser) {
  const origin = new URL(settings.empty).origin;
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const { context, page, seen } = await newPage(browser, origin, { colorScheme, viewport: { width, height: 800 } });
      const name = `empty ${colorScheme} ${width}`;
      checkHeaders(await page.goto(`${settings.empty}/`), name);
      await examine(page, name);
      check((await page.textContent('pre')).includes('/mail/probe?target='), `${name}: no example of a scrape`);
      equal(seen.join(), '', name);
      // A page that is not there is a page; that the browser notes the 404 is no fault of it.
      const lost = await page.goto(`${settings.empty}/history/7`);
      equal(lost.status(), 404, `${name}: /history/7`);
      await examine(page, `${name}: /history/7`);
      await context.close();
    }
  }
}

async function testRows(browser) {
  const { context, page, seen } = await newPage(browser, settings.filled, { viewport: { width: 1280, height: 800 } });
  await page.goto(`${settings.filled}/`);
  equal(await page.getByRole('row').count(), settings.probes.length + 1, 'rows with the head');
  for (const { name, target, module, state } of settings.probes) {
    const row = rowOf(page, target);
    const text = (await row.innerText()).replace(/\s+/g, ' ');
    check(text.includes(state), `${name}: no word ${state} in: ${text}`);
    check(text.includes(module), `${name}: no module in: ${text}`);
    const pictures = row.locator('svg[role=img]');
    equal(await pictures.count(), 2, `${name}: pictures`);
    check(/total <?[\d.]+ ms/.test(await pictures.nth(0).locator('desc').textContent()), `${name}: waterfall in words`);
    check((await pictures.nth(1).locator('desc').textContent()).includes(state), `${name}: history in words`);
    const box = await pictures.nth(0).boundingBox();
    check(box.width > 50 && box.height > 5, `${name}: the waterfall has no size`);
    const widths = await pictures.nth(0).locator('rect').evaluateAll((all) =>
      all.map((each) => [each.getBoundingClientRect().width, getComputedStyle(each).fill]));
    check(widths.every(([width]) => width > 0), `${name}: a phase is not drawn`);
    check(widths.every(([, fill]) => fill !== 'rgb(0, 0, 0)'), `${name}: a phase has no colour`);
  }
  const good = settings.probes.find((each) => each.name === 'good');
  const goodText = await rowOf(page, good.target).innerText();
  check(/TLSv1\.3/.test(goodText) && /\d days left/.test(goodText), `good: ${goodText}`);
  equal(await rowOf(page, good.target).locator('svg').nth(1).locator('desc').textContent(), '3 OK', 'history of good');
  const expired = settings.probes.find((each) => each.name === 'expired');
  const expiredText = await rowOf(page, expired.target).innerText();
  check(/certificate-expired/.test(expiredText) && /ended .* days ago/.test(expiredText), `expired: ${expiredText}`);
  // On a phone the table still is one for those who can't see it.
  await page.setViewportSize({ width: 375, height: 800 });
  equal(await page.getByRole('row').count(), settings.probes.length + 1, 'rows on a phone');
  equal(await page.getByRole('columnheader').count(), 7, 'heads on a phone');
  equal(seen.join(), '', 'rows');
  await context.close();
}

async function testMarkup(browser) {
  const { context, page, seen } = await newPage(browser, settings.filled, {});
  const open = async (name) => {
    await page.goto(`${settings.filled}/`);
    await rowOf(page, settings.probes.find((each) => each.name === name).target).getByRole('link').click();
    await page.waitForURL(/\/history\/\d+$/);
    return page.locator('pre.transcript').textContent();
  };
  const markup = await open('markup');
  for (const text of ['220 <script>alert(1)</script>', '<img src=x onerror=alert(2)>',
    'X"\'><b onclick=alert(3)> javascript:alert(4)']) {
    check(markup.includes(text), `the transcript lacks ${text}`);
  }
  equal((await findActive(page)).join(), '', 'markup');
  equal(await page.evaluate(() => document.scripts.length), 0, 'scripts');
  const controls = await open('controls');
  check(controls.includes('\\x1b[31mred \\u202eright to left \\u200b\\xff\\xfe & more'), `controls: ${controls}`);
  const body = await page.evaluate(() => document.body.textContent);
  check(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(body),
    'an invisible character is on the page');
  equal(seen.join(), '', 'markup');
  await context.close();
}

// Without scripts: search, filter, detail page, folded parts.
async function testSearch(browser) {
  const { context, page, seen } = await newPage(browser, settings.filled, { javaScriptEnabled: false });
  const rows = () => page.locator('tbody tr').count();
  const problems = settings.probes.filter((each) => each.state !== 'OK').length;
  const implicit = settings.probes.find((each) => each.name === 'implicit');

  await page.goto(`${settings.filled}/`);
  await page.getByLabel('Search').fill('EXPIRED certificate');
  await page.getByLabel('Search').press('Enter');
  await page.waitForURL(/\?q=EXPIRED\+certificate$/);
  equal(await rows(), 2, 'rows that say "expired certificate"');
  equal(await page.getByLabel('Search').inputValue(), 'EXPIRED certificate', 'the words stay');
  await page.getByRole('link', { name: 'Refresh' }).click();
  await page.waitForURL(/\?q=EXPIRED%20certificate$/);
  equal(await rows(), 2, 'the same after "Refresh"');
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByLabel('only problems').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/problems=1/);
  equal(await rows(), problems, 'problems');
  check(await page.getByLabel('only problems').isChecked(), '"only problems" stays');
  await page.getByLabel('Search').fill('<b>"nothing"</b>');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('No endpoint fits').waitFor();
  equal(await rows(), 0, 'nothing fits');
  await page.getByRole('main').getByRole('link', { name: 'Show all' }).last().click();
  await rowOf(page, implicit.target).getByRole('link').click();
  await page.waitForURL(/\/history\/\d+$/);
  equal((await page.locator('h1').textContent()), implicit.target, 'the page of the probe');
  check((await page.locator('pre.command').textContent()).endsWith(` ${implicit.target}`), 'the command');
  check(!await page.getByText('smtp-probe/1').isVisible(), 'JSON is folded away');
  await page.locator('summary', { hasText: 'Show JSON' }).click();
  check(await page.getByText('smtp-probe/1').isVisible(), 'JSON can be unfolded');
  const json = JSON.parse(await page.locator('section[aria-labelledby=json] pre').textContent());
  equal(json.tls.version, 'TLSv1.3', 'JSON');
  await page.locator('summary', { hasText: 'Show metrics' }).click();
  check((await page.locator('section[aria-labelledby=metrics] pre').innerText()).includes('\nprobe_success 1\n'),
    'metrics');
  await page.getByRole('link', { name: 'This probe as JSON' }).click();
  await page.waitForURL(/format=json$/);
  equal(JSON.parse(await page.locator('pre').first().textContent()).state, 'OK', 'JSON of its own');
  equal(seen.join(), '', 'without scripts');
  await context.close();
}

// All pages of many endpoints, by their links alone and without scripts.
async function testPaging(browser) {
  const { context, page, seen } = await newPage(browser, settings.many, { javaScriptEnabled: false });
  const all = settings.manyCount;
  const targets = new Set();
  const top = () => page.getByRole('navigation', { name: 'Pages of endpoints, above the list' });
  const follow = async (name, url) => {
    await top().getByRole('link', { name, exact: true }).click();
    await page.waitForURL(url);
  };
  const rows = async () => {
    const found = await page.locator('tbody th').evaluateAll((cells) => cells.map((cell) => cell.firstChild.textContent));
    found.forEach((each) => targets.add(each));
    return found.length;
  };

  await page.goto(`${settings.many}/`);
  equal(await top().getByRole('link', { name: 'Previous' }).count(), 0, 'no page before the first');
  for (let number = 1; number <= all / 200; number += 1) {
    equal(await rows(), 200, `rows of page ${number}`);
    equal(await top().locator('span').textContent(), `Rows ${number * 200 - 199}–${number * 200} of ${all}`,
      `what page ${number} says`);
    if (number * 200 < all) {
      await follow('Next', new RegExp(`\\?page=${number + 1}$`));
    }
  }
  equal(targets.size, all, 'endpoints on all pages');
  equal(await top().getByRole('link', { name: 'Next' }).count(), 0, 'no page behind the last');
  await follow('Previous', /\?page=5$/);
  await follow('Last', /\?page=6$/);
  await follow('First', /\/$/);
  // Below the list the same.
  await page.getByRole('navigation', { name: 'Pages of endpoints, below the list' })
    .getByRole('link', { name: 'Next' }).click();
  await page.waitForURL(/\?page=2$/);
  equal(await rows(), 200, 'rows of page 2 from below');
  // Search and filter stay, and look at all pages.
  await page.getByLabel('Search').fill('127.77.');
  await page.getByLabel('only problems').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText(`${all - 1} of ${all} endpoints`).waitFor();
  await follow('Next', /\?q=127\.77\.&problems=1&page=2$/);
  equal(await page.getByLabel('Search').inputValue(), '127.77.', 'the search stays');
  check(await page.getByLabel('only problems').isChecked(), '"only problems" stays');
  await follow('Last', /&page=6$/);
  equal(await rows(), 199, 'rows of the last page');
  await page.getByLabel('Search').fill(settings.manyGood);
  await page.getByLabel('only problems').uncheck();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText(`1 of ${all} endpoints`).waitFor();
  equal(await page.locator('nav.pages').count(), 0, 'one page needs no links');
  // A page that is not there is the nearest one.
  for (const [number, says] of [['99', '1001–1200'], ['0', '1–200'], ['x', '1–200']]) {
    await page.goto(`${settings.many}/?page=${number}`);
    check((await top().locator('span').textContent()).includes(says), `page=${number}`);
  }
  equal(seen.join(), '', 'pages');
  await context.close();
}

// Of 200 rows axe needs long: a narrow light and a wide dark page.
async function testPagingLook(browser) {
  for (const [colorScheme, width] of [['light', 375], ['dark', 1280]]) {
    const { context, page, seen } = await newPage(browser, settings.many, { colorScheme, viewport: { width, height: 800 } });
    for (const url of ['/', '/?page=6', '/?page=3&problems=1']) {
      await page.goto(settings.many + url);
      await examine(page, `many${url} ${colorScheme} ${width}`, url === '/?page=3&problems=1' ? findViolations : async () => []);
    }
    equal(seen.join(), '', `pages ${colorScheme} ${width}`);
    await context.close();
  }
}

// From a probe to the others of its endpoint, and back, without scripts.
async function testProbes(browser) {
  const { context, page, seen } = await newPage(browser, settings.filled, { javaScriptEnabled: false });
  const good = settings.probes.find((each) => each.name === 'good');
  const section = page.locator('section[aria-labelledby=probes]');

  await page.goto(`${settings.filled}/`);
  await rowOf(page, good.target).getByRole('link').click();
  await page.waitForURL(/\/history\/\d+$/);
  const newest = page.url();
  equal(await section.getByRole('listitem').count(), 3, 'probes of good');
  check((await section.innerText()).includes('The last 3: 3 OK'), 'the bars in words');
  equal(await section.locator('li[aria-current]').innerText().then((text) => text.includes('this one')), true, 'this one');
  equal(await section.getByRole('link', { name: /^Later/ }).count(), 0, 'nothing is later');
  await section.getByRole('link', { name: 'Earlier: OK' }).click();
  await page.waitForURL((url) => url.href !== newest);
  equal(await page.locator('h1').textContent(), good.target, 'the page of the probe before');
  equal(await section.getByRole('listitem').nth(1).getAttribute('aria-current'), 'true', 'it is the second');
  await section.getByRole('link', { name: 'Later: OK' }).click();
  await page.waitForURL(newest);
  await section.getByRole('listitem').nth(2).getByRole('link').click();
  await page.waitForURL((url) => url.href !== newest);
  equal(await section.getByRole('link', { name: /^Earlier/ }).count(), 0, 'nothing is earlier');
  equal(seen.join(), '', 'probes');
  await context.close();
}

// Every link and field is reached by Tab, and is seen where it is.
async function testKeyboard(browser) {
  for (const colorScheme of SCHEMES) {
    const { context, page, seen } = await newPage(browser, settings.filled, { colorScheme });
    const first = await page.goto(`${settings.filled}/`).then(() =>
      rowOf(page, settings.probes[0].target).getByRole('link').getAttribute('href'));
    for (const url of ['/', first]) {
      await page.goto(settings.filled + url);
      const wanted = await page.locator('a:visible, input:visible, button:visible, summary:visible, pre[tabindex]:visible').count();
      let reached = 0;
      for (; reached <= wanted; reached += 1) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const element = document.activeElement;
          if (element === null || element === document.body) {
            return null;
          }
          const style = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          return {
            html: element.outerHTML.slice(0, 80),
            outlined: style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2,
            there: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth
              && box.bottom > 0 && box.top < innerHeight,
          };
        });
        if (focus === null) {
          break;
        }
        check(focus.outlined && focus.there, `${url} ${colorScheme}: the focus can't be seen at ${focus.html}`);
      }
      equal(reached, wanted, `${url} ${colorScheme}: stops of Tab`);
    }
    await page.goto(`${settings.filled}/`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement.id), 'main', 'the link to the content');
    equal(seen.join(), '', 'keyboard');
    await context.close();
  }
}

// Colours differ between the schemes, so both were really looked at.
async function testSchemes(browser) {
  const colours = [];
  for (const colorScheme of SCHEMES) {
    const { context, page } = await newPage(browser, settings.filled, { colorScheme });
    await page.goto(`${settings.filled}/`);
    colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await context.close();
  }
  check(colours[0] !== colours[1], `light and dark are the same: ${colours[0]}`);
}

async function main() {
  const browser = await chromium.launch({
    executablePath: settings.chromium,
    // Chromium refuses to be root with its sandbox; the pages are our own.
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
  console.log(`Chromium ${browser.version()}`);
  try {
    for (const test of [testTheTest, testLook, testEmpty, testRows, testMarkup, testSearch, testPaging,
      testPagingLook, testProbes, testKeyboard, testSchemes]) {
      const before = failures.length;
      await test(browser);
      console.log(`${failures.length === before ? 'ok' : 'FAILED'}  ${test.name}`);
    }
  } finally {
    await browser.close();
  }
  console.log(`${checks} checks, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

main().then((code) => { process.exitCode = code; }, (error) => {
  console.error(error);
  process.exitCode = 1;
});
