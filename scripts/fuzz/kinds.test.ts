import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {corpusFile, readCorpus} from './corpus.ts';
import {KINDS} from './kinds.ts';
import {mutated} from './mutated.ts';

test.each(KINDS.map(kind => [kind.name, kind] as const))(
  'whatever comes as %s, its rules hold',
  async (_name, kind) => {
    for (const sample of kind.samples) await kind.check(sample);
    await fc.assert(
      fc.asyncProperty(mutated(kind.samples), async input => await kind.check(input)),
      {numRuns: 150},
    );
  },
);

test.each(KINDS.map(kind => [kind.name, kind] as const))(
  '%s: what once broke a rule breaks none any more',
  async (name, kind) => {
    for (const input of readCorpus(name)) await kind.check(input);
    expect(JSON.parse(readFileSync(corpusFile(name), 'utf8'))).toBeInstanceOf(Array);
  },
);
