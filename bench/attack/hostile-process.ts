/**
 * Hostile sockets, in a process of their own whose turn comes later, so that what the attacker itself costs is measured least.
 * Started by `HostileSockets`. Each socket is opened again some seconds after it was closed.
 */
import {connect, type Socket} from 'node:net';
import {getPriority, setPriority} from 'node:os';
import type {Millis} from '@voicebridge/shared/time.ts';
import {GUESTS, STRANGERS, type HostileGuest, type HostileKind, type Pass} from './hostile-kinds.ts';

/** Every so many places belong to a socket with a pass, as long as there are some. */
const GUEST_PLACES = 20;

const [port = 0, count = 0, againAfter = 0] = process.argv.slice(2).map(Number);
const open = new Map<Socket, {readonly since: Millis; readonly timer: NodeJS.Timeout | undefined}>();
const passes: Pass[] = [];
const state = {opened: 0, guests: 0, oldestMs: 0, connecting: 0};

function openOne(place: number): void {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true});
  const began = performance.now();
  state.opened += 1;
  state.connecting += 1;
  socket.on('error', () => {}).resume();
  socket.once('connect', () => {
    state.connecting -= 1;
    open.set(socket, {since: performance.now(), timer: act(socket, place)});
  });
  // The other side has ended it. Half open, it would stay here for ever.
  socket.on('end', () => socket.destroy());
  socket.once('close', () => {
    const known = open.get(socket);
    if (known === undefined) state.connecting -= 1;
    clearInterval(known?.timer);
    open.delete(socket);
    state.oldestMs = Math.max(state.oldestMs, performance.now() - (known?.since ?? began));
    setTimeout(() => openOne(place), againAfter);
  });
}

function act(socket: Socket, place: number): NodeJS.Timeout | undefined {
  const pass = place % GUEST_PLACES === 0 ? passes.pop() : undefined;
  if (pass === undefined) return one<HostileKind>(STRANGERS, place).act(socket);
  state.guests += 1;
  return one<HostileGuest>(GUESTS, state.guests).act(socket, pass);
}

function one<Kind>(kinds: readonly Kind[], place: number): Kind {
  return kinds[place % kinds.length] as Kind;
}

setPriority(Math.min(19, getPriority() + 5));
process.on('message', (message: {readonly passes?: readonly Pass[]}) => {
  passes.push(...(message.passes ?? []));
  const now = performance.now();
  const oldest = [...open.values()].reduce((most, {since}) => Math.max(most, now - since), state.oldestMs);
  process.send?.({...state, oldestMs: oldest, open: open.size});
});
process.on('disconnect', () => process.exit());
for (let place = 0; place < count; place += 1) openOne(place);
