import {styleText} from 'node:util';

/** One line that a process wrote. */
export interface LogLine {
  readonly stream: 'out' | 'err';
  readonly text: string;
  /** The line as pino wrote it, when it is JSON. */
  readonly json?: Readonly<Record<string, unknown>>;
}

export function readLine(stream: 'out' | 'err', text: string): LogLine {
  if (!text.startsWith('{')) return {stream, text};
  try {
    return {stream, text, json: JSON.parse(text) as Record<string, unknown>};
  } catch {
    return {stream, text};
  }
}

/** A line in a few words, for a sentence that quotes it. */
export function saidIn({text, json}: LogLine): string {
  if (!json) return text.trim();
  const {msg, err} = json;
  const why = typeof err === 'object' && err !== null && 'message' in err ? ` (${textOf(err.message)})` : '';
  return `${textOf(msg)}${why}`;
}

/** Fields of every line, which are not shown to people. */
const KNOWN = new Set(['level', 'time', 'pid', 'service', 'hostname', 'msg', 'err', 'instance', 'version', 'v']);

const COLORS = {trace: 'gray', debug: 'gray', info: 'green', warn: 'yellow', error: 'red', fatal: 'red'} as const;

/** A line for people: time, process, level, message and facts. */
export function prettyLine(name: string, {text, json}: LogLine): string {
  const who = styleText('cyan', name.padEnd(10));
  if (!json) return `${clock()} ${who} ${text}`;
  const level = String(json['level']);
  const facts = Object.entries(json)
    .filter(([key]) => !KNOWN.has(key))
    .map(([key, value]) => styleText('dim', `${key}=`) + textOf(value));
  const color = level in COLORS ? COLORS[level as keyof typeof COLORS] : 'white';
  const line = [clock(json['time']), who, styleText(color, level.padEnd(5)), textOf(json['msg']), ...facts].join(' ');
  return json['err'] ? `${line}\n${indent(problem(json['err']))}` : line;
}

function clock(time: unknown = Date.now()): string {
  const moment = new Date(typeof time === 'string' || typeof time === 'number' ? time : Date.now());
  return styleText('dim', moment.toTimeString().slice(0, 8));
}

function problem(error: unknown): string {
  if (typeof error !== 'object' || error === null) return textOf(error);
  const {stack, message} = error as {stack?: unknown; message?: unknown};
  return textOf(stack ?? message ?? error);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
