/**
 * Writes `.env.example`, `docs/CONFIGURATION.md` and the short table of the README, from the schemas of the services:
 * `node scripts/env-example.ts`. A test fails while one of them is out of date.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {z} from 'zod';
import {defaultText} from '@voicebridge/shared/config/print-config.ts';
import {StartEnv} from './start/start-env.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVICES = ['webhook', 'media-edge', 'realtime-worker', 'analytics'] as const;
const FIRST = ['OPENAI_API_KEY', 'PUBLIC_WEBHOOK_URL', 'PUBLIC_EDGE_URL', 'TWILIO_AUTH_TOKEN'];
const MARKER = '<!-- configuration -->';
/** What most people set, in the README. */
const OFTEN = [
  ...FIRST,
  'OPENAI_MODEL',
  'ASSISTANTS_DIR',
  'REDIS_URL',
  'DATABASE_URL',
  'FLEET_KEY',
  'DASHBOARD_PASSWORD',
];
/** The groups of docs/CONFIGURATION.md; a variable is in the first that knows it. */
const GROUPS: readonly (readonly [title: string, known: RegExp])[] = [
  ['The model', /^(OPENAI_|TRANSCRIPTION_MODEL|SESSION_ROTATE|LOG_MODEL|OUTCOME_)/],
  [
    'The assistant',
    /^(SYSTEM_MESSAGE|VOICE$|GREETING$|ASSISTANTS_DIR|RING_|TOOL_ROUNDS|MAX_OUTPUT|ANSWER_WITHIN|IDLE_|NO_SPEECH|MAX_CALL_SECONDS|DISCLOSURE)/,
  ],
  ['Interruptions', /^(BARGE_IN|GREETING_PROTECTED|DTMF_|UNINTERRUPTIBLE|SHOW_TIMING)/],
  [
    'Twilio and public addresses',
    /^(TWILIO_|PUBLIC_|EDGE_ORIGINS|WELCOME_SAY|MAX_ATTEMPTS|WEBHOOK_RETRIES|BROWSER_PHONE)/,
  ],
  ['What callers hear when nobody can answer', /^(OVERLOAD|MODEL_BUSY|MODEL_DOWN|LIMIT_)/],
  ['Transfers and outbound calls', /^(TRANSFER_|CALL_|CALLS_OUT|CALLS_URL|CALLS_TOKEN|QUIET_|HOLD_MUSIC|DO_NOT)/],
  ['Money and limits', /^(SPEND_|CALLS_|MAX_CALLS)/],
  ['Telling other systems', /^AFTER_/],
  ['Privacy, recordings and retention', /^(TRANSCRIPTS|NUMBERS|NUMBER_HASH|RECORDING|CAPTURE|RETENTION|AWS_)/],
  ['Redis and the database', /^(REDIS_URL|QUEUE_REDIS|DATABASE_URL|DATA_DIR|FLEET_KEY|VOICEBRIDGE_REDIS)/],
  ['The dashboard and its API', /^(DASHBOARD_|API_TOKENS|TRUSTED_PROXIES)/],
  ['Processes', /./],
];

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
  return {
    service,
    name,
    required: !result.success,
    fallback: defaultText(field, result.data),
    about: field.description ?? '',
  };
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

/** The few variables that most people set, as a table for the README. */
export function shortTable(all: ReadonlyMap<string, readonly Setting[]>): string {
  return tableOf([...all].filter(([name]) => OFTEN.includes(name)));
}

/** Every variable, in groups: docs/CONFIGURATION.md. */
export function configurationPage(all: ReadonlyMap<string, readonly Setting[]>): string {
  const byGroup = Map.groupBy(all, ([name]) => GROUPS.find(([, known]) => known.test(name))?.[0]);
  const groups = GROUPS.flatMap(([title]) => {
    const settings = byGroup.get(title);
    return settings ? [`## ${title}`, tableOf(settings)] : [];
  });
  return `${[PAGE_HEAD, ...groups].join('\n\n')}\n`;
}

const PAGE_HEAD = `# Configuration

Every variable that a process reads, from the environment or a \`.env\` file. Each may be in a file:
\`OPENAI_API_KEY_FILE=/run/secrets/openai\` takes the key from there. \`npm start -- --print-config\`, or \`--print-config\` after the
command of a single process, prints each value and its source, without secrets. An assistant in a file may say otherwise for its own
calls ([ASSISTANTS.md](ASSISTANTS.md)). Generated from the schemas in \`services/*/src/config.ts\`.`;

function tableOf(all: Iterable<readonly [string, readonly Setting[]]>): string {
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
  if (existsSync(readme)) await writeFile(readme, withTable(await readFile(readme, 'utf8'), shortTable(settings)));
  await writeFile(`${ROOT}docs/CONFIGURATION.md`, configurationPage(settings));
}
