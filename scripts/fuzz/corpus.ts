import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';

/** The inputs of one kind that broke a rule at some time. They are committed, and tried in the unit tests. */
export const corpusFile = (kind: string) => fileURLToPath(new URL(`corpus/${kind}.json`, import.meta.url));

export function readCorpus(kind: string): string[] {
  const file = corpusFile(kind);
  return existsSync(file) ? z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
}

/** Adds an input. Idempotent. */
export function addToCorpus(kind: string, input: string): void {
  const all = [...new Set([...readCorpus(kind), input])].toSorted((a, b) => (a < b ? -1 : 1));
  writeFileSync(corpusFile(kind), `${JSON.stringify(all, null, 2)}\n`);
}
