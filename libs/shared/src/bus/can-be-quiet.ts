import {fieldOf} from './askers.ts';
import type {RespValue} from './resp-reader.ts';

/** Before it, Redis sent no messages of channels to a connection that wanted no replies. */
const SINCE = [7, 0, 10];

/** Whether a server that answered HELLO so sends messages to a connection while it answers no commands. */
export function canBeQuiet(hello: RespValue): boolean {
  const [server, version] = [fieldOf(hello, 'server'), fieldOf(hello, 'version')];
  if (server === 'valkey') return true;
  if (server !== 'redis' || typeof version !== 'string') return false;
  const numbers = version.split('.').map(Number);
  for (const [place, least] of SINCE.entries()) {
    const number = numbers[place] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}
