import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {expect, test} from 'vitest';
import {z} from 'zod';

const IGNORED = new Set(['node_modules', '.git', '.voicebridge', '.turbo', 'dist', 'coverage']);
/** Decisions and the changelog tell what was true when they were written. */
const HISTORY = /^docs\/adr\/|^CHANGELOG\.md$/;
/** Files that exist only on the machine of the operator, or that a command writes. */
const NOT_KEPT = /^\.env$|^\.voicebridge\/|^secrets\/|^assistants\/\w+\.(?:ts|md|yaml)$/;
const PATH = /^[\w@.{},*-]+(?:\/[\w@.{},*-]+)*\/?$/;
const FILE = /\.(?:ts|js|mjs|md|lua|sql|ya?ml|env|svg|html|css)$/;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, {withFileTypes: true}).flatMap(entry => {
    if (IGNORED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const files = filesUnder('.');
const folders = new Set(
  readdirSync('.', {withFileTypes: true}).flatMap(each =>
    each.isDirectory() && !IGNORED.has(each.name) ? [each.name] : [],
  ),
);
const documents = files.filter(file => file.endsWith('.md') && !HISTORY.test(file));

/** `a/{b,c}.ts` becomes `a/b.ts` and `a/c.ts`. */
function expand(path: string): string[] {
  const [, before = '', choices, after = ''] = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split(',').flatMap(choice => expand(before + choice + after));
}

/** A path from the root, from the document's folder, or the end of a path, such as `barge-in/echo.ts`. */
function exists(path: string, document: string): boolean {
  if (path.includes('*')) {
    const pattern = path.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*');
    return files.some(file => new RegExp(`(?:^|/)${pattern}(?:$|/)`).test(file));
  }
  const candidates = [normalize(path), join(dirname(document), path)];
  return candidates.some(each => existsSync(each)) || files.some(file => file.endsWith(`/${path}`));
}

/** Paths in backticks outside of code blocks: names of files, and whatever begins with a folder of the repository. */
function pathsIn(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```/gms, '');
  const quoted = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, code = '']) => code);
  return quoted.filter(code => {
    if (!PATH.test(code) || NOT_KEPT.test(code)) return false;
    return FILE.test(code) || (code.includes('/') && folders.has(code.split('/')[0] ?? ''));
  });
}

/** The anchor that a heading has on GitHub. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
  return words.trim().replaceAll(/\s/g, '-');
}

function hasAnchor(file: string, anchor: string): boolean {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, heading = '']) => anchorOf(heading) === anchor);
}

test.for(documents)('a reader of %s finds every file and folder that it names', document => {
  const missing = pathsIn(readFileSync(document, 'utf8'))
    .flatMap(expand)
    .filter(path => !exists(path, document));
  expect(missing).toEqual([]);
});

test.for(documents)('a reader of %s can follow each of its links within the repository', document => {
  const links = Array.from(readFileSync(document, 'utf8').matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
  const broken = links.filter(link => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : join(dirname(document), path);
    return !existsSync(target) || (anchor !== undefined && !hasAnchor(target, anchor));
  });
  expect(broken).toEqual([]);
});

const {scripts} = z
  .object({scripts: z.record(z.string(), z.string())})
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

test.for(documents)('every npm command in %s can be run', document => {
  const commands = readFileSync(document, 'utf8').matchAll(/\bnpm run ([\w:-]+)(?: +([a-z][\w-]*))?/g);
  const unknown = Array.from(commands).filter(([, script = '', benchmark]) => {
    if (!(script in scripts)) return true;
    return script === 'bench' && benchmark !== undefined && !existsSync(join('bench', benchmark, 'main.ts'));
  });
  expect(unknown.map(([command]) => command)).toEqual([]);
});
