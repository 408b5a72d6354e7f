import {access, readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {type Browser, type BrowserContextOptions, chromium, type Page} from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = await access(CHROMIUM).then(
  () => true,
  () => false,
);

/** Without the browser's own network traffic. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launchBrowser = (...more: readonly string[]): Promise<Browser> =>
  chromium.launch({executablePath: CHROMIUM, args: [...ARGS, ...more]});

/** The widths at which everything must be readable: a desk, a small laptop, a telephone. */
export const WIDTHS = [1_440, 1_024, 390] as const;

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Its errors, and its requests to other sites. */
  readonly complaints: string[];
}

/** A page of its own, with nothing of other pages. */
export async function visitPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const page = await browser.newPage({viewport: {width: 1_280, height: 900}, ...options});
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  page.on('request', request => {
    const {origin, protocol} = new URL(request.url());
    if (protocol !== 'blob:' && origin !== new URL(url).origin) complaints.push(`foreign: ${request.url()}`);
  });
  await page.goto(url);
  return {page, complaints, [Symbol.asyncDispose]: () => page.close()};
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly {readonly html: string}[];
}

/**
 * What axe finds in the way of a reader who cannot see, at each width, a line for each. A theme changes nothing but
 * colours: only those are looked at again.
 */
export async function axeFindings(page: Page, widths: readonly number[] = WIDTHS): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window')))
    await page.evaluate(await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'));
  const found: string[] = [];
  const {height} = page.viewportSize() ?? {height: 900};
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    for (const width of widths) {
      await page.setViewportSize({width, height});
      const only = colorScheme === 'dark' ? `, runOnly: ['color-contrast']` : '';
      const all = await page.evaluate<readonly Violation[]>(
        `axe.run(document, {resultTypes: ['violations']${only}}).then(({violations}) => violations.map(({id, nodes}) => ({id, nodes: nodes.map(({html, any}) => ({html: html + ' ' + (any[0]?.message ?? '')}))})))`,
      );
      for (const {id, nodes} of all)
        found.push(`${page.url()} ${colorScheme} ${width}: ${id}: ${nodes.map(({html}) => html).join(' | ')}`);
    }
  }
  return found;
}

/** Whether nothing runs off the page to the right. */
export const fitsThePage = (page: Page) => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
