/**
 * Writes `.env.example`, and the configuration table of the README, from the schemas of the services:
 * `node scripts/env-example.ts`. A test fails while either is out of date.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {z} from 'zod';
import {textOf} from '@voicebridge/shared/config/print-config.ts';
import {StartEnv} from './start/start-env.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVICES = ['webhook', 'media-edge', 'realtime-worker', 'analytics'] as const;
const FIRST = ['OPENAI_API_KEY', 'PUBLIC_WEBHOOK_URL', 'PUBLIC_EDGE_URL', 'TWILIO_AUTH_TOKEN'];
const MARKER = '<!-- configuration -->';

/** One variable, as one service reads it. */
interface Setting {
  readonly name: string;
  readonly service: string;
  /** Undefined if it has no default. */
  readonly fallback: string | undefined;
  readonly required: boolean;
  readonly about: string;
}

/** Every variable of every service, those that a newcomer needs first. */
export async function readSettings(): Promise<ReadonlyMap<string, readonly Setting[]>> {
  const all: Setting[] = [];
  for (const service of SERVICES) {
    const file = `${ROOT}services/${service}/src/config.ts`;
    if (!existsSync(file)) continue;
    const exported = Object.values((await import(pathToFileURL(file).href)) as Record<string, unknown>);
    for (const schema of exported.filter(value => value instanceof z.ZodObject)) {
      for (const [name, field] of Object.entries(schema.shape)) {
        if (name !== 'PORT' && field instanceof z.ZodType) all.push(setting(service, name, field));
      }
    }
  }
  for (const [name, field] of Object.entries(StartEnv.shape)) all.push(setting('npm start', name, field));
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const sorted = all.toSorted((a, b) => rank(a.name) - rank(b.name));
  return Map.groupBy(sorted, ({name}) => name);
}

function setting(service: string, name: string, field: z.ZodType): Setting {
  const result = field.safeParse(undefined);
  return {service, name, required: !result.success, fallback: textOf(result.data), about: field.description ?? ''};
}

/** Its description: one if all services have the same, otherwise one for each service. */
function meanings(settings: readonly Setting[], of: (setting: Setting) => string): string[] {
  const byText = Map.groupBy(
    settings.filter(one => of(one) !== ''),
    of,
  );
  if (byText.size === 1) return [...byText.keys()];
  return [...byText].map(([text, same]) => `${same.map(({service}) => service).join(', ')}: ${text}`);
}

export function envExample(all: ReadonlyMap<string, readonly Setting[]>): string {
  const blocks = [...all].map(([name, settings]) => {
    const users = settings.map(({service}) => service).join(', ');
    const about = meanings(settings, one => one.about).map(text => `# ${text}`);
    const fallback = settings.find(one => one.fallback !== undefined)?.fallback ?? '';
    return [`# ${users}`, ...about, name === 'OPENAI_API_KEY' ? `${name}=` : `# ${name}=${quoted(fallback)}`].join(
      '\n',
    );
  });
  const head =
    '# Copy to .env. Only the key is needed to try; what is commented out shows its default.\n# Each may be given as NAME_FILE instead, the path of a file that holds the value.\n# Generated: node scripts/env-example.ts';
  return `${[head, ...blocks].join('\n\n')}\n`;
}

export function configurationTable(all: ReadonlyMap<string, readonly Setting[]>): string {
  const rows = [...all].map(([name, settings]) => {
    const required = settings.some(one => one.required) ? 'required' : '';
    const fallback =
      meanings(settings, one => (one.fallback === undefined ? '' : `\`${one.fallback}\``)).join('<br>') || required;
    const users = settings.map(({service}) => service).join(', ');
    return `| \`${name}\` | ${fallback} | ${users} | ${meanings(settings, one => one.about.replaceAll('|', '\\|')).join('<br>')} |`;
  });
  return ['| variable | default | read by | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The README with a fresh table between its two markers. */
export function withTable(readme: string, table: string): string {
  const [before, , after, ...more] = readme.split(MARKER);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`README.md needs ${MARKER} exactly twice`);
  return `${before}${MARKER}\n\n${table}\n\n${MARKER}${after}`;
}

function quoted(value: string): string {
  return /[\s#"']/.test(value) ? JSON.stringify(value) : value;
}

if (import.meta.main) {
  const settings = await readSettings();
  await writeFile(`${ROOT}.env.example`, envExample(settings));
  const readme = `${ROOT}README.md`;
  if (existsSync(readme))
    await writeFile(readme, withTable(await readFile(readme, 'utf8'), configurationTable(settings)));
}
