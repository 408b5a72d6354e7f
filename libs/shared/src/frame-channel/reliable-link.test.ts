import {describe, expect, test} from 'vitest';
import {Header, PacketKind} from './packet.ts';
import {ReliableLink} from './reliable-link.ts';

const EVERY = 60;

/** A link, what it told of its delivery, and its way to another one. */
class End {
  readonly told: {since: number | undefined; leftAt: number}[] = [];
  readonly delivered: number[] = [];
  /** Packets on their way, oldest first. */
  readonly way: Buffer[] = [];
  readonly link = new ReliableLink(1, {
    publish: packet => this.way.push(Buffer.from(packet)),
    deliver: packet => this.delivered.push(Header.seq(packet)),
    undelivered: (since, leftAt) => this.told.push({since, leftAt}),
  });

  say(at: number): void {
    this.link.send(PacketKind.audio, 0, Buffer.from('audio'), 0, 5, at);
  }

  /** The next packets arrive at the other side. */
  arriveAt(other: End, at: number, count = this.way.length): void {
    for (const packet of this.way.splice(0, count)) other.link.receive(packet, at);
  }

  lose(): void {
    this.way.length = 0;
  }
}

/**
 * Frames 1 to 6 leave, one each 60 ms. The first two arrive and are confirmed. The third arrives, and its confirmation is
 * lost. The others are lost without an error. At 1,000 ms the network works again, and the other side asks for what it misses.
 */
function outage(): {here: End; there: End; request: Buffer} {
  const [here, there] = [new End(), new End()];
  for (let n = 1; n <= 6; n += 1) {
    here.say(n * EVERY);
    if (n <= 3) here.arriveAt(there, n * EVERY);
    else here.lose();
    if (n === 2) there.link.confirm(n * EVERY);
    if (n <= 2) there.arriveAt(here, n * EVERY);
  }
  for (let at = 6 * EVERY; at < 1_000; at += 20) {
    here.link.tick(at);
    here.lose();
  }
  expect(here.told).toEqual([{since: 3 * EVERY, leftAt: expect.any(Number)}]);
  here.told.length = 0;
  for (let at = 1_000; here.way.length === 0; at += 20) here.link.tick(at);
  here.arriveAt(there, 1_300); // the last one, which shows what is missing
  const [request] = there.way.splice(0);
  if (!request || Header.kind(request) !== PacketKind.resend) throw new Error('nothing was asked for');
  return {here, there, request};
}

describe('ReliableLink, after an outage, tells its sender', () => {
  test('of what had arrived in time apart from what was lost, where one packet confirms both', () => {
    const {here, there, request} = outage();
    request.writeUInt32BE(2, 10); // as if it had left before the third arrived
    request.writeUInt32BE(1_600, 14);
    here.link.receive(request, 1_320);
    here.arriveAt(there, 1_330);
    expect(there.delivered).toEqual([1, 2, 3, 4, 5, 6]);
    there.link.confirm(1_330);
    there.arriveAt(here, 1_340);
    expect(here.told).toEqual([
      {since: 4 * EVERY, leftAt: 3 * EVERY},
      {since: undefined, leftAt: 1_320},
    ]);
  });

  test('when what was lost left again, also of a part that is confirmed before the rest', () => {
    const {here, there, request} = outage();
    here.link.receive(request, 1_320);
    here.arriveAt(there, 1_330, 1);
    there.link.confirm(1_330);
    there.arriveAt(here, 1_340);
    here.arriveAt(there, 1_350);
    there.link.confirm(1_350);
    there.arriveAt(here, 1_360);
    expect(here.told).toEqual([
      {since: 4 * EVERY, leftAt: 3 * EVERY},
      {since: 5 * EVERY, leftAt: 1_320},
      {since: undefined, leftAt: 1_320},
    ]);
  });

  test('when what was lost left again, though more was sent before it was confirmed', () => {
    const {here, there, request} = outage();
    here.link.receive(request, 1_320);
    here.arriveAt(there, 1_330);
    // Nothing comes back for a while. The assistant goes on speaking.
    there.lose();
    for (let at = 1_340; at < 1_700; at += EVERY) {
      here.say(at);
      here.link.tick(at);
      here.arriveAt(there, at + 10);
      there.lose();
    }
    there.link.confirm(1_700);
    there.arriveAt(here, 1_710);
    expect(here.told).toEqual([
      {since: 4 * EVERY, leftAt: 3 * EVERY},
      {since: undefined, leftAt: 1_320},
    ]);
  });
});
