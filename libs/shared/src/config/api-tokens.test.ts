import {expect, test} from 'vitest';
import {apiTokens, newApiToken, programOf} from './api-tokens.ts';

test('a program may do what its token is for, and a token that was not given out opens nothing', () => {
  const [grafana, desk] = [newApiToken('grafana', ['read']), newApiToken('erasure-desk', ['read', 'delete'])];
  const tokens = apiTokens().parse(`${grafana.entry}, ${desk.entry}`);
  expect(programOf(tokens, desk.token)).toMatchObject({name: 'erasure-desk', scopes: ['read', 'delete']});
  expect(programOf(tokens, grafana.token)?.scopes).toEqual(['read']);
  expect(programOf(tokens, newApiToken('grafana', ['read']).token)).toBeUndefined();
});

test('who reads the settings cannot use the tokens in them', () => {
  const {token, entry} = newApiToken('grafana', ['read']);
  expect(entry).not.toContain(token.slice(3, 13));
  const [, , hash = ''] = entry.split(':');
  expect(programOf(apiTokens().parse(entry), hash)).toBeUndefined();
});

test.each([
  'vb_a-token-itself',
  'grafana:read:abc',
  'grafana:everything:' + '0'.repeat(64),
  'grafana::' + '0'.repeat(64),
  'a:read:' + '0'.repeat(64) + ',a:read:' + '1'.repeat(64),
])('an operator is told how to write API_TOKENS instead of %s', text => {
  expect(apiTokens().safeParse(text).error?.issues[0]?.message).toContain('npm run api-token prints one');
});
