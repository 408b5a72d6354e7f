import {styleText} from 'node:util';

/** A line of a log about a call. */
interface Told {
  /** Unix milliseconds, by the clock of its machine. */
  readonly at: number;
  /** The container or pod, if the line came with its name; else the service. */
  readonly who: string;
  readonly line: Readonly<Record<string, unknown>>;
}

/** Facts that every line of a story has, or that its reader knows. */
const KNOWN = new Set(['level', 'time', 'pid', 'service', 'msg', 'callSid', 'traceId', 'err']);
const COLORS: Readonly<Record<string, 'gray' | 'green' | 'yellow' | 'red'>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/**
 * Reads one line as a process wrote it, or as `docker compose logs` and `kubectl logs --prefix` print it, with or without
 * their time. Undefined if it is not about the call; the beginning of a CallSid is enough.
 */
export function aboutCall(text: string, callSid: string): Told | undefined {
  const begin = text.indexOf('{');
  if (begin < 0 || !text.includes(callSid)) return undefined;
  const line = jsonIn(text.slice(begin));
  if (typeof line?.['callSid'] !== 'string' || !line['callSid'].startsWith(callSid)) return undefined;
  const at = Date.parse(String(line['time']));
  if (!Number.isFinite(at)) return undefined;
  // `edge-1  | {` and `[pod/edge-7c9f/edge] {`
  const [, compose, pod] = /^(\S+)\s+\|\s|^\[pod\/([^/\]]+)/.exec(text.slice(0, begin)) ?? [];
  return {at, who: compose ?? pod ?? textOf(line['service']), line};
}

/** The story of a call, in the order of time; offsets are milliseconds since it rang, as far as that is known. */
export function tellStory(told: readonly Told[]): string[] {
  const inOrder = told.toSorted((one, other) => one.at - other.at);
  const rangAt = Math.min(...inOrder.map(({at, line}) => at - (line['msg'] === 'call admitted' ? sinceRing(line) : 0)));
  const width = Math.max(...inOrder.map(({who}) => who.length));
  const head = `${styleText('bold', String(inOrder[0]?.line['callSid']))} rang at ${new Date(rangAt).toISOString()}`;
  return [head, ...inOrder.map(({at, who, line}) => render(at - rangAt, who.padEnd(width), line))];
}

function sinceRing(line: Told['line']): number {
  return Number(line['tookMs'] ?? 0) + Number(line['waited'] ?? 0) * 1_000;
}

function render(offset: number, who: string, line: Told['line']): string {
  const level = String(line['level']);
  const facts = Object.entries(line)
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => styleText('dim', `${name}=`) + textOf(value));
  const why = messageIn(line['err']);
  return [
    styleText('dim', `${offset} ms`.padStart(10)),
    styleText('cyan', who),
    styleText(COLORS[level] ?? 'gray', level.padEnd(5)),
    styleText('bold', textOf(line['msg'])),
    ...facts,
    ...(why === undefined ? [] : [styleText('red', why)]),
  ].join(' ');
}

function messageIn(err: unknown): string | undefined {
  return typeof err === 'object' && err !== null && 'message' in err ? textOf(err.message) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function jsonIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? {...value} : undefined;
  } catch {
    return undefined;
  }
}
