import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {corpusFile, readCorpus} from './corpus.ts';
import {KINDS} from './kinds.ts';
import {mutated} from './mutated.ts';

test.each(KINDS.map(kind => [kind.name, kind] as const))('whatever comes as %s, its rules hold', (_name, kind) => {
  for (const sample of kind.samples) kind.check(sample);
  fc.assert(
    fc.property(mutated(kind.samples), input => kind.check(input)),
    {numRuns: 150},
  );
});

test.each(KINDS.map(kind => [kind.name, kind] as const))(
  '%s: what once broke a rule breaks none any more',
  (name, kind) => {
    for (const input of readCorpus(name)) kind.check(input);
    expect(JSON.parse(readFileSync(corpusFile(name), 'utf8'))).toBeInstanceOf(Array);
  },
);
