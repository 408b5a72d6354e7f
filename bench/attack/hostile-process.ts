/**
 * Hostile sockets, in a process of their own whose turn comes later, so that what the attacker itself costs is measured least.
 * Started by `HostileSockets`. Each socket is opened again some seconds after it was closed, and in all so many a second at most.
 */
import {connect, type Socket} from 'node:net';
import {constants, setPriority} from 'node:os';
import type {Millis} from '@voicebridge/shared/time.ts';
import {GUESTS, STRANGERS, type HostileGuest, type HostileKind, type Pass} from './hostile-kinds.ts';

/** Every so many places belong to a socket with a pass, as long as there are some. */
const GUEST_PLACES = 20;

const OPEN_EVERY: Millis = 20;

/** `rate`: sockets that are opened a second; 0: each at once. */
const [port = 0, count = 0, againAfter = 0, rate = 0] = process.argv.slice(2).map(Number);
/** Places whose socket may be opened when their turn comes. */
const waiting: number[] = [];
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
    setTimeout(() => openInTurn(place), againAfter);
  });
}

function openInTurn(place: number): void {
  if (rate === 0) openOne(place);
  else waiting.push(place);
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

// Two processors serve the attacker and whom it attacks: it gets what they leave.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.on('message', (message: {readonly passes?: readonly Pass[]}) => {
  passes.push(...(message.passes ?? []));
  const now = performance.now();
  const oldest = [...open.values()].reduce((most, {since}) => Math.max(most, now - since), state.oldestMs);
  process.send?.({...state, oldestMs: oldest, open: open.size});
});
process.on('disconnect', () => process.exit());
for (let place = 0; place < count; place += 1) openInTurn(place);
let due = 0;
let last = performance.now();
if (rate > 0)
  setInterval(() => {
    const now = performance.now();
    due = Math.min(due + (rate * (now - last)) / 1_000, rate);
    last = now;
    const places = waiting.splice(0, Math.floor(due));
    due -= places.length;
    for (const place of places) openOne(place);
  }, OPEN_EVERY);
