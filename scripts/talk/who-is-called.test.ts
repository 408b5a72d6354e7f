import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {whoIsCalled} from './who-is-called.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'talk-'));
  writeFileSync(join(folder, 'reception.yaml'), 'answers: ["+4722000000"]\nprompt: You are the reception.\n');
  writeFileSync(join(folder, 'bar.yaml'), 'answers: "*"\nprompt: You are the bar.\n');
  writeFileSync(join(folder, 'quiet.yaml'), 'prompt: You are called by nobody.\n');
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

test('an assistant is called by its name, or by a number', async () => {
  expect(await whoIsCalled('reception', folder)).toBe('+4722000000');
  expect(await whoIsCalled('bar', folder)).toMatch(/^\+1/);
  expect(await whoIsCalled('+4722334455', folder)).toBe('+4722334455');
  expect(await whoIsCalled(undefined, folder)).toBeUndefined();
});

test('a name that nobody can call is answered with what can be done', async () => {
  await expect(whoIsCalled('recepton', folder)).rejects.toThrow(
    'there is no assistant recepton; did you mean `reception`? (there are bar, quiet, reception)',
  );
  await expect(whoIsCalled('quiet', folder)).rejects.toThrow('answers no number');
  await expect(whoIsCalled('reception', join(folder, 'none'))).rejects.toThrow('has no assistants yet');
});
