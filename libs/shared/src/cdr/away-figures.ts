import {AWAY_KINDS, AWAY_OUTCOMES} from '../protocol/away.ts';
import {count, duration, type Figures, maybeOneOf, maybeText, name, oneOf, position} from './figure.ts';

/** Everything that is kept of a time in which the caller was away from the assistant because it wanted so. */
export const AWAY_FIGURES = {
  away: {kind: count, column: 'away', about: 'number of the absence in its call, from 0'},
  at: {kind: position, column: 'atMs', about: 'the caller had heard the last word before it'},
  awayMs: {kind: duration, column: 'awayMs', about: 'from `at` until the caller was back, or the call was over'},
  tool: {kind: name, column: 'tool', about: 'name of the tool that sent the caller away'},
  kind: {kind: oneOf(AWAY_KINDS), column: 'kind', about: 'to what kind of destination'},
  lastTwo: {kind: maybeText(2), column: 'lastTwo', about: 'the last two digits of a number'},
  outcome: {kind: maybeOneOf(AWAY_OUTCOMES), column: 'outcome', about: 'the outcome; `null` if nobody knows'},
} as const satisfies Figures;
