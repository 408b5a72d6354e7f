import type {Server, Socket} from 'node:net';
import {isPrivate, networkOf, plainAddress} from '../config/addresses.ts';
import {everyWhile} from '../ticker.ts';
import type {Clock, Millis} from '../time.ts';
import {StrangerBudget, type StrangerLimits} from './stranger-budget.ts';

/**
 * What connections may cost before they have proved who they are. One handshake takes some milliseconds, so this is room
 * for thousands a second; a stranger keeps its place for a moment only.
 */
export const STRANGERS: StrangerLimits = {atMost: 512, perAddress: 128, proveWithin: 10_000};

/** How often it is looked who has not proved anything in time. */
const LOOK_EVERY: Millis = 250;

/** One connection of a server, as far as it matters here. */
export interface Connection {
  destroy(): unknown;
}

/** The connections of a server that have not proved who they are. */
export interface Strangers {
  /** How many there are. */
  readonly size: number;
  /** Whether this connection still is one. */
  has(connection: Connection): boolean;
  /** This connection has shown that it may be here: it keeps its place from now on, and its owner ends it. */
  proved(connection: Connection): void;
}

export interface StrangersOptions {
  readonly clock: Clock;
  readonly limits?: StrangerLimits;
  /** Connections were cut: too many others came, or nothing was proved in time. */
  readonly onCut?: (reason: 'evicted' | 'late') => void;
}

/**
 * Keeps the strangers of a server within their budget, from the moment in which they connect. A connection from a private
 * address may be a proxy's, so that only the budget for all of them applies.
 */
export function boundStrangers(
  server: Pick<Server, 'on'>,
  {clock, limits = STRANGERS, onCut}: StrangersOptions,
): Strangers & Disposable {
  const budget = new StrangerBudget<Connection>(limits);
  const cut = (connection: Connection, reason: 'evicted' | 'late') => {
    onCut?.(reason);
    connection.destroy();
  };
  const looking = everyWhile(clock, LOOK_EVERY, () => {
    for (const late of budget.overdue(clock.now())) cut(late, 'late');
    looking(budget.size > 0);
  });
  server.on('connection', (socket: Socket) => {
    // Between two owners, such as the HTTP server and the WebSocket library, nobody else listens.
    socket.on('error', () => {});
    socket.once('close', () => budget.left(socket));
    const remote = plainAddress(socket.remoteAddress ?? '');
    const address = remote === '' || isPrivate(remote) ? undefined : networkOf(remote);
    const evicted = budget.arrived(socket, address, clock.now());
    if (evicted !== undefined) cut(evicted, 'evicted');
    looking(true);
  });
  return {
    get size() {
      return budget.size;
    },
    has: connection => budget.has(connection),
    proved: connection => budget.left(connection),
    [Symbol.dispose]: () => looking(false),
  };
}
